"""Mouth crops as soon as they can be made: while a clip is looked through, not after it.

The crop of a frame needs the points of a few frames behind it, and to be the right person's. Both
are there soon, as a rule, so that no frame has to be read twice, and crops are made and stored
while the next frames are looked at. Where they are not, there are no early crops, and the frames
are read again.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.ahead import Behind
from mavsr.mouths.align import SMOOTHING_MARGIN, crop_mouth, smoothed
from mavsr.mouths.faces import Person
from mavsr.mouths.tracking import Trail

Stored = TypeVar("Stored")

_MOST_WAITING, _MOST_BYTES = 32, 48 * 2**20
"""So many frames, and so many bytes of them, may wait to be cropped."""


class EarlyCrops(Generic[Stored]):
    """Crops the mouth of whoever leads, as long as it is the same person and always to be seen.

    A context: leaving it ends the thread that crops.
    """

    def __init__(self, store: Callable[[Iterator[np.ndarray]], Stored]):
        """Crop for ``store``, which takes the crops of a clip, RGB uint8 (96, 96, 3)."""
        self._store = store
        self._threads = ExitStack()
        self._behind: Behind[tuple[np.ndarray, np.ndarray, int], Stored] | None = None
        self._person: Person | None = None
        self._frames: deque[np.ndarray] = deque()
        self._points: list[np.ndarray] = []
        self._cropped = 0
        self._given_up = False

    def see(self, trails: Sequence[Trail], frames: dict[int, np.ndarray]) -> None:
        """Take the next frames, with the trail of who leads, if there is anybody."""
        leader = trails[0].person if trails else None
        self._person = self._person or leader
        if leader is None or leader is not self._person:
            self._give_up()
        for number, frame in frames.items():
            if self._given_up or number < len(self._points):
                continue
            points = trails[0].points(number)
            if points is None or number > len(self._points):
                self._give_up()
            else:
                self._frames.append(frame)
                self._points.append(points)
        self._crop(len(self._points) - SMOOTHING_MARGIN)

    def of(self, person: Person, landmarks: np.ndarray) -> Stored | None:
        """What ``store`` has made of the crops of a clip, or None.

        Args:
            person: whose mouth it should be.
            landmarks: float (T, 4, 2) as they are in the end.

        """
        if self._given_up or person is not self._person or len(self._points) != len(landmarks):
            return None
        self._crop(len(landmarks))
        if self._given_up or self._behind is None:
            return None
        try:
            return self._behind.result()
        except InputError:
            return None  # whoever crops them later says why it cannot be done

    def _crop(self, end: int) -> None:
        """Let the frames before ``end`` be cropped."""
        if self._given_up or end <= self._cropped:
            return
        if self._behind is None:
            count = min(_MOST_WAITING, max(1, _MOST_BYTES // self._frames[0].nbytes))
            self._behind = self._threads.enter_context(Behind(self._store_crops, count))
        points = np.array(self._points)
        for number in range(self._cropped, end):
            taken = self._frames.popleft(), smoothed(points, number), number
            if not self._behind.put(taken):
                self._give_up()
                return
        self._cropped = end

    def _store_crops(self, taken: Iterator[tuple[np.ndarray, np.ndarray, int]]) -> Stored:
        return self._store(crop_mouth(frame, points, number) for frame, points, number in taken)

    def _give_up(self) -> None:
        self._given_up = True
        self._frames.clear()
        self._threads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.close()
