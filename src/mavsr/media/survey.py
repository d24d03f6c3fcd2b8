"""Where in a transport or program stream decoding may begin, and where the stream ends.

Such files have no index, and their time stamps may jump, so FFmpeg's own search by time lands
anywhere. Their packets are read through once per file and process, which decodes nothing.
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path

import av

from mavsr.media.clock import Clock
from mavsr.media.opening import Kind, OpenFile, opened

_SPACING_S = 0.5
"""Every audio packet is a place to begin at; one in this time is enough."""


_Mark = tuple[int, int | None, int | None]
"""A packet's track, position and time stamp."""


@dataclass(frozen=True)
class Place:
    """A packet that decoding can begin with.

    Attributes:
        time: its time on the one clock, seconds.
        position: of its first byte in the file.
        stamp: its time stamp in the file.
        approach: where to begin reading to arrive at it. The reader of program streams takes the
            rest of the packet before for the beginning of this, if it begins to read here.
        offset: of the one clock there, see :class:`mavsr.media.clock.Clock`.

    """

    time: float
    position: int
    stamp: int
    approach: int
    offset: float

    def is_at(self, packet: av.Packet) -> bool:
        """Whether ``packet`` is this one, as the file has it."""
        return (packet.pos, _stamp(packet)) == (self.position, self.stamp)


@dataclass
class Survey:
    """What reading a file's packets showed.

    Attributes:
        places: of both main tracks, in their order.
        ends: time at which each of them ends, seconds.
        offsets: of the one clock, at each packet from which another holds on its track.

    """

    places: dict[Kind, list[Place]] = field(default_factory=dict)
    ends: dict[Kind, float] = field(default_factory=dict)
    offsets: dict[_Mark, float] = field(default_factory=dict)

    def offset_of(self, packet: av.Packet, before: float) -> float:
        """Offset of the clock at ``packet``, as the file has it; ``before``, if it goes on."""
        return self.offsets.get(_mark(packet), before)

    def before(self, kind: Kind, time: float) -> Place | None:
        """The last place of a track not after ``time``; None if there is none."""
        return next((p for p in reversed(self.places.get(kind, [])) if p.time <= time), None)


def survey(path: Path) -> Survey:
    """Read the packets of a file, once per process as long as it is the same.

    Raises:
        InputError: it cannot be read.

    """
    status = path.stat()
    return _survey(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _survey(path: Path, size: int, changed: int) -> Survey:
    with opened(path, "video") as file:
        return read_through(file)


def read_through(file: OpenFile) -> Survey:
    """Read the packets of an open file from where it stands to its end."""
    found = Survey()
    clock = Clock()
    offsets: dict[Kind, float] = {}
    for packet in file.container.demux(file.tracks):
        if not packet.size or not packet.time_base:
            continue
        kind: Kind = "video" if packet.stream is file.video else "audio"
        unit = float(packet.time_base)
        stamp = _stamp(packet)
        offset = clock.set(packet) if file.may_jump else 0.0
        if offset != offsets.get(kind, 0.0):
            offsets[kind] = found.offsets[packet.stream.index, packet.pos, stamp] = offset
        # Elementary streams have no time stamps, only durations.
        time = found.ends.get(kind, 0.0) if stamp is None else stamp * unit + offset
        end = time + (packet.duration or 0) * unit
        # What an edit list hides is decoded, but not shown.
        if not packet.is_discard:
            found.ends[kind] = max(end, found.ends.get(kind, end))
        if file.may_jump and packet.is_keyframe and packet.pos is not None and stamp is not None:
            places = found.places.setdefault(kind, [])
            if kind == "video" or not places or time >= places[-1].time + _SPACING_S:
                approach = places[-1].position if places else 0
                places.append(Place(time, packet.pos, stamp, approach, offset))
    return found


def _stamp(packet: av.Packet) -> int | None:
    return packet.dts if packet.pts is None else packet.pts


def _mark(packet: av.Packet) -> _Mark:
    return packet.stream.index, packet.pos, _stamp(packet)
