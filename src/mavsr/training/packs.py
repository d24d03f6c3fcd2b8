"""Which token sequences of a batch go into which pack.

A pack is run with one set of adapter weights and forgotten after its backward pass. What it holds
is planned from lengths alone, before anything is embedded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from mavsr.model.adapters.base import Positions
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.compression import compressed_length
from mavsr.model.packing import Layout
from mavsr.model.scales import Scale
from mavsr.model.sequence import position_kinds


@dataclass(frozen=True)
class Segment:
    """A run of tokens of one clip."""

    clip: int
    """Which of the batch's clips."""
    rates: tuple[tuple[str, int], ...]
    """The modalities whose tokens it holds, and at which rates."""
    scales: tuple[Scale, ...]
    """The scales of which these tokens are part."""
    opens: bool
    """Whether it begins with BOS."""
    transcribes: bool
    """Whether it ends with prompt and transcript, which is where losses come from; then it is part
    of one scale alone."""

    def kinds(self, model: MatryoshkaModel, utterance: Utterance) -> torch.Tensor:
        """What each of its tokens is, (n,), as in :class:`Positions`."""
        return position_kinds(
            {m: compressed_length(len(utterance.tokens[m]), rate) for m, rate in self.rates},
            before=self.opens * model.opening_length,
            after=self._text(model, utterance),
        )

    def tokens(self, model: MatryoshkaModel, utterance: Utterance) -> int:
        """Its length in the LLM."""
        lengths = [compressed_length(len(utterance.tokens[m]), rate) + 2 for m, rate in self.rates]
        opening = self.opens * model.opening_length
        return opening + sum(lengths) + self._text(model, utterance)

    def _text(self, model: MatryoshkaModel, utterance: Utterance) -> int:
        """Tokens of its prompt and transcript; the transcript's last is only predicted."""
        if not self.transcribes:
            return 0
        return len(model.prompt_ids(self.scales[0])) + len(model.targets(utterance)) - 1


Tree = tuple[Segment, ...]
"""A whole sequence, or what several begin with, such as their audio, and what each adds to it."""


@dataclass(frozen=True)
class Pack:
    """Trees that lie in one row."""

    trees: tuple[Tree, ...]

    @property
    def segments(self) -> list[Segment]:
        """In the order of the row."""
        return [segment for tree in self.trees for segment in tree]

    def layout(self, model: MatryoshkaModel, utterances: Sequence[Utterance]) -> Layout:
        """Lengths and parents of the segments."""
        parents: list[int | None] = []
        for tree in self.trees:
            parents += [None, *[len(parents)] * (len(tree) - 1)]
        return Layout(
            tuple(s.tokens(model, utterances[s.clip]) for s in self.segments), tuple(parents)
        )

    @property
    def scales(self) -> list[Scale]:
        """The scales it has a part of, in the order of its trees."""
        return list(dict.fromkeys(scale for segment in self.segments for scale in segment.scales))

    def positions(self, model: MatryoshkaModel, utterances: Sequence[Utterance]) -> Positions:
        """What stands where in the row, for adapters that ask."""
        scales, device = self.scales, model.markers.device
        kinds = [s.kinds(model, utterances[s.clip]) for s in self.segments]
        member = torch.tensor([[scale in s.scales for scale in scales] for s in self.segments])
        belongs = member.repeat_interleave(torch.tensor([len(k) for k in kinds]), dim=0)
        return Positions(tuple(scales), belongs[None].to(device), torch.cat(kinds)[None].to(device))

    def row(self, model: MatryoshkaModel, utterances: Sequence[Utterance]) -> torch.Tensor:
        """Embeddings of all its tokens, (N, hidden); projectors run once per modality and rate."""
        needed: dict[tuple[str, int], dict[int, torch.Tensor]] = {}
        for segment in self.segments:
            for tokens in segment.rates:
                needed.setdefault(tokens, {})[segment.clip] = torch.empty(0)
        for (modality, rate), clips in needed.items():
            marked = model.marked([utterances[clip] for clip in clips], modality, rate)
            needed[modality, rate] = dict(zip(clips, marked, strict=True))
        parts = []
        for segment in self.segments:
            if segment.opens:
                parts.append(model.opening())
            parts += [needed[tokens][segment.clip] for tokens in segment.rates]
            if segment.transcribes:
                targets = model.targets(utterances[segment.clip])
                parts += [model.prompt(segment.scales[0]), model.embed(targets[:-1])]
        return torch.cat(parts)


def plan_packs(
    model: MatryoshkaModel,
    utterances: Sequence[Utterance],
    tokens: int,
    scales: Sequence[Scale] | None = None,
    whole: bool = False,
) -> Iterator[Pack]:
    """Divide a batch at some scales into packs of at most ``tokens`` tokens.

    A tree that alone has more is a pack of its own.

    Args:
        model: the model.
        utterances: the clips.
        tokens: most tokens in a pack.
        scales: what is computed; None is all of the model's.
        whole: never divide a scale, whatever its size.
    """
    for units in _groups(model, utterances, scales or model.settings.scales, whole):
        pack: list[Tree] = []
        room = tokens
        for unit in units:
            size = sum(s.tokens(model, utterances[s.clip]) for tree in unit for s in tree)
            if pack and size > room:
                yield Pack(tuple(pack))
                pack, room = [], tokens
            pack += unit
            room -= size
        yield Pack(tuple(pack))


def _groups(
    model: MatryoshkaModel, utterances: Sequence[Utterance], scales: Sequence[Scale], whole: bool
) -> list[list[list[Tree]]]:
    """What can be run with the same weights: lists of units, each of trees that stay together.

    Args:
        model: the model.
        utterances: the clips.
        scales: what is computed.
        whole: keep together what scales of one rate of the first modality consist of.
    """
    # Weights -> rate of the first modality -> the scales that have both.
    alike: dict[str, dict[tuple[str, int], list[Scale]]] = {}
    for scale in scales:
        first = next(iter(scale.rates.items()))
        alike.setdefault(model.adapter.weights(scale), {}).setdefault(first, []).append(scale)
    groups = []
    for by_first in alike.values():
        units = [
            [tree for n, clip in enumerate(utterances) for tree in _trees(n, clip, members)]
            for members in by_first.values()
        ]
        groups.append(units if whole else [[tree] for unit in units for tree in unit])
    return groups


def _trees(number: int, clip: Utterance, scales: Sequence[Scale]) -> Iterator[Tree]:
    """One tree for all scales at which a clip begins alike, which may have lost a modality."""
    begins: dict[tuple[str, int], list[tuple[Scale, tuple[tuple[str, int], ...]]]] = {}
    for scale in scales:
        first, *rest = clip.rates(scale).items()
        begins.setdefault(first, []).append((scale, tuple(rest)))
    for first, members in begins.items():
        if len(members) == 1:
            ((scale, others),) = members
            yield (Segment(number, (first, *others), (scale,), True, True),)
        else:
            shared = Segment(number, (first,), tuple(s for s, _ in members), True, False)
            yield (shared, *(Segment(number, r, (s,), False, True) for s, r in members))
