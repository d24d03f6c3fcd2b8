"""Open a file and find in it the track that a player takes, and the zero of its clock."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, overload

import av
from av.format import Flags
from av.stream import Disposition

from mavsr.errors import InputError

Kind = Literal["video", "audio"]

_NO_VIDEO = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
"""Covers and previews, which containers list as video tracks."""


@dataclass(frozen=True)
class OpenFile:
    """A file open for reading.

    Attributes:
        path: the file.
        container: FFmpeg's view of it.
        video: its main video track; None if it has none.
        audio: its main audio track; None if it has none.
        size: width and height of the first frames, as stored; both may change within the track.
        aspect: width of their pixels in heights, as far as the codec says it.

    """

    path: Path
    container: av.container.InputContainer
    video: av.VideoStream | None
    audio: av.AudioStream | None
    size: tuple[int, int]
    aspect: Fraction | None

    @overload
    def track(self, kind: Literal["video"]) -> av.VideoStream: ...

    @overload
    def track(self, kind: Literal["audio"]) -> av.AudioStream: ...

    def track(self, kind):
        """The main track of one kind.

        Raises:
            InputError: there is none.

        """
        stream = self.video if kind == "video" else self.audio
        if stream is None:
            raise InputError(f"{self.path}: no {kind} track")
        return stream

    @property
    def tracks(self) -> list[av.VideoStream | av.AudioStream]:
        """The main tracks there are."""
        return [stream for stream in (self.video, self.audio) if stream is not None]

    @property
    def formats(self) -> set[str]:
        """FFmpeg's names of the container."""
        return set(self.container.format.name.split(","))

    @property
    def may_jump(self) -> bool:
        """Whether time stamps may jump within the file, as in transport and program streams."""
        jumping: Any = Flags.ts_discont.value
        return bool(self.container.format.flags & jumping)

    @property
    def origin(self) -> float:
        """Time stamp, in seconds, at which the file begins: that of its earlier main track.

        Other tracks do not count: each program of a transport stream has a clock of its own.
        """
        starts = [
            float(stream.start_time * stream.time_base)
            for stream in self.tracks
            if stream.start_time is not None and stream.time_base
        ]
        origin = min(starts, default=0.0)
        # Time stamps of broadcasts are negative before they wrap around. Elsewhere a negative
        # beginning is an encoder's priming, which the decoder drops.
        return origin if self.may_jump else max(0.0, origin)


def ffmpeg_name(path: Path | str) -> str:
    """A file's name for FFmpeg, which takes what a name has before a first colon for a protocol."""
    return str(Path(path).absolute())


@contextmanager
def opened(path: Path, what: str) -> Iterator[OpenFile]:
    """Open ``path`` for reading; FFmpeg's errors inside the block name the file.

    Args:
        path: the file.
        what: what is read of it, for messages: "video" or "audio".

    Raises:
        InputError: it is no media file, or reading it failed.

    """
    try:
        container = av.open(ffmpeg_name(path))
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a video or audio file ({error})") from error
    with container:
        try:
            # Players take the first track that is flagged default, else the first. FFmpeg's own
            # choice goes on to compare bit rates.
            video = next(iter(_candidates(container, "video")), None)
            audio = _beside(container, video, _candidates(container, "audio"))
            size, aspect = _size(path, video) if video else ((0, 0), None)
            yield OpenFile(path, container, video, audio, size, aspect)
        except av.FFmpegError as error:
            raise InputError(f"{path}: the {what} track is damaged ({error})") from error


def _size(path: Path, video: av.VideoStream) -> tuple[tuple[int, int], Fraction | None]:
    """Width and height (pixels) and pixel aspect of a track's first frames.

    Where a transport or program stream has no picture in its first seconds, FFmpeg has not met one
    when it stops looking for what the tracks are.

    Raises:
        InputError: no picture can be decoded.

    """
    context = video.codec_context
    if not context.width:
        with av.open(ffmpeg_name(path)) as container:
            again: Any = container.streams[video.index]
            frame: Any = next(container.decode(again), None)
            if frame is None:
                raise InputError(f"{path}: no frame of its video track can be decoded")
            return (frame.width, frame.height), again.codec_context.sample_aspect_ratio
    return (context.width, context.height), context.sample_aspect_ratio


def _candidates(container: av.container.InputContainer, kind: Kind) -> list[Any]:
    """The tracks of one kind that can be decoded; only those flagged default, if any is."""
    streams = [
        stream
        for stream in getattr(container.streams, kind)
        if not stream.disposition & _NO_VIDEO and stream.codec_context
    ]
    return [stream for stream in streams if stream.disposition & Disposition.default] or streams


def _beside(
    container: av.container.InputContainer, video: av.VideoStream | None, audio: list[Any]
) -> av.AudioStream | None:
    """The first audio track of the video's program.

    Only transport streams bundle tracks to programs. PyAV does not list those, but finds the best
    video of an audio track's program.
    """
    same = [track for track in audio if container.streams.best("video", related=track) is video]
    return next(iter(same or audio), None)


def between(start: float, end: float) -> str:
    """The words for a part of a file in a message; none for all of it."""
    if math.isnan(end):
        return f" after {start} s" if start else ""
    return f" between {start} s and {end} s"
