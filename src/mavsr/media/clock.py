"""Time stamps that jump become one clock."""

import av

_FORWARD_S, _BACKWARD_S = 10.0, 0.1
"""Jumps beyond these are no gaps but another clock: FFmpeg's own limits."""


class Clock:
    """Joins the clocks of a file whose time stamps jump, such as transport streams put together.

    Where a track's decoding times jump, the new clock is set so that the track goes on without a
    gap; its other tracks follow by the same offset. Packets of the old clock may still come after
    the first of the new.

    Args:
        offset: seconds to add to the time stamps, until they jump.

    """

    def __init__(self, offset: float = 0.0):
        self.offset = offset
        self._before = offset
        self._expected: dict[int, float] = {}

    def set(self, packet: av.Packet) -> float:
        """Put a packet's time stamps on the one clock; call it for every packet, in their order.

        Returns:
            the seconds that were added.

        """
        dts, base = packet.dts, packet.time_base
        if dts is None or not base:
            return self.offset
        unit, track = float(base), packet.stream.index
        expected = self._expected.get(track)
        offset = self.offset if expected is None else self._fitting(dts * unit, expected)
        self._expected[track] = (dts + (packet.duration or 0)) * unit + offset
        shift(packet, offset)
        return offset

    def _fitting(self, time: float, expected: float) -> float:
        """The offset by which ``time`` is about what is expected; a new one if it jumped."""
        for offset in (self.offset, self._before):
            if -_BACKWARD_S <= time + offset - expected <= _FORWARD_S:
                return offset
        self.offset, self._before = expected - time, self.offset
        return self.offset


def shift(packet: av.Packet, offset: float) -> None:
    """Add ``offset`` seconds to a packet's time stamps."""
    if offset and packet.time_base:
        ticks = round(offset / float(packet.time_base))
        packet.dts = None if packet.dts is None else packet.dts + ticks
        packet.pts = None if packet.pts is None else packet.pts + ticks
