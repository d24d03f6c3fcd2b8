"""A clip's audio, whether anything is heard in it, and what is doubtful about it."""

from pathlib import Path

import av
import numpy as np

from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import read_recording
from mavsr.media.opening import ffmpeg_name

SILENT = 2.0**-15
"""Samples up to this are digital silence: what a 16-bit file has around zero."""

_OVERSHOT = 1.5
"""Above this peak a file has another scale, such as that of 16-bit integers in floats. Below it are
the slight overshoots of codecs, which are clipped when the audio is stored."""

_HOLES = 0.1
"""Above this share of time for which a file has no samples its audio is doubtful."""


class SilentError(InputError):
    """A clip in which nothing is heard.

    Attributes:
        kind: in which way, without the file's name.

    """

    def __init__(self, path: Path, kind: str, remedy: str = ""):
        super().__init__(f"{path}: {kind}{remedy}")
        self.kind = kind


def read_heard(path: Path, start: float, end: float) -> tuple[np.ndarray, list[str]]:
    """Audio of a clip; see :func:`mavsr.media.read_audio`.

    Returns:
        float32 (N,) at 16 kHz, of another scale than [-1, 1] scaled down to it; and remarks on it.

    Raises:
        SilentError: there is no audio track, it is silent, or its channels cancel.
        InputError: the audio cannot be read.

    """
    if not has_audio(path):
        raise SilentError(path, "no audio track")
    recording = read_recording(path, start, end)
    if recording.cancels:
        remedy = "; one of them is inverted, so extract the other"
        raise SilentError(path, "the channels cancel, so that their mean is silent", remedy)
    samples, times = scaled_down(recording.samples)
    if np.abs(samples).max() <= SILENT:
        raise SilentError(path, "the audio is silent throughout")
    remarks = [f"audio reaches {times:,.1f} times full scale"] if times > 1 else []
    if recording.missing > _HOLES:
        remarks.append(f"no audio for {100 * recording.missing:.0f} % of the time")
    return samples, remarks


def scaled_down(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Audio (N,) in [-1, 1] if it is of another scale, unchanged if not; and what divided it."""
    peak = float(np.abs(samples).max(initial=0.0))
    return (samples / np.float32(peak), peak) if peak > _OVERSHOT else (samples, 1.0)


def hear(
    path: Path | None, start: float, end: float, wanted: str
) -> tuple[np.ndarray | None, list[str]]:
    """Audio of a clip as :func:`read_heard` reads it, or None where silence is to stand for it.

    Args:
        path: the file, which may be an archive's member; None if nobody will listen.
        start: where the clip begins, seconds.
        end: where it ends; NaN means the end of the file.
        wanted: ``required``, or ``optional`` for None where nothing is heard.

    Returns:
        the audio, and remarks on it.

    Raises:
        InputError: nothing is heard, and audio is required; or the audio cannot be read.

    """
    if path is None:
        return None, []
    with as_file(path) as file:
        try:
            return read_heard(file, start, end)
        except SilentError as error:
            if wanted == "required":
                raise
            return None, [error.kind]


def has_audio(path: Path) -> bool:
    """Whether a readable file has an audio track at all."""
    try:
        with av.open(ffmpeg_name(path)) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, OSError):
        return True  # the reader says what is wrong
