"""Audio of a file as a corpus brings it: mono at 16 kHz, every frame at its own time."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mavsr.errors import InputError
from mavsr.media.opening import between
from mavsr.media.rates import SAMPLE_RATE
from mavsr.media.stretch import Stretch, stretches_of

_log = logging.getLogger(__name__)

_CANCELLED = 0.01
"""Channels of which the mean keeps less of their power cancel each other."""


@dataclass(frozen=True)
class Recording:
    """Audio of (a part of) a file.

    Attributes:
        samples: the mean of its channels, float32 (N,) in [-1, 1] at 16 kHz.
        kept_power: share of the channels' mean power that their mean keeps: 1 if they are equal
            (or one, or silent), 0.5 for two unrelated ones, 0 if they cancel.
        missing: share of the time from its first sample to its last for which the file has none.

    """

    samples: np.ndarray
    kept_power: float
    missing: float = 0.0

    @property
    def cancels(self) -> bool:
        """Whether the channels cancel each other, as those of a wrongly wired recording do."""
        return self.kept_power < _CANCELLED


def read_audio(path: Path | str, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Audio of ``path`` in [start, end) seconds, averaged to mono and resampled to 16 kHz.

    Every frame lies where its time stamp says: gaps, also before the track begins, are silent, and
    of what overlaps the earlier is kept. Channels that cancel each other are logged as a warning.

    Returns:
        float32 (N,), N >= 1.

    Raises:
        InputError: the file cannot be read, has no audio track or no sample in the interval, or one
            that is no number (NaN, infinite), as float formats may hold.

    """
    recording = read_recording(path, start, end)
    if recording.cancels:
        _log.warning(
            "%s: its channels cancel each other, their mean is nearly silent: it keeps %.2g of "
            "their power; turn the sign of one channel, or drop one",
            path,
            recording.kept_power,
        )
    return recording.samples


def read_recording(path: Path | str, start: float = 0.0, end: float = float("nan")) -> Recording:
    """Audio as :func:`read_audio` returns it, and what is doubtful about it.

    Raises:
        InputError: as :func:`read_audio`.

    """
    path = Path(path)
    first = round(start * SAMPLE_RATE)
    last = math.inf if math.isnan(end) else first + round((end - start) * SAMPLE_RATE)
    stretches = list(stretches_of(path, start, end))
    until = max((stretch.end for stretch in stretches), default=0)
    samples = np.zeros(max(int(min(until, last)) - first, 0), np.float32)
    filled, reached = 0, first
    for stretch in stretches:
        begin = max(stretch.begin, reached)
        for place, piece in stretch.pieces:
            part = piece[max(begin - place, 0) :]
            place = max(begin, place) - first
            part = part[: max(len(samples) - place, 0)]
            samples[place : place + len(part)] = part
            filled += len(part)
        reached = max(reached, stretch.end)
    if not filled and until <= last:
        raise InputError(f"{path}: no audio{between(start, end)}")
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: the audio holds samples that are no numbers; write it anew")
    span = len(samples) - max(min((stretch.begin for stretch in stretches), default=0) - first, 0)
    missing = 1 - filled / span if filled else 0.0
    return Recording(samples, _kept(stretches, first, last), missing)


def _kept(stretches: list[Stretch], first: int, last: float) -> float:
    """Share of the channels' power that their mean keeps, in the pieces that begin in a span."""
    kept = power = 0.0
    for stretch in stretches:
        for (place, piece), of_channels in zip(stretch.pieces, stretch.powers, strict=True):
            if first <= place < last:
                kept += float(piece @ piece)
                power += of_channels
    return kept / power if power else 1.0
