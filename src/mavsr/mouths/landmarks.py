"""Four points of one face in every frame of a clip.

The points are right eye, left eye, nose and mouth centre, as (x, y) in pixels: float (T, 4, 2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.ahead import ahead
from mavsr.mouths.cuts import Cuts
from mavsr.mouths.detectors import Detector, load_detector
from mavsr.mouths.faces import Look, follow_largest
from mavsr.mouths.tracking import fill_between

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

    """

    landmarks: np.ndarray
    seen: np.ndarray
    scores: np.ndarray
    share: float
    looks: int
    cuts: tuple[int, ...] = ()
    way: int = 0


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
        frames: the clip's T >= 1 pictures, RGB uint8 (H, W, 3); read twice if not every frame is
            looked at, and again if the detector has to look in another way.
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
    cuts = Cuts()
    numbers: list[int] = []
    looked_at = frames_to_look_at(ahead(frames), every, cuts, numbers)
    faces = list(look(looked_at))
    looks = dict(zip(numbers, faces, strict=True))
    person = follow_largest(looks, cuts.certain, cuts.doubtful)
    planned = [number for number in numbers if number % every == 0 or number == numbers[-1]]
    share = float(np.mean([number in person.boxes for number in planned]))
    landmarks = person.landmarks(numbers[-1] + 1)
    more = 0
    if every > 1 and person.boxes:
        more = fill_between(frames, look, numbers, person, landmarks)
    seen = np.array(sorted(person.boxes), int)
    scores = np.array([person.scores[number] for number in seen.tolist()])
    return Found(landmarks, seen, scores, share, len(numbers) + more, tuple(cuts.certain))


def frames_to_look_at(
    frames: Iterable[np.ndarray], every: int, cuts: Cuts, numbers: list[int]
) -> Iterator[np.ndarray]:
    """Every n-th frame, both sides of cuts, the last; their numbers are noted in ``numbers``."""
    last: tuple[int, np.ndarray] | None = None
    for number, frame in enumerate(frames):
        cut = cuts.see(number, frame)
        if cut and last and last[0] not in numbers[-1:]:
            numbers.append(last[0])
            yield last[1]
        last = number, frame
        if cut or number % every == 0:
            numbers.append(number)
            yield frame
    if last and last[0] not in numbers[-1:]:
        numbers.append(last[0])
        yield last[1]
