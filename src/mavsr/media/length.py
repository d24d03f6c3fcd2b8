"""How long the tracks of a file are, by its packets; nothing is decoded.

What a container states as its length is not believed: browsers state none or a wrong one. MP4 and
its like list their packets, which is enough where frames are equally long. Else the last packets
are read where an index leads there, or all of them; transport and program streams once per process
for this and for reading parts of them (:mod:`mavsr.media.survey`).
"""

import contextlib
import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import av

from mavsr.media.frames import finds_times
from mavsr.media.opening import Kind, OpenFile, opened
from mavsr.media.stated import stated_bytes
from mavsr.media.survey import read_through, survey

_TAIL_S = 1.0
"""Reading begins so long before the stated end."""
_AGREES_S = 0.5
"""A list that ends so much before the stated end is not the whole list."""


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


def measure(path: Path | str) -> Extent:
    """Measure the main video and audio track of a file.

    A Matroska file that was cut off has the length that it should have, as an MP4 file has whose
    list of packets comes first.

    Raises:
        InputError: the file cannot be read.

    """
    path = Path(path)
    extent = _measure(path, whole=False)
    # A track may end long before the others do, so that the last packets tell nothing of it.
    return extent if min(extent.ends.values(), default=0.0) > 0 else _measure(path, whole=True)


def _measure(path: Path, whole: bool) -> Extent:
    with opened(path, "video") as file:
        stated = (file.container.duration or 0) / av.time_base
        listed, exact = _listed(file) if _lists_packets(file) else (Extent({}), False)
        # The header may list the first fragment, while the others are still to be found.
        complete = max(listed.ends.values(), default=stated) > stated - _AGREES_S
        if exact and complete:
            return listed
        if complete and not whole:
            _go_near_the_end(file, stated)
        ends = survey(path).ends if file.may_jump else read_through(file).ends
        least = stated if stated_bytes(path) > path.stat().st_size else 0.0
        origin = file.origin
        kinds = [_kind(track) for track in file.tracks]
        ends = {kind: max(ends.get(kind, origin) - origin, least) for kind in kinds}
        return Extent(ends, listed.size)


def _kind(track: av.VideoStream | av.AudioStream) -> Kind:
    return "video" if isinstance(track, av.VideoStream) else "audio"


def _lists_packets(file: OpenFile) -> bool:
    """Whether the container has a list of all packets, as an MP4 file without fragments has."""
    # A fragmented file counts no frames in its header; its list grows while it is read.
    return "mov" in file.formats and bool(file.tracks) and file.tracks[0].frames > 0


def _listed(file: OpenFile) -> tuple[Extent, bool]:
    """What the container's list of packets tells, and whether it does so to the frame."""
    ends: dict[Kind, float] = {}
    size, exact = 0, True
    for track in file.tracks:
        ends[_kind(track)] = 0.0
        entries = list(track.index_entries)
        # An edit list hides packets, such as those from a key frame to where a cut begins.
        shown = [entry.timestamp for entry in entries if not entry.is_discard]
        if not shown or not track.time_base:
            continue
        size = max(size, entries[-1].pos + entries[-1].size)
        steps = Counter(later - time for time, later in itertools.pairwise(shown))
        step = steps.most_common(1)[0][0] if steps else track.duration or 0
        listed = shown[-1] - shown[0] + step
        end = float(((track.start_time or 0) + listed) * track.time_base)
        ends[_kind(track)] = end - file.origin
        if isinstance(track, av.VideoStream):
            # Listed are the times of decoding. Those of showing differ from them by the same at the
            # beginning and at the end, if frames are equally long and none is hidden.
            exact = len(steps) <= 1 and len(shown) == len(entries)
    return Extent(ends, size), exact


def _go_near_the_end(file: OpenFile, stated: float) -> None:
    """Move to shortly before the stated end, if the container has an index that leads there."""
    track = file.tracks[0] if file.tracks else None
    if stated <= _TAIL_S or track is None or not finds_times(file, track):
        return
    unit = track.time_base or 1 / av.time_base
    with contextlib.suppress(av.FFmpegError):
        file.container.seek(round((file.origin + stated - _TAIL_S) / unit), stream=track)
