"""Which parts of a long recording the model is given: utterances, each below its longest input."""

import logging
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mavsr.encoders import Encoder
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, Extent, measure
from mavsr.recognition.speech import find_speech

LONGEST_S = 16.0
"""Longest segment of LRS3's pre-training part as auto_avsr, and with it the papers, cut it."""

_MARGIN_S = 0.2
"""Silence that the model gets on either side of an utterance, if there is so much."""

_SHORTEST_S = 0.2
"""Rest of a file that is too short to be looked at."""


@dataclass(frozen=True)
class Span:
    """A part of a recording, in seconds of the file.

    Attributes:
        start: where speech begins.
        end: where it ends.
        cut_start: where the part begins that the model is given.
        cut_end: where that ends.

    """

    start: float
    end: float
    cut_start: float
    cut_end: float

    @property
    def key(self) -> str:
        """Names the part in messages, and seeds what decoding draws."""
        return f"{self.cut_start:.2f}-{self.cut_end:.2f}"


@dataclass(frozen=True)
class Plan:
    """The parts of a recording that are to be transcribed.

    Attributes:
        spans: in order, none overlapping another.
        seconds: length of the recording, or of what was asked for of it.
        heard: whether there is any audio.

    """

    spans: list[Span]
    seconds: float
    heard: bool


def longest_input_s(encoders: Collection[Encoder], split: bool) -> float:
    """Longest part that a model takes: its audio encoder's length, and 16 s at most.

    Args:
        encoders: of the model.
        split: longer audio than the encoder takes is encoded in pieces.

    """
    chunks = [] if split else [e.chunk_s for e in encoders if e.chunk_s]
    return min([LONGEST_S, *chunks])


def check_part(start: float, end: float | None) -> None:
    """Raise InputError unless a part begins at 0 s or later and ends after its beginning."""
    if not 0 <= start < math.inf:
        raise InputError(f"a part begins at {start} s; give 0 or more")
    if end is not None and not start < end < math.inf:
        raise InputError(f"a part ends at {end} s; give more than where it begins, {start} s")


def length_s(file: Path, start: float = 0.0, end: float | None = None) -> float:
    """Seconds of (a part of) a file, by its longest track.

    Raises:
        InputError: the file cannot be read, or there is no such part.

    """
    check_part(start, end)
    return _last(measure(file), end) - start


def _last(extent: Extent, end: float | None) -> float:
    """Where a part ends, seconds: with the longest track, unless ``end`` comes before that."""
    last = max(extent.ends.values(), default=0.0)
    return last if end is None else min(last, end)


def check_tracks(file: Path, modalities: Collection[str]) -> list[str]:
    """Kinds of tracks that a file has.

    Args:
        file: the recording.
        modalities: what the model cannot do without.

    Raises:
        InputError: the file cannot be read, or lacks one of these.

    """
    return _tracks(file, measure(file), modalities)


def _tracks(file: Path, extent: Extent, modalities: Collection[str]) -> list[str]:
    tracks = [str(kind) for kind, until in extent.ends.items() if until > 0]
    if lacking := [kind for kind in modalities if kind not in tracks]:
        raise InputError(f"{file}: no {lacking[0]} track, which the model needs")
    return tracks


def plan_spans(
    file: Path,
    modalities: Collection[str],
    longest_s: float,
    start: float = 0.0,
    end: float | None = None,
    told: Callable[[float], None] = lambda _: None,
) -> Plan:
    """Cut a recording into utterances.

    A recording in which nobody is heard is cut into equal parts for a model that sees alone: noise
    over a speaker is no reason not to read lips.

    Args:
        file: the recording.
        modalities: what the model cannot do without.
        longest_s: longest part, margins included.
        start: where to begin, seconds.
        end: where to end; the end of the file if not given.
        told: see :func:`mavsr.recognition.speech.find_speech`.

    Raises:
        InputError: the file cannot be read, lacks what the model needs, nobody speaks in it where
            that counts, or it is too short.

    """
    check_part(start, end)
    extent = measure(file)
    tracks, last = _tracks(file, extent, modalities), _last(extent, end)
    if not start < last:
        raise InputError(f"{file} ends at {last:.1f} s; nothing lies after {start} s")
    if "audio" in tracks:
        heard = find_speech(
            file, start, min(last, extent.ends.get("audio", last)), longest_s - 2 * _MARGIN_S, told
        )
        if heard.speech:
            return Plan(_with_margins(heard.speech, start, last), last - start, True)
        may_see = "audio" not in modalities and "video" in tracks
        if not may_see or not (heard.silent or "video" in modalities):
            what = "its audio is silent throughout" if heard.silent else "nobody speaks in it"
            raise InputError(
                f"clip {file.stem!r}: it lasts {last - start:.2f} s and {what}; check that it is "
                "the right file"
            )
        if not heard.silent:
            logging.warning("%s: no speech is heard in it; it is read in equal parts", file.name)
    parts = _equal_parts(start, last, longest_s)
    if not parts:
        raise InputError(
            f"{file}: {last - start:.2f} s are too short; give more than {_SHORTEST_S} s"
        )
    return Plan(parts, last - start, False)


def _with_margins(speech: list[tuple[float, float]], first: float, last: float) -> list[Span]:
    """Give each utterance some silence, of which none goes to two; whole frames long."""
    spans = []
    for number, (start, end) in enumerate(speech):
        before = speech[number - 1][1] if number else -math.inf
        after = speech[number + 1][0] if number + 1 < len(speech) else math.inf
        low = max(first, start - _MARGIN_S, (before + start) / 2)
        high = min(last, end + _MARGIN_S, (end + after) / 2)
        frames = max(1, math.floor((high - low) * FRAME_RATE + 1e-6))
        spans.append(Span(start, end, low, low + frames / FRAME_RATE))
    return spans


def _equal_parts(start: float, end: float, longest_s: float) -> list[Span]:
    """Parts of whole frames, which differ by one at most; the last ends with the recording."""
    frames = math.ceil((end - start) * FRAME_RATE - 1e-6)
    count = max(1, math.ceil(frames / math.floor(longest_s * FRAME_RATE + 1e-6)))
    edges = [start + number * frames // count / FRAME_RATE for number in range(count)] + [end]
    parts = [(a, b) for a, b in pairwise(edges) if b - a > _SHORTEST_S]
    return [Span(a, b, a, b) for a, b in parts]
