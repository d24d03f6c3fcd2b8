"""What fails in the video of a test condition, done to mouth crops before the encoder sees them.

Crops are uint8 (T, 96, 96, 3), or (T, 96, 96) if grey, at 25 frames per second. Every alteration is
a function of (seed, key, kind): of one kind a stronger one drops and hides more of the same.

- ``drop``: that share of the frames is black, as in training's time mask, in runs of 10 frames
  (0.4 s); shorter ones at the clip's ends, and where the share is reached.
- ``patch``: a grey square hides that share of what the encoder sees, through the whole clip, at
  most 8 pixels beside the middle, where the mouth is.
- ``blur``: Gaussian, as a camera out of focus.
- ``late``: the video is behind the audio; the first frame stands still meanwhile, and the end is
  lost. Negative: the video is ahead.
"""

import cv2
import numpy as np

from mavsr.features.views import SIDE, STORED
from mavsr.noise.condition import FRAME_MS, Condition
from mavsr.seeds import generator

RUN = 10
"""Frames that are dropped together."""
OFF_CENTRE = 8
"""How far a patch may be from the middle, pixels along each axis."""


def altered(frames: np.ndarray, condition: Condition, key: str, seed: int) -> np.ndarray:
    """Crops as a condition leaves them, of the shape and type they have.

    Args:
        frames: crops uint8 (T, 96, 96, 3) or (T, 96, 96).
        condition: of a kind in :data:`mavsr.noise.condition.ALTERATIONS`.
        key: of the clip.
        seed: of the run.

    """
    random = generator(seed, key, f"video {condition.kind}")
    match condition.kind:
        case "drop":
            changed = frames.copy()
            changed[dropped(len(frames), condition.number / 100, random)] = 0
            return changed
        case "patch":
            return _patched(frames, condition.number / 100, random)
        case "blur":
            changed = frames.copy()
            for frame in changed:
                frame[:] = cv2.GaussianBlur(frame, (0, 0), condition.number)
            return changed
        case "late":
            return frames[shown_late(len(frames), round(condition.number / FRAME_MS))]
    raise ValueError(f"{condition.name} does not alter video")


def dropped(frames: int, share: float, random: np.random.Generator) -> np.ndarray:
    """Which frames are dropped: their numbers, round(share * frames) of them.

    The clip is divided into runs from a random place on, which are taken in random order: what is
    dropped at a smaller share is among what is dropped at a larger one.
    """
    first = int(random.integers(RUN))
    runs = np.split(np.arange(frames), np.arange(first, frames, RUN))
    order = np.concatenate([runs[number] for number in random.permutation(len(runs))])
    return order[: round(share * frames)]


def shown_late(frames: int, shift: int) -> np.ndarray:
    """Number of the frame that is shown at each time, if it comes ``shift`` frames late."""
    return np.clip(np.arange(frames) - shift, 0, frames - 1)


def _patched(frames: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    side = round(SIDE * share**0.5)
    middle = (STORED - side) // 2
    edge = (STORED - SIDE) // 2
    free = min(OFF_CENTRE, middle - edge)
    off = random.integers(-OFF_CENTRE, OFF_CENTRE, size=2, endpoint=True).clip(-free, free)
    top, left = (int(middle + one) for one in off)
    changed = frames.copy()
    changed[:, top : top + side, left : left + side] = random.integers(256)
    return changed
