"""Audio of a file as a corpus brings it: mono at 16 kHz, every frame at its own time."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from mavsr.errors import InputError
from mavsr.media.frames import timed_frames
from mavsr.media.opening import between
from mavsr.media.rates import SAMPLE_RATE
from mavsr.media.steady import steady

_log = logging.getLogger(__name__)

_APART_S = 1e-4
"""Frames that follow each other differ by less, after :func:`mavsr.media.steady.steady`."""
_RUN_OUT_S = 1.0
"""Decoding ends this much after the interval: the resampler holds some samples back."""
_CANCELLED = 0.01
"""Channels of which the mean keeps less of their power cancel each other."""


@dataclass(frozen=True)
class Recording:
    """Audio of (a part of) a file.

    Attributes:
        samples: the mean of its channels, float32 (N,) in [-1, 1] at 16 kHz.
        kept_power: share of the channels' mean power that their mean keeps: 1 if they are equal
            (or one, or silent), 0.5 for two unrelated ones, 0 if they cancel.

    """

    samples: np.ndarray
    kept_power: float

    @property
    def cancels(self) -> bool:
        """Whether the channels cancel each other, as those of a wrongly wired recording do."""
        return self.kept_power < _CANCELLED


def read_audio(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Audio of ``path`` in [start, end) seconds, averaged to mono and resampled to 16 kHz.

    Every frame lies where its time stamp says: gaps, also before the track begins, are silent, and
    of what overlaps the earlier is kept. Channels that cancel each other are logged as a warning.

    Returns:
        float32 (N,), N >= 1.

    Raises:
        InputError: the file cannot be read, has no audio track or no sample in the interval.

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


def read_recording(path: Path, start: float = 0.0, end: float = float("nan")) -> Recording:
    """Audio as :func:`read_audio` returns it, and whether its channels cancel each other.

    Raises:
        InputError: as :func:`read_audio`.

    """
    stretches = list(_stretches(path, start, end))
    zero = round(start * SAMPLE_RATE)
    until = max((stretch.end - zero for stretch in stretches), default=0)
    length = until if math.isnan(end) else min(until, round((end - start) * SAMPLE_RATE))
    mixed = np.zeros((2, max(length, 0)), np.float32)
    filled = reached = 0
    for stretch in stretches:
        begin = stretch.begin - zero
        first = max(begin, reached)
        part = np.concatenate(stretch.pieces, axis=1)[:, first - begin :]
        part = part[:, : max(length - first, 0)]
        mixed[:, first : first + part.shape[1]] = part
        filled += part.shape[1]
        reached = max(reached, stretch.end - zero)
    if not filled and until <= max(length, 0):
        raise InputError(f"{path}: no audio{between(start, end)}")
    samples, powers = mixed
    power = float(powers.sum(dtype=np.float64))
    kept = float(np.square(samples).sum(dtype=np.float64)) / power if power else 1.0
    return Recording(samples, kept)


class _Stretch:
    """Audio without a gap, of one rate and layout.

    The resampler begins where a sample of the file's clock at 16 kHz lies on one of the track's, so
    that it gives the same samples wherever decoding began.

    Args:
        time: seconds at which it begins, counted from the file's beginning.
        frame: its first frame.

    """

    def __init__(self, time: float, frame: av.AudioFrame):
        self._form = _form(frame)
        self._rate = frame.sample_rate
        self._first = round(time * self._rate)
        self._samples = 0
        self._resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
        ahead = self._first % (self._rate // math.gcd(self._rate, SAMPLE_RATE))
        self.begin = (self._first - ahead) * SAMPLE_RATE // self._rate
        self.pieces = [np.empty((2, 0), np.float32)]
        if ahead:
            self._resample(_silence(ahead, frame))
        self.add(frame)

    @property
    def end(self) -> int:
        """The first sample after it."""
        return self.begin + sum(piece.shape[1] for piece in self.pieces)

    @property
    def next_time(self) -> float:
        """Seconds at which the frame that follows begins."""
        return (self._first + self._samples) / self._rate

    def takes(self, frame: av.AudioFrame) -> bool:
        """Whether a frame has the rate and layout of those before."""
        return _form(frame) == self._form

    def add(self, frame: av.AudioFrame) -> None:
        """Append the frame that follows."""
        self._samples += frame.samples
        self._resample(frame)

    def finish(self) -> "_Stretch":
        """Take what the resampler has held back."""
        self._resample(None)
        return self

    def _resample(self, frame: av.AudioFrame | None) -> None:
        self.pieces += map(_mixed, self._resampler.resample(frame))


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _silence(samples: int, like: av.AudioFrame) -> av.AudioFrame:
    frame = av.AudioFrame(like.format, like.layout, samples)
    frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
    zero = b"\x80" if like.format.name.startswith("u8") else b"\0"
    for plane in frame.planes:
        plane.update(zero * plane.buffer_size)
    return frame


def _stretches(path: Path, start: float, end: float) -> Iterator[_Stretch]:
    """Stretches of a file as they are decoded, from before ``start`` to after ``end`` seconds."""
    stretch: _Stretch | None = None
    for time, frame in steady(timed_frames(path, "audio", start)):
        if stretch is None or abs(time - stretch.next_time) > _APART_S or not stretch.takes(frame):
            if stretch is not None:
                yield stretch.finish()
            stretch = _Stretch(time, frame)
        else:
            stretch.add(frame)
        if time >= end + _RUN_OUT_S:
            break
    if stretch is not None:
        yield stretch.finish()


def _mixed(piece: av.AudioFrame) -> np.ndarray:
    """Mean of the channels and their mean power (2, n).

    FFmpeg's own mix would make a voice on both channels 3 dB louder, and clip.
    """
    channels = piece.to_ndarray()
    return np.stack([channels.mean(axis=0), np.square(channels).mean(axis=0)])
