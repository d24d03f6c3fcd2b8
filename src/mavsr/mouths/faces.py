"""Faces of a clip, and which of them counts: the largest person, followed through the clip.

A detector says for every frame where faces are, but not whose. Taking the largest face of each
frame would jump between two people whose faces are about as large. So faces are first joined to
tracks, one per person, and the track with the largest total area counts, alone and in all frames.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_OVERLAP = 0.1
"""Two boxes whose overlap (intersection over union) reaches this may be one person's."""

_REACH = 1.0
"""So may boxes whose centres are at most this many box widths apart: a head that moves fast, or
that is looked at in every n-th frame only, may leave its last box."""


@dataclass(frozen=True)
class Faces:
    """The faces in one frame, in pixels.

    Attributes:
        boxes: float (N, 4): left, top, right, bottom.
        points: float (N, 4, 2): (x, y) of right eye, left eye, nose, mouth.

    """

    boxes: np.ndarray
    points: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> "Faces":
        """Return the faces of a frame without any."""
        return cls(np.empty((0, 4)), np.empty((0, 4, 2)))


Look = Callable[[Iterable[np.ndarray]], Iterator[Faces]]
"""Finds the faces in each of some frames, RGB uint8 (H, W, 3); takes them in batches of its own."""


@dataclass
class _Track:
    box: list[float]
    area: float
    points: dict[int, np.ndarray]


def follow_largest(looks: Sequence[Faces]) -> np.ndarray:
    """Landmarks of the one person whose face takes the most room in the clip.

    In every look faces are joined to tracks, closest pairs first: pairs of overlapping boxes by
    their overlap, then pairs of boxes at most one box width apart by that distance. A track keeps
    its last box while its person is not seen. A face that no track can take begins one. The track
    with the largest sum of box areas over all looks wins (the earlier one if equal); its gaps stay
    gaps, whoever else is in the picture.

    Args:
        looks: the faces of each looked-at frame, in order.

    Returns:
        float64 (len(looks), 4, 2) pixels; NaN where the person was not found.

    """
    tracks: list[_Track] = []
    for number, faces in enumerate(looks):
        boxes = faces.boxes.tolist()
        taken = _join([track.box for track in tracks], boxes)
        for face, box in enumerate(boxes):
            area = _area(box)
            if face in taken:
                track = tracks[taken[face]]
                track.box, track.area = box, track.area + area
            else:
                track = _Track(box, area, {})
                tracks.append(track)
            track.points[number] = faces.points[face]
    landmarks = np.full((len(looks), 4, 2), np.nan)
    if tracks:
        for number, points in max(tracks, key=lambda track: track.area).points.items():
            landmarks[number] = points
    return landmarks


def _join(tracks: Sequence[list[float]], boxes: Sequence[list[float]]) -> dict[int, int]:
    """Face -> track, each used once, closest pairs first."""
    pairs = []
    for face, box in enumerate(boxes):
        for track, last in enumerate(tracks):
            closeness = _closeness(last, box)
            if closeness > 0:
                pairs.append((-closeness, track, face))
    joined: dict[int, int] = {}
    for _, track, face in sorted(pairs):
        if face not in joined and track not in joined.values():
            joined[face] = track
    return joined


def _closeness(a: Sequence[float], b: Sequence[float]) -> float:
    """From above 1 (equal boxes: 2) for overlapping boxes down to 0 for boxes out of reach."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inner = max(width, 0.0) * max(height, 0.0)
    union = _area(a) + _area(b) - inner
    if union > 0 and inner / union >= _OVERLAP:
        return 1 + inner / union
    reach = _REACH * (a[2] - a[0] + b[2] - b[0]) / 2
    distance = math.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / 2
    return 1 - distance / reach if distance < reach else 0.0


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
