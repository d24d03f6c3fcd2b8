"""Many token sequences in one row, and what each of them may see.

A *pack* puts sequences behind each other, (1, N, hidden), so that the LLM's linear layers meet no
padding. Sequences are segments; a segment may go on from an earlier one, its *parent*. Then it sees
the parent's tokens as if they stood before it, and its positions go on from the parent's end:

    [audio prefix] [video at rate 2, prompt, transcript] [video at rate 5, prompt, transcript]

So all video rates share one computation of the audio prefix. Under causal attention this gives
each token what it would have in a sequence of its own (tests compare loss and gradients).
"""

from dataclasses import dataclass
from functools import cached_property

import torch

from mavsr.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Where the segments of a pack lie, and on which they go on."""

    lengths: tuple[int, ...]
    """Tokens of each segment, in the order of the row."""
    parents: tuple[int | None, ...]
    """Index of the segment that each goes on from; None starts a sequence."""

    def __post_init__(self) -> None:
        if len(self.lengths) != len(self.parents):
            raise InputError(f"{len(self.lengths)} lengths but {len(self.parents)} parents")
        for index, (length, parent) in enumerate(zip(self.lengths, self.parents, strict=True)):
            if length < 1:
                raise InputError(f"segment {index} has {length} tokens; it must have at least one")
            if parent is not None and not (parent < index and self.parents[parent] is None):
                raise InputError(
                    f"segment {index} goes on from {parent}, which starts no earlier sequence"
                )

    @property
    def tokens(self) -> int:
        """N, the length of the row."""
        return sum(self.lengths)

    def positions(self) -> torch.Tensor:
        """Position of each token in its own sequence, (N,): what rotary embeddings take."""
        starts = [0 if p is None else self.lengths[p] for p in self.parents]
        return torch.cat(
            [torch.arange(s, s + n) for s, n in zip(starts, self.lengths, strict=True)]
        )

    def owners(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Segment of each token, and its segment's parent (itself where there is none), (N,)."""
        segments = torch.arange(len(self.lengths))
        parents = torch.tensor(
            [index if parent is None else parent for index, parent in enumerate(self.parents)]
        )
        repeats = torch.tensor(self.lengths)
        return segments.repeat_interleave(repeats), parents.repeat_interleave(repeats)

    def mask(self) -> torch.Tensor:
        """Who sees whom: bool (N, N), query by key."""
        segments, parents = self.owners()
        rows = torch.arange(self.tokens)
        own, parent = segments[:, None] == segments, parents[:, None] == segments
        return (rows[:, None] >= rows) & (own | parent)

    @cached_property
    def branch_masks(self) -> dict[int, torch.Tensor]:
        """Segment with a parent -> bool (n, parent's n + n), for its queries over both."""
        return {
            index: torch.ones(n, self.lengths[p] + n, dtype=torch.bool).tril(self.lengths[p])
            for index, (n, p) in enumerate(zip(self.lengths, self.parents, strict=True))
            if p is not None
        }
