"""What a video file holds, from its headers and its packets' times; nothing is decoded.

What a container states as its length is not believed: a browser states none or a wrong one, a copy
that broke off still states the whole. MP4 and its like list every packet and where it lies, so
reading that list is enough; of other containers all packets are read.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
from av.stream import Disposition

from mavsr.errors import InputError
from mavsr.media import measure_length

_NO_VIDEO = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
"""Covers and previews, which containers list as video tracks."""
_HEAD = 4096
"""First bytes of a file, in which Matroska and AVI state its size."""
_LISTED = "mov,mp4"
"""Beginning of FFmpeg's name for the containers that list their packets."""


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
        with video.open("rb") as file:
            _check_size(video, stated_bytes(file.read(_HEAD)), size)
        with av.open(str(video)) as container:
            return _look(video, size, container)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{video} cannot be read as a video ({error})") from error


def _check_size(video: Path, stated: int, size: int) -> None:
    if stated > size:
        raise InputError(
            f"{video} is incomplete: by its headers it has {stated:,} bytes or more, but {size:,} "
            "are there; copy it anew"
        )


def stated_bytes(head: bytes) -> int:
    """Size of a whole Matroska, WebM or AVI file as its first bytes state it; 0 if they do not."""
    if head.startswith(b"RIFF"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        size, start = _ebml_size(head, 4)
        segment = start + size
        if head[segment : segment + 4] == b"\x18\x53\x80\x67":
            size, start = _ebml_size(head, segment + 4)
            return start + size if size else 0
    return 0


def _ebml_size(head: bytes, place: int) -> tuple[int, int]:
    """Size of the element of which ``place`` is behind its name, 0 if unknown; where it begins."""
    length = 9 - head[place].bit_length() if head[place : place + 1].strip(b"\0") else 8
    field = int.from_bytes(head[place : place + length], "big")
    most = (1 << 7 * length) - 1
    return (0 if field & most == most else field & most), place + length


def _look(video: Path, size: int, container: av.container.InputContainer) -> Probe:
    tracks = [stream for stream in container.streams.video if not stream.disposition & _NO_VIDEO]
    if not tracks:
        raise InputError(f"{video}: no video track")
    # Players take the track that is flagged default.
    tracks.sort(key=lambda stream: not stream.disposition & Disposition.default)
    origin = max(0.0, (container.start_time or 0) / av.time_base)
    streams = [tracks[0], *container.streams.audio]
    # A fragmented file counts no frames in its header; its list grows while it is read.
    if container.format.name.startswith(_LISTED) and tracks[0].frames:
        ends = [_listed_end(video, size, stream) for stream in streams]
    else:
        ends = _read_ends(container, streams)
        if ends[0] > 0 and not container.format.name.startswith(_LISTED):
            # Clocks of broadcasts jump and wrap, which packets' times alone do not show.
            return Probe(measure_length(video), any(end > 0 for end in ends[1:]))
    if ends[0] <= 0:
        raise InputError(f"{video} has no duration; it is empty or damaged")
    return Probe(ends[0] - origin, any(end > 0 for end in ends[1:]))


def _listed_end(video: Path, size: int, stream: av.stream.Stream) -> float:
    """Time at which a track ends, by the container's list of its packets; 0 if it holds none.

    Raises:
        InputError: the last one lies behind the end of the file.
    """
    entries = stream.index_entries
    count = len(entries)
    if not count:
        return 0.0
    first, last = entries[0], entries[count - 1]
    _check_size(video, last.pos + last.size, size)
    step = (last.timestamp - first.timestamp) / max(1, count - 1)
    listed = last.timestamp - first.timestamp + step if count > 1 else stream.duration or 0
    return float(((stream.start_time or 0) + listed) * (stream.time_base or 0))


def _read_ends(
    container: av.container.InputContainer, streams: list[av.stream.Stream]
) -> list[float]:
    """Time at which each track's last packet ends; 0 for a track without any."""
    ends = {stream.index: 0.0 for stream in streams}
    for packet in container.demux(streams):
        if packet.size and packet.pts is not None and packet.time_base:
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            ends[packet.stream.index] = max(ends[packet.stream.index], end)
    return [ends[stream.index] for stream in streams]
