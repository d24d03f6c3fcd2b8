"""Faces of a clip, and which of them counts: the largest person, followed through the clip.

A detector says for every frame where faces are, but not whose. Taking the largest face of each
frame would jump between two people whose faces are about as large. So faces are first joined to
tracks, one per person, and the track with the largest total area counts, alone and in all frames;
its gaps stay gaps, whoever else is in the picture.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

_OVERLAP = 0.1
"""Two boxes whose overlap (intersection over union) reaches this may be one person's."""

_REACH, _REACH_PER_FRAME, _FARTHEST = 0.2, 0.16, 1.0
"""So may boxes whose centres are at most this many box sizes apart, more for each frame that has
passed, up to the last: a head that moves fast may leave its last box between two looks."""

_REACH_UNSEEN = 0.5
"""Of a person who was lost for a look or more, who comes back where they were."""

_REACH_AT_DOUBT, _GROWTH_AT_DOUBT = 0.25, 1.25
"""Where the picture changes as at a cut, a face goes on only at its place and in its size."""

_GROWTH = 2.0
"""Largest ratio between the sides of two boxes of one person in neighbouring looks."""


@dataclass(frozen=True)
class Faces:
    """The faces in one frame.

    Attributes:
        boxes: float (N, 4): left, top, right, bottom, as shares of the frame's width and height.
        points: float (N, 4, 2): pixels (x, y) of right eye, left eye, nose, mouth.
        scores: float (N,): the detector's confidence, from 0 to 1.

    """

    boxes: np.ndarray
    points: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> "Faces":
        """Return the faces of a frame without any."""
        return cls(np.empty((0, 4)), np.empty((0, 4, 2)), np.empty(0))


Look = Callable[[Iterable[np.ndarray]], Iterator[Faces]]
"""Finds the faces in each of some frames, RGB uint8 (H, W, 3); takes them in batches of its own."""


@dataclass
class Person:
    """Where one person's face was found.

    Attributes:
        area: sum of box areas, as shares of the frame, over the looks that count.
        boxes: frame -> left, top, right, bottom, as in :class:`Faces`.
        points: frame -> float (4, 2) pixels.
        scores: frame -> confidence.

    """

    area: float = 0.0
    boxes: dict[int, list[float]] = field(default_factory=dict)
    points: dict[int, np.ndarray] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)

    def add(self, frame: int, faces: Faces, face: int) -> None:
        """Note that ``faces[face]`` of ``frame`` is this person's."""
        self.boxes[frame] = faces.boxes[face].tolist()
        self.points[frame] = faces.points[face]
        self.scores[frame] = float(faces.scores[face])

    @property
    def last(self) -> int:
        """Last frame in which the person was seen."""
        return next(reversed(self.boxes))


class Tracks:
    """Joins the faces of a clip to tracks, look by look.

    In every look faces are joined to tracks, closest pairs first: pairs of overlapping boxes by
    their overlap, then pairs of boxes near each other by their distance. A track keeps its last box
    while its person is not seen, and ends at a cut. A face that no track can take begins one.
    """

    def __init__(self):
        self._ended: list[Person] = []
        self._open: list[Person] = []
        self._before = -1

    @property
    def people(self) -> list[Person]:
        """One for each track so far, in the order in which they began."""
        return self._ended + self._open

    def take(
        self, frame: int, faces: Faces, cuts: Collection[int], doubts: Collection[int]
    ) -> None:
        """Take the next look.

        Args:
            frame: number of the frame that was looked at.
            faces: the faces in it.
            cuts: frames that begin a new shot; each track ends before them.
            doubts: frames that may begin one: a track goes on only if its box hardly moved.

        """
        before, self._before = self._before, frame
        if any(before < cut <= frame for cut in cuts):
            self._ended, self._open = self.people, []
        doubtful = any(before < doubt <= frame for doubt in doubts)
        taken = _join(self._open, frame, before, faces.boxes.tolist(), doubtful)
        for face in range(len(faces)):
            person = self._open[taken[face]] if face in taken else Person()
            if face not in taken:
                self._open.append(person)
            person.add(frame, faces, face)
            person.area += area(faces.boxes[face])


def largest(people: Iterable[Person]) -> Person:
    """The person whose face takes the most room, the earlier if equal; empty if there is nobody."""
    return max(people, key=lambda person: person.area, default=Person())


def nearest(faces: Faces, box: Sequence[float]) -> int | None:
    """Which face is where ``box`` says that a person must be; None if none is."""
    near = [closeness(box, other, _REACH_UNSEEN) for other in faces.boxes.tolist()]
    return int(np.argmax(near)) if near and max(near) > 0 else None


def _join(
    tracks: Sequence[Person],
    frame: int,
    before: int,
    boxes: Sequence[list[float]],
    doubtful: bool,
) -> dict[int, int]:
    """Face -> track, each used once, closest pairs first."""
    pairs = []
    for track, person in enumerate(tracks):
        last = person.boxes[person.last]
        reach = min(_REACH + _REACH_PER_FRAME * (frame - before), _FARTHEST)
        reach = reach if person.last == before else _REACH_UNSEEN
        for face, box in enumerate(boxes):
            if doubtful and not _same_place(last, box):
                continue
            near = closeness(last, box, reach)
            if near > 0:
                pairs.append((-near, track, face))
    joined: dict[int, int] = {}
    for _, track, face in sorted(pairs):
        if face not in joined and track not in joined.values():
            joined[face] = track
    return joined


def closeness(a: Sequence[float], b: Sequence[float], reach: float) -> float:
    """From above 1 (equal boxes: 2) for overlapping boxes down to 0 for boxes out of reach."""
    if growth(a, b) > _GROWTH:
        return 0.0
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inner = max(width, 0.0) * max(height, 0.0)
    overlap = inner / (area(a) + area(b) - inner)
    apart = distance(a, b)
    if overlap >= _OVERLAP and apart < max(reach, _REACH_UNSEEN):
        return 1 + overlap
    return 1 - apart / reach if apart < reach else 0.0


def distance(a: Sequence[float], b: Sequence[float]) -> float:
    """How far the centres of two boxes are apart, in sizes of a box."""
    x = (a[0] + a[2] - b[0] - b[2]) / (a[2] - a[0] + b[2] - b[0])
    y = (a[1] + a[3] - b[1] - b[3]) / (a[3] - a[1] + b[3] - b[1])
    return math.hypot(x, y)


def growth(a: Sequence[float], b: Sequence[float]) -> float:
    """How many times as large as the other the larger box is, by the side."""
    ratio = math.sqrt(area(a) / area(b))
    return max(ratio, 1 / ratio)


def area(box: Sequence[float]) -> float:
    """Area of a box; never 0, since it is divided by."""
    return max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


def _same_place(a: Sequence[float], b: Sequence[float]) -> bool:
    return distance(a, b) < _REACH_AT_DOUBT and growth(a, b) < _GROWTH_AT_DOUBT
