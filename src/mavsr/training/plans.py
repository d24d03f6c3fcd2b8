"""Ways to compute the losses of a batch over the scales of a step, and their gradients.

All give the same numbers: per scale the mean next-token cross-entropy of the transcripts
(Llama-MTSK, Eq. 5), and the gradient of its mean over the scales, each weighted as the step's
objective says, plus the adapter's own loss (MoME's balance), averaged over the scales. They differ
in time and memory:

- :class:`Padded` takes one scale after the other on a padded batch. It is the plain way, for LLMs
  that packs do not fit, and what the other is compared with.
- :class:`Packed` lays sequences behind each other, so that nothing is padded, and computes an audio
  prefix once for all video rates, and for ASR and AVSR, where their weights are the same. A pack
  holds a bounded number of tokens and is forgotten after its backward pass: memory grows neither
  with scales nor with clips. Only a step of MoME has all clips of a scale in one pack, as its
  balance loss asks for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.model.attention import KERNELS, packable, running
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.packing import Layout
from mavsr.model.scales import Scale
from mavsr.training.objective import Objective
from mavsr.training.packs import Pack, plan_packs

Backward = Callable[[torch.Tensor], None]
"""What is done with each part of the objective once it is known, such as its backward pass."""


class Plan(Protocol):
    """One way to compute the losses of a batch."""

    def losses(
        self,
        model: MatryoshkaModel,
        utterances: Sequence[Utterance],
        targets: int,
        backward: Backward | None = None,
        objective: Objective | None = None,
    ) -> torch.Tensor:
        """Cross-entropy of the transcripts at every scale of an objective.

        Args:
            model: the model.
            utterances: the clips of this process.
            targets: transcript tokens to average over: those of these clips, or of the clips of all
                processes that share a batch.
            backward: called with scalars whose sum is the objective.
            objective: the scales and their weights; None is all scales of the model.

        Returns:
            (scales,) sums over these clips divided by ``targets``, detached.
        """


@dataclass(frozen=True)
class Padded:
    """Scale by scale on a padded batch."""

    def losses(
        self,
        model: MatryoshkaModel,
        utterances: Sequence[Utterance],
        targets: int,
        backward: Backward | None = None,
        objective: Objective | None = None,
    ) -> torch.Tensor:
        """See :meth:`Plan.losses`."""
        objective = objective or Objective.of(model.settings, model.settings.scales)
        share = model.count_targets(utterances) / targets
        scales, found = objective.scales, []
        for scale, weight in zip(scales, objective.weights, strict=True):
            # Gradient checkpointing runs layers again in the backward pass, so it lies within.
            with model.adapter.describe(model.positions(utterances, scale)):
                loss = model.entropy(utterances, scale) * share
                if backward:
                    backward((weight * loss + share * model.adapter.extra_loss()) / len(scales))
            found.append(loss.detach())
        return torch.stack(found)


@dataclass(frozen=True)
class Packed:
    """Packs of whole sequences, without padding."""

    kernel: str
    """How attention is computed; see :mod:`mavsr.model.attention`."""
    tokens: int
    """Most tokens in a pack."""

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise InputError(f"kernel {self.kernel!r} is unknown; choose from {', '.join(KERNELS)}")
        if self.tokens < 1:
            raise InputError(f"a pack of {self.tokens} tokens cannot hold a sequence")

    def losses(
        self,
        model: MatryoshkaModel,
        utterances: Sequence[Utterance],
        targets: int,
        backward: Backward | None = None,
        objective: Objective | None = None,
    ) -> torch.Tensor:
        """See :meth:`Plan.losses`."""
        objective = objective or Objective.of(model.settings, model.settings.scales)
        scales, device = objective.scales, model.markers.device
        share = model.count_targets(utterances) / targets
        weights = torch.tensor(objective.weights).to(device)
        found = torch.zeros(len(scales), device=device)
        # The adapter's own loss may be one of all clips together, as MoME's balance is.
        whole = backward is not None and model.adapter.whole_batch
        for pack in plan_packs(model, utterances, self.tokens, scales, whole):
            model.adapter.activate(pack.scales[0])
            outcome = _Outcome.of(model, utterances, pack, scales)
            with (
                model.adapter.describe(pack.positions(model, utterances)),
                running(model.llm, outcome.layout, self.kernel, outcome.places) as run,
            ):
                sums = outcome.entropies(model, run(pack.row(model, utterances))) / targets
                if backward:
                    extra = share * len(pack.scales) * model.adapter.extra_loss()
                    backward(((weights * sums).sum() + extra) / len(scales))
            found += sums.detach()
        return found


@dataclass(frozen=True)
class _Outcome:
    """What a pack is to predict, and where."""

    layout: Layout
    places: torch.Tensor
    """(n,) places in the row whose hidden states predict a token."""
    targets: torch.Tensor
    """(n,) the tokens they should predict."""
    owners: torch.Tensor
    """(n,) numbers of the scales they belong to."""
    scales: int
    """How many scales are numbered."""

    @classmethod
    def of(
        cls,
        model: MatryoshkaModel,
        utterances: Sequence[Utterance],
        pack: Pack,
        scales: Sequence[Scale],
    ) -> "_Outcome":
        layout = pack.layout(model, utterances)
        places: list[int] = []
        targets: list[int] = []
        owners: list[int] = []
        end = 0
        for segment, length in zip(pack.segments, layout.lengths, strict=True):
            end += length
            if segment.transcribes:
                # The segment's last tokens are the prompt's last and all of the transcript's.
                wanted = model.targets(utterances[segment.clip])
                places += range(end - len(wanted), end)
                targets += wanted
                owners += [scales.index(segment.scales[0])] * len(wanted)
        device = model.markers.device
        where, what, whose = (torch.tensor(x, device=device) for x in (places, targets, owners))
        return cls(layout, where, what, whose, len(scales))

    def entropies(self, model: MatryoshkaModel, hidden: torch.Tensor) -> torch.Tensor:
        """Cross-entropy summed over the tokens of each scale, (scales,)."""
        logits = model.llm.get_output_embeddings()(hidden)
        entropy = F.cross_entropy(logits.float(), self.targets, reduction="none")
        return entropy.new_zeros(self.scales).index_add(0, self.owners, entropy)


PACK_TOKENS = {"cpu": 1024, "cuda": 16384}
"""Device -> tokens of a pack: on a CPU more bring nothing, a GPU is kept busy by that many."""


def plan_for(model: MatryoshkaModel, device: torch.device, tokens: int = 0) -> Plan:
    """The fastest plan for a model on a device.

    Args:
        model: the model.
        device: where it is trained.
        tokens: most tokens in a pack; 0 takes what suits the device.
    """
    kernel = "flex" if device.type == "cuda" else "segments"
    if not packable(model.llm):
        return Padded()
    return Packed(kernel, tokens or PACK_TOKENS[device.type])
