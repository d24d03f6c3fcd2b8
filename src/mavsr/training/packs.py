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
from mavsr.model.sequence import position_kinds


@dataclass(frozen=True)
class Segment:
    """A run of tokens of one clip."""

    clip: int
    """Which of the batch's clips."""
    rates: tuple[tuple[str, int], ...]
    """The modalities whose tokens it holds, and at which rates."""
    scales: tuple[int, ...]
    """The scales, as numbers, of which these tokens are part."""
    opens: bool
    """Whether it begins with BOS."""
    transcribes: bool
    """Whether it ends with prompt and transcript, which is where losses come from."""

    def kinds(self, model: MatryoshkaModel, utterance: Utterance) -> torch.Tensor:
        """What each of its tokens is, (n,), as in :class:`Positions`."""
        text = len(model.prompt_ids) + len(model.targets(utterance)) - 1
        return position_kinds(
            {m: compressed_length(len(utterance.tokens[m]), rate) for m, rate in self.rates},
            before=self.opens * model.opening_length,
            after=self.transcribes * text,
        )

    def tokens(self, model: MatryoshkaModel, utterance: Utterance) -> int:
        """Its length in the LLM."""
        lengths = [compressed_length(len(utterance.tokens[m]), rate) + 2 for m, rate in self.rates]
        text = len(model.prompt_ids) + len(model.targets(utterance)) - 1
        return self.opens * model.opening_length + sum(lengths) + self.transcribes * text


Tree = tuple[Segment, ...]
"""A whole sequence, or an audio prefix followed by what each video rate adds to it."""


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
    def scales(self) -> list[int]:
        """Numbers of the scales it has a part of."""
        return sorted({n for segment in self.segments for n in segment.scales})

    def positions(self, model: MatryoshkaModel, utterances: Sequence[Utterance]) -> Positions:
        """What stands where in the row, for adapters that ask."""
        scales, device = self.scales, model.markers.device
        kinds = [s.kinds(model, utterances[s.clip]) for s in self.segments]
        member = torch.tensor([[n in s.scales for n in scales] for s in self.segments])
        belongs = member.repeat_interleave(torch.tensor([len(k) for k in kinds]), dim=0)
        return Positions(
            tuple(model.settings.scales[n] for n in scales),
            belongs[None].to(device),
            torch.cat(kinds)[None].to(device),
        )

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
                parts.append(model.embed([*model.prompt_ids, *targets[:-1]]))
        return torch.cat(parts)


def plan_packs(
    model: MatryoshkaModel, utterances: Sequence[Utterance], tokens: int
) -> Iterator[Pack]:
    """Divide a batch at all scales into packs of at most ``tokens`` tokens.

    A tree that alone has more is a pack of its own. If the adapter's own loss is one of the whole
    batch, as MoME's balance is, a scale is never divided, whatever its size.
    """
    whole = model.settings.mome is not None and model.settings.mome.balance > 0
    for trees in _groups(model, len(utterances), by_rate=whole):
        pack: list[Tree] = []
        room = tokens
        for tree in trees:
            size = sum(s.tokens(model, utterances[s.clip]) for s in tree)
            if pack and size > room and not whole:
                yield Pack(tuple(pack))
                pack, room = [], tokens
            pack.append(tree)
            room -= size
        yield Pack(tuple(pack))


def _groups(model: MatryoshkaModel, clips: int, by_rate: bool) -> list[list[Tree]]:
    """The trees of a batch, in lists that can be run with the same weights.

    Args:
        model: the model.
        clips: number of clips.
        by_rate: keep rates of the first modality apart even if their weights are the same.
    """
    numbered = list(enumerate(scale.rates.items() for scale in model.settings.scales))
    if not model.adapter.prefix_shared:
        return [
            [(Segment(clip, tuple(rates), (n,), True, True),) for clip in range(clips)]
            for n, rates in numbered
        ]
    # Rates of the first modality -> number and other rates of the scales that share them.
    firsts: dict[tuple[str, int], list[tuple[int, tuple[tuple[str, int], ...]]]] = {}
    for n, (first, *rest) in numbered:
        firsts.setdefault(first, []).append((n, tuple(rest)))
    groups = []
    for first, members in firsts.items():
        trees: list[Tree] = []
        for clip in range(clips):
            if len(members) == 1:
                ((n, others),) = members
                trees.append((Segment(clip, (first, *others), (n,), True, True),))
            else:
                shared = Segment(clip, (first,), tuple(n for n, _ in members), True, False)
                trees.append((shared, *(Segment(clip, o, (n,), False, True) for n, o in members)))
        groups.append(trees)
    return groups if by_rate else [[tree for trees in groups for tree in trees]]
