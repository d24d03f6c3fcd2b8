"""How long a file is: what its container says, checked against its last packets."""

from pathlib import Path

import av

from mavsr.media.frames import INDEXED
from mavsr.media.opening import OpenFile, opened
from mavsr.media.survey import read_through, survey

_AGREES_S = 0.5
"""What a container says is taken if the packets end no farther from it."""
_TAIL_S = 1.0
"""Reading begins so long before the stated end."""
_SEGMENT = bytes.fromhex("18538067")
_HEAD_BYTES = 4096


def measure_length(path: Path) -> float:
    """Seconds from the beginning of a file to the end of its video or audio, whichever is later.

    Browsers write no length or a wrong one, so what a container says is believed only if the last
    packets lie there; or if the file is shorter than its header or index says, that is, cut off.

    Returns:
        the length; 0 if the file holds no packet with a time.

    Raises:
        InputError: the file cannot be read.

    """
    with opened(path, "video") as file:
        stated = (file.container.duration or 0) / av.time_base
        if file.may_jump:
            return max(survey(path).ends.values(), default=file.origin) - file.origin
        moved = _go_near_the_end(file, stated)
        measured = _measured(file)
    if moved and not measured:
        with opened(path, "video") as file:
            measured = _measured(file)
    cut_off = measured < stated and _is_cut_off_matroska(path)
    return stated if cut_off or abs(stated - measured) <= _AGREES_S else measured


def _go_near_the_end(file: OpenFile, stated: float) -> bool:
    names = set(file.container.format.name.split(","))
    if stated <= _TAIL_S or not names & INDEXED:
        return False
    try:
        stream = file.tracks[0] if file.tracks else None
        base = (stream and stream.time_base) or 1 / av.time_base
        file.container.seek(round((file.origin + stated - _TAIL_S) / base), stream=stream)
    except av.FFmpegError:
        return False
    return True


def _measured(file: OpenFile) -> float:
    """Seconds at which the last packet from here on ends, or the last that is listed."""
    ends = list(read_through(file).ends.values())
    for stream in file.tracks if "mov" in file.container.format.name.split(",") else ():
        entries = stream.index_entries
        if len(entries) > 1 and stream.time_base:
            step = entries[-1].timestamp - entries[-2].timestamp
            ends.append(float((entries[-1].timestamp + step) * stream.time_base))
    return max([0.0, *(end - file.origin for end in ends)])


def _is_cut_off_matroska(path: Path) -> bool:
    """Whether a Matroska or WebM file ends before its segment does.

    A segment is its identifier, its size (eight bytes, of which the first is 1 and none counts if
    all bits are set: not known) and so many bytes.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    place = head.find(_SEGMENT)
    size = head[place + 4 : place + 12]
    if place < 0 or size[:1] != b"\1" or size[1:] == b"\xff" * 7:
        return False
    return place + 12 + int.from_bytes(size[1:]) > path.stat().st_size
