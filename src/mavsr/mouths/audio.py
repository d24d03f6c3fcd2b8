"""A clip's audio, and whether anything is heard in it."""

from pathlib import Path

import av
import numpy as np

from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import read_recording
from mavsr.media.opening import ffmpeg_name

SILENT = 2.0**-15
"""Samples up to this are digital silence: what a 16-bit file has around zero."""


class SilentError(InputError):
    """A clip in which nothing is heard.

    Attributes:
        kind: in which way, without the file's name.

    """

    def __init__(self, path: Path, kind: str, remedy: str = ""):
        super().__init__(f"{path}: {kind}{remedy}")
        self.kind = kind


def read_heard(path: Path, start: float, end: float) -> np.ndarray:
    """Audio of a clip, float32 (N,) at 16 kHz; see :func:`mavsr.media.read_audio`.

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
    if np.abs(recording.samples).max() <= SILENT:
        raise SilentError(path, "the audio is silent throughout")
    return recording.samples


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
            return read_heard(file, start, end), []
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
