"""Between looks: follow the points by optical flow, and look again where that does not hold.

From one look to the next the points follow the picture (:mod:`mavsr.mouths.flow`). At the next look
the detector says where they are; what they differ by there is taken off evenly along the way. Where
that is in doubt, where the points are lost, or where only one of the two looks found the face, the
frame in the middle is looked at too, and so on down to every frame.

How far the points are off between looks cannot be seen, only guessed from two things: how far they
are off at the next look, and how fast the head moves, since detectors answer motion and pose with
errors of their own. Neither alone tells as well as their geometric mean, which is the doubt of a
span.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mavsr.mouths.faces import Faces, Look, Person, nearest
from mavsr.mouths.flow import flow

_MOST_DOUBT = 0.06
"""In distances of the eyes. Chosen on 13 public clips so that crops move, against looking at every
frame, no farther than they do when the frames are moved by one pixel, and held against 16 others:
it takes 0.4 of the looks. Doubt in pixels, or relative to the frame, tells no better."""

_STILL = 0.005
"""Distances of the eyes per frame that count as no motion; keeps the mean above 0."""

Span = tuple[int, int]
"""First and last frame of a span: two frames that were looked at, with none between."""


@dataclass
class Trail:
    """One person between the looks that were planned.

    Attributes:
        person: whom the planned looks found.
        between: what more looks found of them.
        followed: frame -> points float (4, 2) where nobody looked.
        spans: those that are done.
        looked_at: more frames that were looked at; spans may be filled side by side.

    """

    person: Person
    between: Person = field(default_factory=Person)
    followed: dict[int, np.ndarray] = field(default_factory=dict)
    spans: set[Span] = field(default_factory=set)
    looked_at: set[int] = field(default_factory=set)

    def needs(self, span: Span) -> bool:
        """Whether a span is to be filled and is not: the person is at one of its ends or both."""
        a, b = span
        boxes = self.person.boxes
        return b - a > 1 and (a in boxes or b in boxes) and span not in self.spans

    def box(self, number: int) -> list[float] | None:
        """Box of the person in a frame that was looked at; None if it was not found there."""
        return self.person.boxes.get(number) or self.between.boxes.get(number)

    def points(self, number: int) -> np.ndarray | None:
        """Points of a frame, float (4, 2); None if none are known."""
        for known in (self.person.points, self.between.points, self.followed):
            if number in known:
                return known[number]
        return None

    def landmarks(self, count: int) -> np.ndarray:
        """Points float64 (count, 4, 2) of frames 0 to count - 1; NaN where there are none."""
        landmarks = np.full((count, 4, 2), np.nan)
        for known in (self.followed, self.between.points, self.person.points):
            for number, points in known.items():
                landmarks[number] = points
        return landmarks

    @property
    def whole(self) -> Person:
        """The person with all that looks found of them, frames in order."""
        known = (
            dict(sorted((getattr(self.person, kind) | getattr(self.between, kind)).items()))
            for kind in ("boxes", "points", "scores")
        )
        return Person(self.person.area, *known)


def fill_spans(
    trail: Trail, spans: Sequence[Span], frames: Mapping[int, np.ndarray], look: Look
) -> None:
    """Fill in those of ``spans`` that a trail needs.

    Args:
        trail: filled.
        spans: each from a planned look to the next.
        frames: number -> picture of all frames in them, RGB uint8 (H, W, 3).
        look: how to look again.

    """
    wanted = [span for span in spans if trail.needs(span)]
    trail.spans.update(wanted)
    while wanted:
        doubtful = [span for span in wanted if not _follow(trail, span, frames)]
        middles = [(a + b) // 2 for a, b in doubtful]
        looks = list(look(frames[middle] for middle in middles))
        for span, middle, faces in zip(doubtful, middles, looks, strict=True):
            _recognise(trail, span, middle, faces)
        trail.looked_at.update(middles)
        halves = zip(doubtful, middles, strict=True)
        wanted = [half for (a, b), middle in halves for half in ((a, middle), (middle, b))]


def _follow(trail: Trail, span: Span, frames: Mapping[int, np.ndarray]) -> bool:
    """Follow a trail through a span, or say that it has to be looked at."""
    a, b = span
    start, end = trail.points(a), trail.points(b)
    if b - a == 1 or (start is None and end is None):
        return True
    if start is None or end is None:
        return False
    path = flow([frames[number] for number in range(a, b + 1)], start, end)
    if path is None:
        return False
    off = end - path[-1]
    if _doubt(path, off) > _MOST_DOUBT:
        return False
    share = np.linspace(0, 1, b - a + 1)[:, None, None]
    filled = path + share * off
    trail.followed |= {number: filled[number - a] for number in range(a + 1, b)}
    return True


def _doubt(path: np.ndarray, off: np.ndarray) -> float:
    """Doubt of a span, in distances of the eyes; see the module's description.

    Args:
        path: (T, 4, 2) as followed.
        off: (4, 2) what the next look says otherwise.

    """
    eyes = np.linalg.norm(path[0, 0] - path[0, 1])
    speed = np.linalg.norm(np.diff(path.mean(axis=1), axis=0), axis=1).max() / eyes
    farthest = np.linalg.norm(off, axis=1).max() / eyes
    return float(np.sqrt(farthest * (speed + _STILL)))


def _recognise(trail: Trail, span: Span, number: int, faces: Faces) -> None:
    """Note which of the ``faces`` in frame ``number`` is the person's, if any."""
    known = [(frame, box) for frame in span if (box := trail.box(frame))]
    sides = np.array([box for _, box in known]).T
    expected = [np.interp(number, [frame for frame, _ in known], side) for side in sides]
    face = nearest(faces, [float(side) for side in expected])
    if face is not None:
        trail.between.add(number, faces, face)
