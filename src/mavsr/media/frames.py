"""Decoded frames of a track with their times, from shortly before a moment on.

A part of a file shall be what the same span of the whole file is. So decoding begins at a place
from which it is known to come right: at a key frame some time before, and at the file's beginning
where the container gives no way to find one. Where time stamps of audio are rounded to 1 ms
(Matroska, WebM, FLV, ASF), nothing amid the file tells in which direction, so that there a part's
audio may lie up to 1 ms beside that of the whole.
"""

import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Generic, Literal, NamedTuple, TypeVar, overload

import av

from mavsr.media.clock import Clock, shift
from mavsr.media.opening import Kind, OpenFile, opened
from mavsr.media.survey import Place, Survey, survey

Frame = TypeVar("Frame", av.VideoFrame, av.AudioFrame)

_RUN_UPS_S = (1.0, 5.0, math.inf)
"""Decoding begins this much before the moment: codecs need some frames to settle after a jump. The
next is taken if the frames turn out to begin too late."""
_SETTLED_S = 0.1
"""So long before the moment the first frame must be: Opus asks for 80 ms."""
_INDEXED = {"mov", "matroska", "avi", "flv", "wav", "flac", "asf"}
"""Containers whose time stamps FFmpeg finds reliably."""
_SURVEYED = {"mpegts", "mpeg"}


class Timed(NamedTuple, Generic[Frame]):
    """A decoded frame.

    Attributes:
        time: when it begins, in seconds from the file's beginning.
        frame: the frame.
        file: the open file.
        jumped: whether decoding began amid the file.

    """

    time: float
    frame: Frame
    file: OpenFile
    jumped: bool


@overload
def timed_frames(
    path: Path, kind: Literal["video"], start: float
) -> Generator[Timed[av.VideoFrame], None, None]: ...


@overload
def timed_frames(
    path: Path, kind: Literal["audio"], start: float
) -> Generator[Timed[av.AudioFrame], None, None]: ...


def timed_frames(path, kind, start):
    """Frames of the main track of one kind, in the order in which they are shown.

    Yields:
        the frames; the first begins before ``start`` seconds, if the track does.

    Raises:
        InputError: the file cannot be read or has no such track.

    """
    for run_up in _RUN_UPS_S:
        with opened(path, kind) as file:
            stream = file.track(kind)
            # Frames leave a decoder of several threads without the times of their packets.
            stream.codec_context.thread_count = 1
            origin = file.origin
            try:
                jump = _jump(file, kind, start - run_up)
            except av.FFmpegError:
                # Matroska without an index has been read to its end by now.
                continue
            frames = _decode(file, stream, jump)
            first = next(frames, None)
            if jump is None or (first and first[0] - origin <= start - _SETTLED_S):
                if first:
                    yield Timed(first[0] - origin, first[1], file, jump is not None)
                    del first
                for time, frame in frames:
                    yield Timed(time - origin, frame, file, jump is not None)
                return


class _Jump(NamedTuple):
    """Where a file was moved to, and what is known of the packets there."""

    place: Place | None = None
    survey: Survey | None = None

    def begins_with(self, packet: av.Packet) -> bool:
        """Whether ``packet`` is the first to decode."""
        return packet.is_keyframe if self.place is None else self.place.is_at(packet)


def _jump(file: OpenFile, kind: Kind, time: float) -> _Jump | None:
    """Move to a key frame before ``time`` seconds; None if the file stays at its beginning.

    Raises:
        av.FFmpegError: that failed, and nobody knows where the file stands.

    """
    stream = file.track(kind)
    if time <= 0 or not stream.time_base:
        return None
    if finds_times(file, stream):
        ticks = int((file.origin + time) / stream.time_base)
        file.container.seek(ticks, stream=stream)
        return _Jump()
    if file.formats & _SURVEYED:
        surveyed = survey(file.path)
        place = surveyed.before(kind, file.origin + time)
        if place is not None:
            file.container.seek(place.approach, unsupported_byte_offset=True)
            return _Jump(place, surveyed)
    return None


def finds_times(file: OpenFile, stream: av.VideoStream | av.AudioStream) -> bool:
    """Whether moving to a time leads there, and time stamps are right from there on."""
    # WAV has no index: FFmpeg goes by the stated bytes per second, a rounded or nominal number.
    exact = "wav" not in file.formats or stream.codec_context.name.startswith("pcm_")
    return exact and bool(file.formats & _INDEXED)


def _decode(
    file: OpenFile, stream: av.VideoStream | av.AudioStream, jump: _Jump | None
) -> Iterator[tuple[float, av.VideoFrame | av.AudioFrame]]:
    """Frames with their time stamps in seconds, put on one clock."""
    clock = Clock()
    offset = jump.place.offset if jump and jump.place else 0.0
    time_of = _Times()
    settled = jump is None
    begun = jump is None
    first_shown: int | None = None
    jumping = file.may_jump and jump is None
    for packet in file.container.demux(file.tracks if jumping else stream):
        if jump and not begun and not jump.begins_with(packet):
            continue
        if jumping:
            clock.set(packet)
        elif jump and jump.survey:
            offset = jump.survey.offset_of(packet, offset)
            shift(packet, offset)
        if packet.stream is not stream:
            continue
        if jump and not begun:
            first_shown = packet.pts
        begun = True
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError:
            # A jump may land in the middle of what belongs together.
            if settled:
                raise
            continue
        for frame in frames:
            time = time_of(frame)
            # Frames shown before the first key frame lean on frames that were jumped over.
            if first_shown is None or frame.pts is None or frame.pts >= first_shown:
                settled = True
                yield time, frame


class _Times:
    """When a frame is shown: its presentation time, or decoding time, whichever is more reliable.

    AVI knows no presentation times; those that FFmpeg makes up go back and forth. It counts how
    often either went back and takes the better, as does this, which PyAV does not.
    """

    def __init__(self):
        self._last: list[int | None] = [None, None]
        self._faults = [0, 0]
        self._time: float | None = None
        self._before_s = 0.0

    def __call__(self, frame: av.VideoFrame | av.AudioFrame) -> float:
        presented, decoded = frame.pts, frame.dts
        self._count(0, presented, decoded)
        self._count(1, decoded, presented)
        if presented is not None and (self._faults[0] <= self._faults[1] or decoded is None):
            self._time = frame.time or 0.0
        elif decoded is not None and frame.time_base:
            self._time = float(decoded * frame.time_base)
        elif self._time is None:
            self._time = 0.0
        else:
            # Elementary streams have no time stamps at all; of the frames that a packet decodes to,
            # only the first has one.
            self._time += self._before_s
        self._before_s = _seconds(frame)
        return self._time

    def _count(self, number: int, stamp: int | None, other: int | None) -> None:
        last = self._last[number]
        if stamp is not None and last is not None and stamp <= last:
            self._faults[number] += 1
        self._last[number] = other if stamp is None else stamp


def _seconds(frame: av.VideoFrame | av.AudioFrame) -> float:
    """How long a frame lasts."""
    if isinstance(frame, av.AudioFrame):
        # Each frame of a packet states the whole packet's duration.
        return frame.samples / frame.sample_rate
    return float((frame.duration or 0) * (frame.time_base or 0))
