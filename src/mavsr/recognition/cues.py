"""Subtitles: texts in pieces that can be read, with times.

An utterance too long for one subtitle is divided at words, each piece having a share of its time by
its letters: when each word is said is not known.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from mavsr.recognition.segment import Segment

LINE = 42
"""Letters in a line (BBC and Netflix guidelines: 37 to 42)."""

LINES = 2


@dataclass(frozen=True)
class Cue:
    """A subtitle.

    Attributes:
        start: when it appears, seconds.
        end: when it goes.
        text: up to two lines.

    """

    start: float
    end: float
    text: str


def cues(segments: Iterable[Segment], scale: str) -> list[Cue]:
    """Subtitles of a recording at a scale, in order; utterances without text have none."""
    found: list[Cue] = []
    for segment in segments:
        pieces = _pieces(segment.readings[scale].text)
        letters = sum(map(len, pieces))
        begin = segment.start
        for piece in pieces:
            end = begin + (segment.end - segment.start) * len(piece) / letters
            found.append(Cue(begin, end, piece))
            begin = end
    return found


def _pieces(text: str) -> list[str]:
    """A text in pieces of up to two lines, as even as words allow: no last word flashes by."""
    lines = textwrap.wrap(text, LINE)
    narrower = (textwrap.wrap(text, width) for width in range(LINE - 1, LINE // 2, -1))
    for even in narrower:
        if len(even) > len(lines):
            break
        lines = even
    return ["\n".join(lines[n : n + LINES]) for n in range(0, len(lines), LINES)]
