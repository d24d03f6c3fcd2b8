"""Four points of one face in every frame of a clip.

The points are right eye, left eye, nose and mouth centre, as (x, y) in pixels: float (T, 4, 2).
"""

from collections.abc import Iterable, Iterator

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.detectors import Detector, load_detector
from mavsr.mouths.faces import follow_largest


def detect_landmarks(
    frames: np.ndarray, detector: str = "mediapipe", detect_every: int = 1
) -> np.ndarray:
    """Landmarks of the largest person's face in each frame of a clip held in memory.

    Args:
        frames: RGB uint8 (T, H, W, 3).
        detector: one of ``DETECTORS``.
        detect_every: as for :func:`find_landmarks`.

    Returns:
        float64 (T, 4, 2), as :func:`find_landmarks` returns them.

    Raises:
        InputError: ``frames`` is not a clip, or no frame of it shows a face.

    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise InputError(
            f"frames are {frames.dtype} {frames.shape}; RGB uint8 (T, H, W, 3), T >= 1, is needed"
        )
    return find_landmarks(frames, load_detector(detector), detect_every)


def find_landmarks(
    frames: Iterable[np.ndarray], detector: Detector, detect_every: int = 1
) -> np.ndarray:
    """Landmarks of the largest person's face (see mavsr.mouths.faces) in each frame of a clip.

    Args:
        frames: the clip's T >= 1 pictures, RGB uint8 (H, W, 3); read several times if the detector
            has to look in another way.
        detector: who looks.
        detect_every: look at every n-th frame only, and always at the first and the last; the
            frames between two looks that both found the face are interpolated, see ``_between``.

    Returns:
        float64 (T, 4, 2): pixels (x, y) of right eye, left eye, nose, mouth. NaN where no face was
        found.

    Raises:
        InputError: no frame shows a face.

    """
    if detect_every < 1:
        raise InputError(f"detect_every is {detect_every}; it must be 1 or more")
    for look in detector.looks():
        numbers: list[int] = []
        found = follow_largest(list(look(_looked_at(frames, detect_every, numbers))))
        if not np.isnan(found).all():
            return _between(np.array(numbers), found)
    raise InputError(
        "no face in any frame; check that the file shows a frontal face and is not rotated"
    )


def _looked_at(
    frames: Iterable[np.ndarray], every: int, numbers: list[int]
) -> Iterator[np.ndarray]:
    """Every n-th frame and the last; their numbers are noted in ``numbers``."""
    last = None
    for number, frame in enumerate(frames):
        last = number, frame
        if number % every == 0:
            numbers.append(number)
            yield frame
    if last and last[0] not in numbers[-1:]:
        numbers.append(last[0])
        yield last[1]


def _between(looks: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Spread landmarks (L, 4, 2) found at frames ``looks`` over all frames up to the last look.

    Between two looks a cubic runs through both landmarks, with the slope of the parabola through
    the looks on either side (Catmull-Rom) at each; beside a look without a face, or at the end of
    the clip, with the slope towards the other look.
    """
    if len(looks) == 1:
        return found
    values = found.reshape(len(looks), -1)
    steps = np.diff(looks)[:, None]
    slopes = np.diff(values, axis=0) / steps
    inner = (slopes[:-1] * steps[1:] + slopes[1:] * steps[:-1]) / (steps[1:] + steps[:-1])
    before, after = slopes.copy(), slopes.copy()
    before[1:] = np.where(np.isnan(inner), slopes[1:], inner)
    after[:-1] = np.where(np.isnan(inner), slopes[:-1], inner)
    times = np.arange(looks[-1] + 1)
    piece = np.clip(np.searchsorted(looks, times, side="right") - 1, 0, len(slopes) - 1)
    step = steps[piece]
    u = (times - looks[piece])[:, None] / step
    spread = (
        values[piece] * (1 + 2 * u) * (1 - u) ** 2
        + before[piece] * step * u * (1 - u) ** 2
        + values[piece + 1] * (3 - 2 * u) * u**2
        + after[piece] * step * (u - 1) * u**2
    )
    # A look is what it is, whatever rounding says, and also beside one that found no face.
    spread[looks] = values
    return spread.reshape(len(times), *found.shape[1:])
