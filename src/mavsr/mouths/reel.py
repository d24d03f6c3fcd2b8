"""The frames of one clip, for whoever may have to read them more than once.

Clips up to a limit are held in memory; the frames of longer ones are decoded anew each time. So
memory stays bounded whatever the clip's length, and the usual clip (of 16 s at most in LRS2 and
LRS3: 60 MB) is decoded once in any case. What comes out is the same.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mavsr.media import video_frames

HELD_BYTES = 128 * 2**20
"""Room for 35 s of 224x224 at 25 frames per second."""


@functools.cache
def held_memory(size: int = HELD_BYTES) -> np.ndarray:
    """Room for the frames of one clip after the other, the same for all clips of a process.

    Memory that is asked for anew is handed out page by page, which takes longer than copying a
    frame into it. Pages that no clip reaches cost nothing.
    """
    return np.empty(size, np.uint8)


class Reel:
    """Frames of ``path`` in [start, end) seconds, at 25 per second; iterate over it repeatedly.

    Frames are RGB uint8 (H, W, 3), to be read only, and good until ``memory`` is used for the next
    clip.

    Args:
        path: the video.
        start: see :func:`mavsr.media.video_frames`, as for ``end``.
        end: end of the interval; NaN means the end of the file.
        memory: where to hold frames, see :func:`held_memory`.

    """

    def __init__(self, path: Path, start: float, end: float, memory: np.ndarray):
        self._source = path, start, end
        self._memory = memory
        self._held: list[np.ndarray] | None = None
        self._count = 0

    def __len__(self) -> int:
        """Count the frames, which reads the clip if nobody did yet."""
        if not self._count:
            self._count = sum(1 for _ in self)
        return self._count

    @property
    def counted(self) -> bool:
        """Whether the clip has been read to its end."""
        return bool(self._count)

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._held is not None:
            yield from self._held
        elif self._count:
            yield from video_frames(*self._source)
        else:
            yield from self._first_reading()

    def _first_reading(self) -> Iterator[np.ndarray]:
        held: list[np.ndarray] | None = []
        count = used = 0
        for frame in video_frames(*self._source):
            if held is not None and used + frame.nbytes <= len(self._memory):
                place = self._memory[used : used + frame.nbytes].reshape(frame.shape)
                place[:] = frame
                held.append(place)
                used += frame.nbytes
            else:
                held = None
            count += 1
            yield frame if held is None else held[-1]
        self._held, self._count = held, count
