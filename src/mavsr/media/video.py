"""Pictures of a file as a corpus brings it, at 25 frames per second."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from mavsr.errors import InputError
from mavsr.media.frames import timed_frames
from mavsr.media.opening import between
from mavsr.media.picture import Picture
from mavsr.media.rates import FRAME_RATE


def read_video(path: Path | str, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """All frames of :func:`video_frames` at once: uint8 (T, H, W, 3), T >= 1."""
    return np.stack(list(video_frames(path, start, end)))


def video_frames(
    path: Path | str, start: float = 0.0, end: float = float("nan")
) -> Iterator[np.ndarray]:
    """Frames of ``path`` shown in [start, end) seconds, resampled to 25 frames per second.

    Each tick of the 25 Hz clock takes, of the frames whose times round to it, the nearest; ticks
    that no frame rounds to show the last frame before. Turns, mirrors and pixel shapes that the
    file asks for are carried out, see :class:`mavsr.media.picture.Picture`. Frames are decoded
    while they are taken, so that no clip is too long for the memory.

    Yields:
        RGB uint8 (H, W, 3), at least once, all of one size; to be read only.

    Raises:
        InputError: the file cannot be read, has no video track, no frame in the interval, or asks
            to be shown in a way that cannot be carried out.

    """
    path = Path(path)
    last_tick = math.inf if math.isnan(end) else round((end - start) * FRAME_RATE)
    picture_of: Picture | None = None
    count = 0
    chosen: av.VideoFrame | None = None
    latest: av.VideoFrame | None = None
    distance = latest_ticks = ticks_shown = 0.0
    # The file stays open until the last frame is turned into pixels.
    with contextlib.closing(timed_frames(path, "video", start)) as frames:
        for time, frame, file, _ in frames:
            picture_of = picture_of or Picture(file)
            ticks = (time - start) * FRAME_RATE
            # Halves go down, else a 50 Hz clip would gain a tick after its last frame.
            tick = math.ceil(ticks - 0.5 - 1e-6)
            if tick >= last_tick:
                # What is shown stays until this frame, or is this one if the track begins with it.
                latest, ticks_shown = latest or frame, last_tick
                break
            if chosen is not None and tick > count:
                yield picture_of(chosen)
                count, chosen = count + 1, None
            # Nothing rounds to these ticks: they show what was shown last, or else what comes.
            while tick > count:
                yield picture_of(latest or frame)
                count += 1
            if tick == count and (chosen is None or abs(ticks - tick) < distance):
                chosen, distance = frame, abs(ticks - tick)
            if latest is None or ticks >= latest_ticks:
                latest, latest_ticks = frame, ticks
        else:
            ticks_shown = latest_ticks + _ticks_of(latest)
        if picture_of is None or latest is None or (ticks_shown <= 0 and chosen is None):
            raise InputError(f"{path}: no video frame{between(start, end)}")
        yield picture_of(chosen or latest)
        for _ in range(int(min(round(ticks_shown), last_tick)) - count - 1):
            yield picture_of(latest)


def _ticks_of(frame: av.VideoFrame | None) -> float:
    """How long a frame says it is shown."""
    if frame is None:
        return 0.0
    return float((frame.duration or 0) * (frame.time_base or 0)) * FRAME_RATE
