"""What a ready-made crop must be: 96x96 pixels at 25 frames per second, its audio at 16 kHz.

Only headers and packets are read here; the mouths stage decodes (:mod:`mavsr.mouths.ready`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import av
import soundfile

from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, SAMPLE_RATE
from mavsr.media.opening import ffmpeg_name

SIZE = 96
FRAMES_TOLERATED = 5
"""By so many frames (0.2 s) a list may be wrong about a file."""


@dataclass(frozen=True)
class CropsFile:
    """A video of crops.

    Attributes:
        frames: how many.
        audio: whether the video file has an audio track too.
    """

    frames: int
    audio: bool


def probe_crops(file: Path | IO[bytes], name: str) -> CropsFile:
    """Look into a video of crops.

    Args:
        file: its path, or an open file that can be searched.
        name: what messages call it.

    Raises:
        InputError: it cannot be read, or is not what a crop must be.
    """
    try:
        with av.open(ffmpeg_name(file) if isinstance(file, Path) else file, "r") as container:
            if not container.streams.video:
                raise InputError(f"{name}: no video track")
            stream = container.streams.video[0]
            if (stream.width, stream.height) != (SIZE, SIZE):
                raise InputError(
                    f"{name} is {stream.width}x{stream.height}; ready-made crops are {SIZE}x{SIZE}"
                )
            if stream.average_rate != FRAME_RATE:
                rate = float(stream.average_rate or 0)
                raise InputError(
                    f"{name} has {rate:g} frames per second; ready-made crops have {FRAME_RATE}"
                )
            frames = sum(packet.size > 0 for packet in container.demux(stream))
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
