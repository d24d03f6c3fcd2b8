"""A transcript under its reference, word by word."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import jiwer

Kind = Literal["right", "substituted", "deleted"]


@dataclass
class Cell:
    """What became of a word of the reference, and the insertions that follow it."""

    said: str
    kind: Kind = "deleted"
    heard: str = ""
    """The word in its place; empty if it was missed."""
    place: int | None = None
    """Number of that word in the transcript."""
    inserted: list[tuple[str, int]] = field(default_factory=list)
    """(word, its number) of what nobody said, up to the next word of the reference."""


@dataclass(frozen=True)
class Alignment:
    """A transcript along its reference."""

    before: list[tuple[str, int]]
    """(word, its number) of insertions before the first word."""
    cells: list[Cell]
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """All three kinds together."""
        return self.substitutions + self.deletions + self.insertions


def align(said: Sequence[str], heard: Sequence[str]) -> Alignment:
    """Align two sequences of words by the edit distance that WER counts (jiwer's).

    Args:
        said: words of the reference, at least one.
        heard: words of the transcript.
    """
    found = jiwer.process_words(" ".join(said), " ".join(heard))
    cells = [Cell(word) for word in said]
    before: list[tuple[str, int]] = []
    for chunk in found.alignments[0]:
        places = range(chunk.hyp_start_idx, chunk.hyp_end_idx)
        if chunk.type == "insert":
            last = chunk.ref_start_idx - 1
            into = cells[last].inserted if last >= 0 else before
            into += [(heard[place], place) for place in places]
        elif chunk.type != "delete":
            kind: Kind = "right" if chunk.type == "equal" else "substituted"
            for cell, place in zip(cells[chunk.ref_start_idx :], places, strict=False):
                cell.kind, cell.heard, cell.place = kind, heard[place], place
    return Alignment(before, cells, found.substitutions, found.deletions, found.insertions)
