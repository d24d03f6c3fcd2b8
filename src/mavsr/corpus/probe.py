"""What a video file of a corpus holds, from its headers and its packets; nothing is decoded."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mavsr.errors import InputError
from mavsr.media import measure, stated_bytes


@dataclass(frozen=True)
class Probe:
    """A video file.

    Attributes:
        seconds: end of its video track on the file's clock, which begins with its first track.
        audio: whether it has an audio track that is not empty.
    """

    seconds: float
    audio: bool


def probe(video: Path) -> Probe:
    """Look into a video file; asked again of a file that did not change, it is not read again.

    Raises:
        InputError: the file is missing, incomplete, cannot be opened, or has no video track or
            frame.
    """
    try:
        status = video.stat()
    except OSError:
        raise InputError(f"{video} is missing") from None
    return _probe(video, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _probe(video: Path, size: int, _time: int) -> Probe:
    try:
        # Asked first: of a copy that broke off FFmpeg may say anything.
        check_size(video, stated_bytes(video), size)
    except OSError as error:
        raise InputError(f"{video} cannot be read as a video ({error})") from error
    extent = measure(video)
    check_size(video, extent.size, size)
    if "video" not in extent.ends:
        raise InputError(f"{video}: no video track")
    if extent.ends["video"] <= 0:
        raise InputError(f"{video} has no duration; it is empty or damaged")
    return Probe(extent.ends["video"], extent.ends.get("audio", 0.0) > 0)


def check_size(video: Path | str, stated: int, size: int) -> None:
    """Refuse a file that is shorter than it states.

    Raises:
        InputError: its copy broke off.
    """
    if stated > size:
        raise InputError(
            f"{video} is incomplete: by its headers it has {stated:,} bytes or more, but {size:,} "
            "are there; copy it anew"
        )
