"""Where a clip is cut: frames that have little to do with those before.

Each frame is reduced to a coarse image of 32x32 points of its green channel, freed of brightness
and contrast, so that a flash or a fade is none. What counts is the share of points that changed by
more than half a standard deviation. On the first 4 s of 61 public clips of talking people it was at
most 0.19 from one frame to the next in clips without a cut whose heads move at a usual pace, 0.32
with fast gestures; 0.7 between two clips in the median, 0.27 or more in 95 of 100 pairs. The bounds
were set on these clips and tested on no others. Between them a cut is a matter of doubt, and the
faces decide (:class:`mavsr.mouths.faces.Tracks`).
"""

import statistics
from collections import deque

import cv2
import numpy as np

_POINTS = 32
_CHANGED = 0.5
_CERTAIN, _DOUBTFUL = 0.5, 0.15
_ABOVE_USUAL = 3.0
"""A cut stands out from the changes of the frames just before it by this factor."""

_RECENT = 8
_FLAT = 2.0
"""Pictures with a smaller standard deviation (grey levels) show nothing and are passed over."""


class Cuts:
    """Looks at the frames of a clip one after the other.

    Attributes:
        certain: frames so far that begin a new shot.
        doubtful: frames that may begin one.

    """

    def __init__(self):
        self.certain: list[int] = []
        self.doubtful: list[int] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._last: np.ndarray | None = None

    def see(self, number: int, frame: np.ndarray) -> bool:
        """Take the next frame, RGB uint8 (H, W, 3); return whether it may begin a new shot."""
        picture = reduce(frame)
        if picture is None:
            return False
        last, self._last = self._last, picture
        if last is None:
            return False
        changed = np.count_nonzero(np.abs(picture - last) > _CHANGED) / picture.size
        usual = statistics.median(self._recent) if self._recent else 0.0
        self._recent.append(changed)
        if changed <= max(_DOUBTFUL, _ABOVE_USUAL * usual):
            return False
        (self.certain if changed > _CERTAIN else self.doubtful).append(number)
        return True


def reduce(frame: np.ndarray) -> np.ndarray | None:
    """Points float32 (32, 32) of a frame, mean 0 and standard deviation 1; None if it is flat."""
    # Every frame is seen: OpenCV takes a tenth of what NumPy takes for the same points.
    coarse = cv2.resize(frame, (_POINTS, _POINTS), interpolation=cv2.INTER_NEAREST_EXACT)
    points = coarse[..., 1].astype(np.float32)
    (mean,), (spread,) = (found[0] for found in cv2.meanStdDev(points))
    return (points - np.float32(mean)) / np.float32(spread) if spread > _FLAT else None
