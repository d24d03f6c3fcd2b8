"""Mouth crops as soon as they can be made: while a clip is looked through, not after it.

The crop of a frame needs the points of a few frames behind it, and to be the right person's. Both
are there soon, as a rule, so that no frame has to be read twice. Where they are not, there are no
early crops, and the frames are read again.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.align import SMOOTHING_MARGIN, crop_mouth, smoothed
from mavsr.mouths.faces import Person
from mavsr.mouths.tracking import Trail

_MOST_BYTES = 128 * 2**20
"""Room for the crops: 194 s."""


class EarlyCrops:
    """Crops the mouth of whoever leads, as long as it is the same person and always to be seen."""

    def __init__(self):
        self._person: Person | None = None
        self._frames: deque[np.ndarray] = deque()
        self._points: list[np.ndarray] = []
        self._crops: list[np.ndarray] = []
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

    def of(self, person: Person, landmarks: np.ndarray) -> list[np.ndarray] | None:
        """The crops of a clip, RGB uint8 (96, 96, 3), or None.

        Args:
            person: whose mouth it should be.
            landmarks: float (T, 4, 2) as they are in the end.

        """
        if self._given_up or person is not self._person or len(self._points) != len(landmarks):
            return None
        self._crop(len(landmarks))
        return None if self._given_up else self._crops

    def _crop(self, end: int) -> None:
        """Crop the frames before ``end``."""
        if self._given_up or end <= len(self._crops):
            return
        points = np.array(self._points)
        try:
            for number in range(len(self._crops), end):
                frame = self._frames.popleft()
                self._crops.append(crop_mouth(frame, smoothed(points, number), number))
        except InputError:
            self._give_up()  # whoever crops them later says why it cannot be done
            return
        if len(self._crops) * self._crops[0].nbytes > _MOST_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        self._given_up = True
        self._frames.clear()
        self._crops.clear()
