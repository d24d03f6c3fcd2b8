"""How long the tracks of a file are, by its packets; nothing is decoded.

What a container states as its length is not believed: browsers state none or a wrong one. MP4 and
its like list their packets, which is enough. Of other containers the last packets are read where
an index leads there, else all of them; transport and program streams once per process for this and
for reading parts of them (:mod:`mavsr.media.survey`).
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import av

from mavsr.media.frames import INDEXED
from mavsr.media.opening import Kind, OpenFile, opened
from mavsr.media.survey import read_through, survey

_TAIL_S = 1.0
"""Reading begins so long before the stated end."""
_AGREES_S = 0.5
"""A list that ends so much before the stated end is not the whole list."""
_HEAD = 4096
"""First bytes of a file, in which Matroska and AVI state its size."""


@dataclass(frozen=True)
class Extent:
    """How far a file reaches.

    Attributes:
        ends: when each main track ends, in seconds from the file's beginning; 0 or less for one
            without packets.
        size: bytes up to the end of the last packet that the container lists; 0 if it lists none.

    """

    ends: dict[Kind, float]
    size: int = 0


def measure(path: Path) -> Extent:
    """Measure the main video and audio track of a file.

    A Matroska file that was cut off has the length that it should have, as an MP4 file has whose
    list of packets comes first.

    Raises:
        InputError: the file cannot be read.

    """
    extent = _measure(path, whole=False)
    # A track may end long before the others do, so that the last packets tell nothing of it.
    return extent if min(extent.ends.values(), default=0.0) > 0 else _measure(path, whole=True)


def _measure(path: Path, whole: bool) -> Extent:
    with opened(path, "video") as file:
        stated = (file.container.duration or 0) / av.time_base
        if _lists_packets(file):
            extent = _listed(file)
            # The header may list the first fragment, while the others are still to be found.
            if max(extent.ends.values()) > stated - _AGREES_S:
                return extent
        elif not whole:
            _go_near_the_end(file, stated)
        ends = survey(path).ends if file.may_jump else read_through(file).ends
        least = stated if stated_bytes(path) > path.stat().st_size else 0.0
        origin = file.origin
        kinds = [_kind(track) for track in file.tracks]
        return Extent({kind: max(ends.get(kind, origin) - origin, least) for kind in kinds})


def _kind(track: av.VideoStream | av.AudioStream) -> Kind:
    return "video" if isinstance(track, av.VideoStream) else "audio"


def _lists_packets(file: OpenFile) -> bool:
    """Whether the container has a list of all packets, as an MP4 file without fragments has."""
    # A fragmented file counts no frames in its header; its list grows while it is read.
    return "mov" in _names(file) and bool(file.tracks) and file.tracks[0].frames > 0


def _listed(file: OpenFile) -> Extent:
    ends: dict[Kind, float] = {}
    size = 0
    for track in file.tracks:
        entries = track.index_entries
        count = len(entries)
        ends[_kind(track)] = 0.0
        if not count or not track.time_base:
            continue
        first, last = entries[0], entries[count - 1]
        size = max(size, last.pos + last.size)
        step = (last.timestamp - first.timestamp) / max(1, count - 1)
        listed = last.timestamp - first.timestamp + step if count > 1 else track.duration or 0
        end = float(((track.start_time or 0) + listed) * track.time_base)
        ends[_kind(track)] = end - file.origin
    return Extent(ends, size)


def _go_near_the_end(file: OpenFile, stated: float) -> None:
    """Move to shortly before the stated end, if the container has an index that leads there."""
    if stated <= _TAIL_S or not _names(file) & INDEXED:
        return
    track = file.tracks[0] if file.tracks else None
    unit = (track and track.time_base) or 1 / av.time_base
    with contextlib.suppress(av.FFmpegError):  # it refuses before it moves
        file.container.seek(round((file.origin + stated - _TAIL_S) / unit), stream=track)


def _names(file: OpenFile) -> set[str]:
    return set(file.container.format.name.split(","))


def stated_bytes(path: Path) -> int:
    """Size of a whole Matroska, WebM or AVI file as its header states it; 0 if it does not."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
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
