"""Picture and sound of a file as a corpus brings it, at 25 frames per second and 16 kHz.

Picture and sound of a file share one clock, which starts with the file; both are placed by their
time stamps, so an encoder's priming samples, a late first frame or a late first sample do not shift
one against the other.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mavsr.errors import InputError
from mavsr.media.rates import FRAME_RATE, SAMPLE_RATE

_SEEK_MARGIN_S = 1.0
"""Decoding starts this much before the interval: codecs need some frames to settle after a jump."""


def read_video(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """All frames of :func:`video_frames` at once: uint8 (T, H, W, 3), T >= 1."""
    return np.stack(list(video_frames(path, start, end)))


def video_frames(path: Path, start: float = 0.0, end: float = float("nan")) -> Iterator[np.ndarray]:
    """Frames of ``path`` shown in [start, end) seconds, resampled to 25 frames per second.

    Each tick of the 25 Hz clock takes, of the frames whose times round to it, the nearest; ticks
    that no frame rounds to show the last frame before. A rotation that the file asks for is carried
    out. Frames are decoded while they are taken, so that no clip is too long for the memory.

    Yields:
        RGB uint8 (H, W, 3), at least once; to be read only.

    Raises:
        InputError: the file cannot be read, has no video track or no frame in the interval.

    """
    last_tick = math.inf if math.isnan(end) else round((end - start) * FRAME_RATE)
    picture_of = _Converter()
    count = 0
    chosen: av.VideoFrame | None = None
    latest: av.VideoFrame | None = None
    distance = ticks_shown = 0.0
    with _reading(path, "video") as container:
        if not container.streams.video:
            raise InputError(f"{path}: no video track")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        origin = _begin(container, stream, start)
        for frame in container.decode(stream):
            if frame.time is None:
                raise InputError(f"{path}: frames without time stamps; remux the file")
            ticks = (frame.time - origin - start) * FRAME_RATE
            # Halves go down, else a 50 Hz clip would gain a tick after its last frame.
            tick = math.ceil(ticks - 0.5 - 1e-6)
            if tick >= last_tick:
                break
            ticks_shown = ticks + float((frame.duration or 0) * (frame.time_base or 0)) * FRAME_RATE
            if chosen is not None and tick > count:
                yield picture_of(chosen)
                count, chosen = count + 1, None
            # Nothing rounds to these ticks: they show what was shown last, or else what comes.
            while tick > count:
                yield picture_of(latest or frame)
                count += 1
            if tick == count and (chosen is None or abs(ticks - tick) < distance):
                chosen, distance = frame, abs(ticks - tick)
            latest = frame
    if latest is None or (ticks_shown <= 0 and chosen is None):
        raise InputError(f"{path}: no video frame{_between(start, end)}")
    yield picture_of(chosen or latest)
    for _ in range(int(min(round(ticks_shown), last_tick)) - count - 1):
        yield picture_of(latest)


class _Converter:
    """Turns decoded frames into upright RGB pixels.

    FFmpeg's conversion is set up once per file: for every frame anew it would take as long again.
    """

    def __init__(self):
        self._reformatter = VideoReformatter()
        self._last: tuple[av.VideoFrame, np.ndarray] | None = None

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        if self._last is None or self._last[0] is not frame:
            self._last = frame, self._convert(frame)
        return self._last[1]

    def _convert(self, frame: av.VideoFrame) -> np.ndarray:
        plane = self._reformatter.reformat(frame, format="rgb24").planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        pixels = rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)
        quarters = round(frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def read_audio(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Sound of ``path`` in [start, end) seconds, averaged to mono and resampled to 16 kHz.

    A track that begins after ``start`` is preceded by silence.

    Returns:
        float32 (N,), N >= 1.

    Raises:
        InputError: the file cannot be read, has no audio track or no sample in the interval.

    """
    pieces: list[np.ndarray] = []
    lead: int | None = None
    with _reading(path, "audio") as container:
        if not container.streams.audio:
            raise InputError(f"{path}: no audio track")
        stream = container.streams.audio[0]
        origin = _begin(container, stream, start)
        resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
        for frame in container.decode(stream):
            time = (frame.time or 0.0) - origin
            if time >= end + _SEEK_MARGIN_S:
                break
            if lead is None:
                lead = round((time - start) * SAMPLE_RATE)
            pieces += [_mono(piece) for piece in resampler.resample(frame)]
        if lead is not None:
            pieces += [_mono(piece) for piece in resampler.resample(None)]
    lead = lead or 0
    sound = np.concatenate([np.zeros(max(lead, 0), np.float32), *pieces])[max(-lead, 0) :]
    sound = sound if math.isnan(end) else sound[: round((end - start) * SAMPLE_RATE)]
    if sound.size <= max(lead, 0):
        raise InputError(f"{path}: no sound{_between(start, end)}")
    return sound


def _mono(piece: av.AudioFrame) -> np.ndarray:
    """Average the channels; FFmpeg's own mix would make a voice on both 3 dB louder, and clip."""
    return piece.to_ndarray().mean(axis=0)


def _between(start: float, end: float) -> str:
    if math.isnan(end):
        return f" after {start} s" if start else ""
    return f" between {start} s and {end} s"


@contextmanager
def _reading(path: Path, track: str) -> Iterator[av.container.InputContainer]:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a video or sound file ({error})") from error
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            raise InputError(f"{path}: the {track} track is damaged ({error})") from error


def _begin(container: av.container.InputContainer, stream: av.stream.Stream, start: float) -> float:
    """Jump shortly before ``start`` seconds and return the time stamp at which the file begins."""
    # A negative beginning is an encoder's priming, which the decoder drops.
    origin = max(0.0, (container.start_time or 0) / av.time_base)
    jump = start - _SEEK_MARGIN_S
    if jump > 0 and stream.time_base:
        container.seek(int((origin + jump) / stream.time_base), stream=stream)
    return origin
