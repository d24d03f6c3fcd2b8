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

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mavsr.mouths.faces import Faces, Look, Person, nearest
from mavsr.mouths.flow import flow

_MOST_DOUBT = 0.05
"""In distances of the eyes. Chosen on 29 public clips so that crops move, against looking at every
frame, no farther than they do when the frames are moved by one pixel: it takes 0.4 of the looks."""

_STILL = 0.005
"""Distances of the eyes per frame that count as no motion; keeps the mean above 0."""

_TOGETHER = 32
"""So many frames at least are held at once, so that a detector can look at several of them."""

Span = tuple[int, int]
"""First and last frame of a span: two frames that were looked at, with none between."""


def fill_between(
    frames: Iterable[np.ndarray],
    look: Look,
    looked_at: Sequence[int],
    person: Person,
    landmarks: np.ndarray,
) -> int:
    """Fill in the frames between looks; return how many more frames were looked at for it.

    Args:
        frames: the clip.
        look: how to look again.
        looked_at: numbers of the frames that were looked at, from 0 to the last.
        person: whom to follow; what more is seen of them is added.
        landmarks: (T, 4, 2) of the person, NaN where nobody looked or nothing was found; filled.

    """
    more = 0
    for first, held, spans in _windows(frames, looked_at):
        while spans:
            open_spans = [
                (a, b)
                for a, b in spans
                if not _filled(held[a - first : b - first + 1], a, landmarks)
            ]
            middles = [(a + b) // 2 for a, b in open_spans]
            looks = list(look(held[middle - first] for middle in middles))
            for span, middle, faces in zip(open_spans, middles, looks, strict=True):
                _recognise(person, span, middle, faces, landmarks)
            more += len(middles)
            halves = zip(open_spans, middles, strict=True)
            spans = [part for (a, b), middle in halves for part in ((a, middle), (middle, b))]
    return more


def _windows(
    frames: Iterable[np.ndarray], looked_at: Sequence[int]
) -> Iterator[tuple[int, list[np.ndarray], list[Span]]]:
    """Cut the clip into windows that begin and end at a look: first frame, frames, spans."""
    ends = iter(looked_at)
    first = start = next(ends)
    end = next(ends, None)
    held: list[np.ndarray] = []
    spans: list[Span] = []
    for number, frame in enumerate(frames):
        held.append(frame)
        if number != end:
            continue
        spans.append((start, number))
        start, end = number, next(ends, None)
        if end is None or len(held) > _TOGETHER:
            yield first, held, spans
            first, held, spans = number, [frame], []


def _filled(frames: Sequence[np.ndarray], start: int, landmarks: np.ndarray) -> bool:
    """Fill ``landmarks`` of a span from ``start`` on, or say that it has to be looked at."""
    span = landmarks[start : start + len(frames)]
    seen = ~np.isnan(span[[0, -1]]).any(axis=(1, 2))
    if len(frames) == 2 or not seen.any():
        return True
    if not seen.all():
        return False
    path = flow(frames, span[0], span[-1])
    if path is None:
        return False
    off = span[-1] - path[-1]
    if _doubt(path, off) > _MOST_DOUBT:
        return False
    share = np.linspace(0, 1, len(frames))[1:-1, None, None]
    span[1:-1] = path[1:-1] + share * off
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


def _recognise(
    person: Person, span: Span, number: int, faces: Faces, landmarks: np.ndarray
) -> None:
    """Note which of the ``faces`` in frame ``number`` is the person's, if any."""
    known = [(frame, person.boxes[frame]) for frame in span if frame in person.boxes]
    boxes = np.array([box for _, box in known])
    expected = [np.interp(number, [frame for frame, _ in known], side) for side in boxes.T]
    face = nearest(faces, [float(side) for side in expected])
    if face is not None:
        person.add(number, faces, face)
        landmarks[number] = faces.points[face]
