"""Times of audio frames without the jitter of their time stamps."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import av

from mavsr.media.frames import Timed

_GAP_S = 0.015
"""A frame that is off by more begins anew: the shortest in use, if one is missing, lasts 20 ms."""
_ROUNDED_S = 0.002
"""Off by less are times rounded to 1 ms, as in Matroska and FLV."""
_OF_A_TICK = 0.99
"""Rounding is off by less than the unit of a track's time, which is 20 ms in GXF."""
_AHEAD_S = 0.5
"""So much of what comes decides whether a small deviation is a shift or passes."""


def steady(frames: Iterable[Timed[av.AudioFrame]]) -> Iterator[tuple[float, av.AudioFrame]]:
    """Frames with times that add up as long as their time stamps allow.

    Containers round time stamps, and telephones take them from a clock that jitters, while the
    samples themselves follow each other without a gap. So a frame begins where the one before ends,
    unless its time stamp is off by 15 ms, or those of the next half second are all off to the same
    side by 2 ms; by a unit of the track's time, where that is coarser. There, and where decoding
    began amid the file, time is set anew: to the middle between the extremes of the time stamps
    that follow.

    Yields:
        seconds at which a frame begins, and the frame.

    """
    ahead: deque[_Ahead] = deque()
    total = 0.0
    shift: float | None = None
    for timed in frames:
        if shift is None and not timed.jumped:
            shift = timed.time
        ahead.append(_Ahead(timed.frame, total, timed.time - total))
        total += timed.frame.samples / timed.frame.sample_rate
        if total - ahead[0].before >= _AHEAD_S:
            shift = _shift(ahead, shift)
            yield ahead[0].before + shift, ahead.popleft().frame
    while ahead:
        shift = _shift(ahead, shift)
        yield ahead[0].before + shift, ahead.popleft().frame


class _Ahead(NamedTuple):
    """A frame, the seconds of all frames before it, and how far its time stamp is from those."""

    frame: av.AudioFrame
    before: float
    shift: float


def _shift(ahead: Sequence[_Ahead], shift: float | None) -> float:
    """The shift that holds from the first frame on, where ``shift`` did before it."""
    first = ahead[0].shift
    tick = _OF_A_TICK * float(ahead[0].frame.time_base or 0)
    rounded, gap = max(_ROUNDED_S, tick), max(_GAP_S, tick)
    if shift is not None and abs(first - shift) <= rounded:
        return shift
    alike = itertools.takewhile(lambda frame: abs(frame.shift - first) <= gap, ahead)
    shifts = [frame.shift for frame in alike]
    low, high = min(shifts), max(shifts)
    if shift is None or abs(first - shift) > gap or low > shift + rounded:
        return (low + high) / 2
    return (low + high) / 2 if high < shift - rounded else shift
