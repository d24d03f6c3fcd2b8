"""What a ready-made crop must be: 96x96 pixels at 25 frames per second, its audio at 16 kHz.

Only headers and packets are read here; the mouths stage decodes (:mod:`mavsr.mouths.ready`).
"""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import av
import soundfile

from mavsr.corpus.probe import check_size
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, SAMPLE_RATE, stated_bytes
from mavsr.media.opening import ffmpeg_name

SIZE = 96
FRAMES_TOLERATED = 5
"""By so many frames (0.2 s) a list may be wrong about a file."""
RATE_TOLERATED = 0.1
"""Frames per second by which a file may miss 25 on average, as its last frame lasts longer."""


@dataclass(frozen=True)
class CropsFile:
    """A video of crops.

    Attributes:
        frames: how many.
        audio: whether the video file has an audio track too.
    """

    frames: int
    audio: bool


def probe_crops(file: Path | BinaryIO, name: str) -> CropsFile:
    """Look into a video of crops.

    Args:
        file: its path, or an open file that can be searched.
        name: what messages call it.

    Raises:
        InputError: it cannot be read, is incomplete, or is not what a crop must be.
    """
    try:
        with file.open("rb") if isinstance(file, Path) else nullcontext(file) as content:
            check_size(name, stated_bytes(content), content.seek(0, os.SEEK_END))
            content.seek(0)
        with av.open(ffmpeg_name(file) if isinstance(file, Path) else file, "r") as container:
            if not container.streams.video:
                raise InputError(f"{name}: no video track")
            stream = container.streams.video[0]
            if (stream.width, stream.height) != (SIZE, SIZE):
                raise InputError(
                    f"{name} is {stream.width}x{stream.height}; ready-made crops are {SIZE}x{SIZE}"
                )
            rate = float(stream.average_rate or 0)
            if abs(rate - FRAME_RATE) > RATE_TOLERATED:
                raise InputError(
                    f"{name} has {rate:g} frames per second; ready-made crops have {FRAME_RATE}"
                )
            packets = container.demux(stream)
            # Those that an edit list hides are read to decode others, and not shown.
            frames = sum(packet.size > 0 and not packet.is_discard for packet in packets)
            audio = bool(container.streams.audio)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{name} cannot be read as a video ({error})") from error
    if not frames:
        raise InputError(f"{name} has no frame; it is empty or damaged")
    return CropsFile(frames, audio)


def probe_audio(file: Path | IO[bytes], name: str) -> None:
    """Look into the audio of crops.

    Raises:
        InputError: it cannot be read, is empty, or has another sampling rate.
    """
    try:
        about = soundfile.info(file)
    except (soundfile.LibsndfileError, OSError) as error:
        raise InputError(f"{name} cannot be read as audio ({error})") from error
    if about.samplerate != SAMPLE_RATE:
        raise InputError(
            f"{name} has {about.samplerate} Hz; audio beside ready-made crops has {SAMPLE_RATE}"
        )
    if not about.frames:
        raise InputError(f"{name} holds no sample; it is empty or damaged")
