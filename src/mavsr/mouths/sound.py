"""A clip's audio, and whether anything is heard in it."""

from pathlib import Path

import av
import numpy as np

from mavsr.errors import InputError
from mavsr.media import read_audio

SILENT = 2.0**-15
"""Samples up to this are digital silence: what a 16-bit file has around zero."""

_QUIET = 0.01
"""Channels are compared only if their mean is quieter than this (root mean square)."""

_CANCELLED = 0.1
"""The mean of channels that cancel is this much quieter than they are: 20 dB."""


class SilentError(InputError):
    """A clip in which nothing is heard.

    Attributes:
        kind: in which way, without the file's name.

    """

    def __init__(self, path: Path, kind: str, remedy: str = ""):
        super().__init__(f"{path}: {kind}{remedy}")
        self.kind = kind


def read_sound(path: Path, start: float, end: float) -> np.ndarray:
    """Audio of a clip, float32 (N,) at 16 kHz; see :func:`mavsr.media.read_audio`.

    Raises:
        SilentError: there is no audio track, it is silent, or its channels cancel.
        InputError: the audio cannot be read.

    """
    if not has_audio(path):
        raise SilentError(path, "no audio track")
    sound = read_audio(path, start, end)
    level = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    if level < _QUIET and level < _CANCELLED * loudest_channel(path, start, end):
        remedy = "; one of them is inverted, so extract the other"
        raise SilentError(path, "the channels cancel, so that their mean is silent", remedy)
    if np.abs(sound).max() <= SILENT:
        raise SilentError(path, "the audio is silent throughout")
    return sound


def loudest_channel(path: Path, start: float, end: float) -> float:
    """Root mean square of the loudest channel over the frames of [start, end) seconds."""
    squares: dict[int, float] = {}
    samples = 0
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        to_float = av.AudioResampler(format="fltp")
        for frame in container.decode(stream):
            if frame.time is not None and frame.time < start:
                continue
            if frame.time is not None and frame.time >= end:
                break
            for piece in to_float.resample(frame):
                channels = np.square(piece.to_ndarray(), dtype=np.float64).sum(axis=1)
                samples += piece.samples
                for number, square in enumerate(channels.tolist()):
                    squares[number] = squares.get(number, 0.0) + square
    return (max(squares.values(), default=0.0) / max(samples, 1)) ** 0.5


def has_audio(path: Path) -> bool:
    """Whether a readable file has an audio track at all."""
    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, OSError):
        return True  # the reader says what is wrong
