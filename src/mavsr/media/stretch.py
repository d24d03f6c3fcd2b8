"""Stretches of audio without a gap, resampled to 16 kHz mono."""

import math
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.plane import AudioPlane

from mavsr.media.frames import timed_frames
from mavsr.media.rates import SAMPLE_RATE
from mavsr.media.steady import steady

_APART_S = 1e-4
"""Frames that follow each other differ by less, after :func:`mavsr.media.steady.steady`."""
_RUN_OUT_S = 1.0
"""Decoding ends this much after the span asked for: the resampler holds some samples back."""


class Stretch:
    """Audio without a gap, of one rate and layout.

    The resampler begins where a sample of the file's clock at 16 kHz lies on one of the track's, so
    that it gives the same samples wherever decoding began.

    Args:
        time: seconds at which it begins, counted from the file's beginning.
        frame: its first frame.

    Attributes:
        begin: its first sample, counted from the file's beginning at 16 kHz.
        end: the first sample after it.
        pieces: what it consists of, one after the other: the first sample, and the mean of the
            channels, float32 (n,).
        powers: of each piece, the sum of its channels' mean power.

    """

    def __init__(self, time: float, frame: av.AudioFrame):
        self._form = _form(frame)
        self._rate = frame.sample_rate
        self._first = round(time * self._rate)
        self._samples = 0
        self._resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
        self.pieces: list[tuple[int, np.ndarray]] = []
        self.powers: list[float] = []
        ahead = self._first % (self._rate // math.gcd(self._rate, SAMPLE_RATE))
        self.begin = self.end = (self._first - ahead) * SAMPLE_RATE // self._rate
        if ahead:
            self._resample(_silence(ahead, frame))
        self.add(frame)

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

    def finish(self) -> "Stretch":
        """Take what the resampler has held back."""
        self._resample(None)
        return self

    def _resample(self, frame: av.AudioFrame | None) -> None:
        for resampled in self._resampler.resample(frame):
            channels = np.stack(
                [np.frombuffer(memoryview(plane), np.float32) for plane in _planes(resampled)]
            )
            channels = channels[:, : resampled.samples]
            # FFmpeg's own mix would make a voice on both channels 3 dB louder, and clip.
            mono = channels.mean(axis=0) if len(channels) > 1 else channels[0]
            self.pieces.append((self.end, mono))
            self.powers.append(float(np.vdot(channels, channels)) / len(channels))
            self.end += len(mono)


def stretches_of(path: Path, start: float, end: float) -> Iterator[Stretch]:
    """Stretches of a file's audio, from before ``start`` to after ``end`` seconds.

    Raises:
        InputError: the file cannot be read or has no audio track.

    """
    stretch: Stretch | None = None
    for time, frame in steady(timed_frames(path, "audio", start)):
        if stretch is None or abs(time - stretch.next_time) > _APART_S or not stretch.takes(frame):
            if stretch is not None:
                yield stretch.finish()
            stretch = Stretch(time, frame)
        else:
            stretch.add(frame)
        if time >= end + _RUN_OUT_S:
            break
    if stretch is not None:
        yield stretch.finish()


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _silence(samples: int, like: av.AudioFrame) -> av.AudioFrame:
    frame = av.AudioFrame(like.format, like.layout, samples)
    frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
    zero = b"\x80" if like.format.name.startswith("u8") else b"\0"
    for plane in _planes(frame):
        plane.update(zero * plane.buffer_size)
    return frame


def _planes(frame: av.AudioFrame) -> list[AudioPlane]:
    """Where a frame's samples lie: one after the other, or a plane per channel.

    ``frame.planes`` counts pointers up to the first that is null. Of eight, which is as many as a
    frame has room for, it goes on to what lies in memory behind them.
    """
    count = frame.layout.nb_channels if frame.format.is_planar else 1
    return [AudioPlane(frame, number) for number in range(count)]
