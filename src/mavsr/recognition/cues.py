"""Subtitles: texts in pieces that can be read, with times.

An utterance too long for one subtitle is divided at words, each piece having a share of its time by
its letters: when each word is said is not known.
"""

import math
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
    """A text in pieces of up to two lines and like length, so that no last word flashes by."""
    words = [part for word in text.split() for part in textwrap.wrap(word, LINE)]
    count = math.ceil(len(textwrap.wrap(text, LINE)) / LINES)
    while True:
        pieces = [textwrap.wrap(" ".join(part), LINE) for part in _parts(words, count)]
        if all(len(lines) <= LINES for lines in pieces) or count >= len(words):
            return ["\n".join(lines) for lines in pieces if lines]
        count += 1


def _parts(words: list[str], count: int) -> list[list[str]]:
    """Words in ``count`` parts of about as many letters."""
    parts: list[list[str]] = [[] for _ in range(count)]
    letters, total = 0, sum(map(len, words))
    for word in words:
        middle = letters + len(word) / 2
        parts[min(count - 1, int(middle * count / max(total, 1)))].append(word)
        letters += len(word)
    return parts
