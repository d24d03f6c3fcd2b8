"""Move landmarks along with the picture: sparse optical flow around each of them.

A detector's look costs many times what it takes to see where the pixels around four points went.
Each landmark moves by the median of the points around it, on its own: when a head nods, the nose
moves farther than the eyes, which no similarity of the whole face describes.
"""

from collections.abc import Sequence

import cv2
import numpy as np

_EYES = 24.0
"""Distance between the eyes (pixels) at which flow is computed; larger faces are made smaller."""

_MARGIN = 0.8
"""How far the part that is looked at reaches beyond the landmarks, in distances of the eyes."""

_AROUND = np.stack(np.meshgrid([-0.3, 0.0, 0.3], [-0.3, 0.0, 0.3]), axis=-1).reshape(-1, 2)
"""Points around a landmark whose median it follows, in distances of the eyes."""

_LEAST = 3
"""Points around a landmark that must have been found again."""

_WINDOW, _LEVELS = (11, 11), 2
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)


def flow(frames: Sequence[np.ndarray], start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """Follow landmarks from the first of some frames to the last.

    Args:
        frames: T >= 2 pictures, RGB uint8 (H, W, 3).
        start: float (4, 2) pixels (x, y) in the first frame.
        end: where they are in the last, about; only to know which part of the frames to look at.

    Returns:
        float64 (T, 4, 2); None if the points are lost on the way or the pictures differ in size.

    """
    eyes = max(np.linalg.norm(points[0] - points[1]) for points in (start, end))
    height, width = frames[0].shape[:2]
    both = np.concatenate([start, end])
    low = np.clip(np.floor(both.min(axis=0) - _MARGIN * eyes), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(both.max(axis=0) + _MARGIN * eyes), 0, (width, height)).astype(int)
    alike = all(frame.shape == frames[0].shape for frame in frames)
    if not alike or eyes < 1 or (high - low < 8).any():
        return None
    size = np.maximum(np.round((high - low) * min(1.0, _EYES / eyes)), 8).astype(int)
    scale = size / (high - low)
    # Pixel centres lie at whole numbers, in the frame as in its smaller copy.
    points = (start - low + 0.5) * scale - 0.5
    around = _AROUND * np.linalg.norm(points[0] - points[1])
    path = [points]
    last = _part(frames[0], low, high, size)
    for frame in frames[1:]:
        part = _part(frame, low, high, size)
        moved = _step(last, part, points, around)
        if moved is None:
            return None
        points, last = points + moved, part
        path.append(points)
    return (np.array(path) + 0.5) / scale - 0.5 + low


def _part(frame: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Grey uint8 copy of a part of a frame, in the size at which flow is computed."""
    part = frame[low[1] : high[1], low[0] : high[0]]
    return cv2.cvtColor(cv2.resize(part, size.tolist()), cv2.COLOR_RGB2GRAY)


def _step(
    last: np.ndarray, part: np.ndarray, points: np.ndarray, around: np.ndarray
) -> np.ndarray | None:
    """How far each landmark (4, 2) moves from one picture to the next; None if one is lost."""
    origins = (points[:, None] + around).astype(np.float32).reshape(-1, 1, 2)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        last,
        part,
        origins,
        np.empty_like(origins),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=_STOP,
    )
    moves = (found - origins).astype(np.float64).reshape(4, -1, 2)
    seen = status.reshape(4, -1) == 1
    if (seen.sum(axis=1) < _LEAST).any():
        return None
    if seen.all():  # ten times as fast as without those that were lost
        return np.median(moves, axis=1)
    return np.stack([np.median(move[kept], axis=0) for move, kept in zip(moves, seen, strict=True)])
