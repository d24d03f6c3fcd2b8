"""Which token sequences of a batch go into which pack.

A pack is run with one set of adapter weights and forgotten after its backward pass. What it holds
is planned from lengths alone, before anything is embedded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.compression import compressed_length
from mavsr.model.packing import Layout


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

    def row(self, model: MatryoshkaModel, utterances: Sequence[Utterance]) -> torch.Tensor:
        """Embeddings of all its tokens, (N, hidden); projectors run once per modality and rate."""
        needed: dict[tuple[str, int], dict[int, torch.Tensor]] = {}
        for segment in self.segments:
            for rate in segment.rates:
                needed.setdefault(rate, {})[segment.clip] = torch.empty(0)
        for (modality, rate), clips in needed.items():
            marked = model.marked([utterances[clip] for clip in clips], modality, rate)
            needed[modality, rate] = dict(zip(clips, marked, strict=True))
        parts = []
        for segment in self.segments:
            if segment.opens:
                parts.append(model.opening())
            parts += [needed[rate][segment.clip] for rate in segment.rates]
            if segment.transcribes:
                targets = model.targets(utterances[segment.clip])
                parts.append(model.embed([*model.prompt_ids, *targets[:-1]]))
        return torch.cat(parts)


def plan_packs(
    model: MatryoshkaModel, utterances: Sequence[Utterance], tokens: int
) -> Iterator[Pack]:
    """Divide a batch at all scales into packs of at most ``tokens`` tokens.

    A tree that alone has more is a pack of its own.
    """
    for trees in _groups(model, len(utterances)):
        pack: list[Tree] = []
        room = tokens
        for tree in trees:
            size = sum(s.tokens(model, utterances[s.clip]) for s in tree)
            if pack and size > room:
                yield Pack(tuple(pack))
                pack, room = [], tokens
            pack.append(tree)
            room -= size
        yield Pack(tuple(pack))


def _groups(model: MatryoshkaModel, clips: int) -> list[list[Tree]]:
    """The trees of a batch, in lists that can be run with the same weights."""
    numbered = list(enumerate(model.settings.scales))
    if not model.adapter.prefix_shared:
        return [
            [(Segment(clip, tuple(scale.rates.items()), (n,), True, True),) for clip in range(clips)]
            for n, scale in numbered
        ]
    # Rates of the first modality, with the scales that have them: what can share a prefix.
    firsts: dict[tuple[str, int], list[int]] = {}
    for n, scale in numbered:
        firsts.setdefault(next(iter(scale.rates.items())), []).append(n)
    trees: list[Tree] = []
    for first, members in firsts.items():
        for clip in range(clips):
            if len(members) == 1:
                rates = tuple(model.settings.scales[members[0]].rates.items())
                trees.append((Segment(clip, rates, (members[0],), True, True),))
                continue
            branches = [
                Segment(clip, tuple(model.settings.scales[n].rates.items())[1:], (n,), False, True)
                for n in members
            ]
            trees.append((Segment(clip, (first,), tuple(members), True, False), *branches))
    return [trees]
