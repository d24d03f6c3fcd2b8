"""Four points of one face in every frame of a clip.

The points are right eye, left eye, nose and mouth centre, as (x, y) in pixels: float (T, 4, 2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.detectors import Detector, load_detector
from mavsr.mouths.early import EarlyCrops
from mavsr.mouths.faces import Look, largest
from mavsr.mouths.following import Following

ENOUGH = 0.5
"""A detector's next way of looking is tried if the last found its person in a smaller share."""


@dataclass(frozen=True)
class Found:
    """One person's face in a clip, as it was found.

    Attributes:
        landmarks: float64 (T, 4, 2) pixels; NaN where the face was neither seen nor followed.
        seen: frames in which a look found the face, in order.
        scores: float (len(seen),): the detector's confidence in them; NaN if it has none.
        share: of the frames that were looked at by plan (every n-th), the share in which the face
            was found: before anything is interpolated or followed.
        looks: how many frames were looked at.
        cuts: frames that begin a new shot.
        way: which of the detector's ways of looking found it.
        crops: mouth crops RGB uint8 (96, 96, 3), if they could be made while the clip was read.

    """

    landmarks: np.ndarray
    seen: np.ndarray
    scores: np.ndarray
    share: float
    looks: int
    cuts: tuple[int, ...] = ()
    way: int = 0
    crops: Sequence[np.ndarray] | None = None


def detect_landmarks(
    frames: np.ndarray, detector: str = "mediapipe", detect_every: int = 1
) -> np.ndarray:
    """Landmarks of the largest person's face in each frame of a clip held in memory.

    Args:
        frames: RGB uint8 (T, H, W, 3).
        detector: one of ``DETECTORS``.
        detect_every: as for :func:`find_landmarks`.

    Returns:
        float64 (T, 4, 2), as :class:`Found` has them.

    Raises:
        InputError: ``frames`` is not a clip, or no frame of it shows a face.

    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise InputError(
            f"frames are {frames.dtype} {frames.shape}; RGB uint8 (T, H, W, 3), T >= 1, is needed"
        )
    return find_landmarks(frames, load_detector(detector), detect_every).landmarks


def find_landmarks(
    frames: Iterable[np.ndarray], detector: Detector, detect_every: int = 1
) -> Found:
    """Find the largest person's face (see mavsr.mouths.faces) in each frame of a clip.

    Args:
        frames: the clip's T >= 1 pictures, RGB uint8 (H, W, 3); read again if others lead in the
            beginning than in the end, or if the detector has to look in another way.
        detector: who looks.
        detect_every: look at every n-th frame, at the first, the last and both sides of what may be
            a cut; in between, the points are followed (see mavsr.mouths.tracking), and more frames
            looked at where that fails.

    Raises:
        InputError: no frame shows a face.

    """
    if detect_every < 1:
        raise InputError(f"detect_every is {detect_every}; it must be 1 or more")
    best: Found | None = None
    for way, look in enumerate(detector.looks()):
        found = replace(_find(frames, look, detect_every), way=way)
        if best is None or found.share > best.share:
            best = found
        if best.share >= ENOUGH:
            break
    if best is None or not best.seen.size:
        raise InputError(
            "no face in any frame; check that the file shows a frontal face and is not rotated"
        )
    return best


def _find(frames: Iterable[np.ndarray], look: Look, every: int) -> Found:
    following, early = Following(frames, look, every), EarlyCrops()
    following.read(lambda people: [largest(people)] if people else [], early.see)
    person = largest(following.people)
    planned = following.planned
    share = float(np.mean([number in person.boxes for number in planned]))
    trail = following.trail(person)
    landmarks = trail.landmarks(following.count)
    scores = trail.whole.scores
    return Found(
        landmarks,
        np.array([*scores], int),
        np.array([*scores.values()]),
        share,
        len(following.numbers) + len(trail.looked_at),
        tuple(following.cuts.certain),
        crops=early.of(person, landmarks),
    )
