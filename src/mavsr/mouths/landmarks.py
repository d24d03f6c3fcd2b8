"""Find four points of the largest face in every frame.

The points are right eye, left eye, nose and mouth centre, as (x, y) in pixels: float (T, 4, 2). The
detector is MediaPipe's face detection, whose models are part of its package. Its landmarks are
truncated to whole pixels, as auto_avsr does, whose crops the papers use.
"""

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from mavsr.errors import InputError

DETECTORS = ("mediapipe",)
_FULL_RANGE, _SHORT_RANGE = 1, 0


def detect_landmarks(
    frames: np.ndarray, detector: str = "mediapipe", detect_every: int = 1
) -> np.ndarray:
    """Landmarks of the largest face in each frame.

    The full-range model looks first; the short-range model looks only if that found no face in the
    whole clip.

    Args:
        frames: RGB uint8 (T, H, W, 3).
        detector: one of ``DETECTORS``.
        detect_every: look at every n-th frame only, and always at the first and the last; the
            frames between two looks that both found a face are interpolated linearly.

    Returns:
        float64 (T, 4, 2): pixels (x, y) of right eye, left eye, nose, mouth. NaN where no face was
        found.

    Raises:
        InputError: ``frames`` is not a clip, or no frame of it shows a face.

    """
    if detector not in DETECTORS:
        raise InputError(f"detector {detector!r} is unknown; choose from {', '.join(DETECTORS)}")
    if detect_every < 1:
        raise InputError(f"detect_every is {detect_every}; it must be 1 or more")
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise InputError(
            f"frames are {frames.dtype} {frames.shape}; RGB uint8 (T, H, W, 3), T >= 1, is needed"
        )
    looks = np.unique([*range(0, len(frames), detect_every), len(frames) - 1])
    for model in (_FULL_RANGE, _SHORT_RANGE):
        found = np.stack([_largest_face(frames[look], model) for look in looks])
        if not np.isnan(found).all():
            return _between(looks, found, len(frames))
    raise InputError(
        "no face in any frame; check that the file shows a frontal face and is not rotated"
    )


def _between(looks: np.ndarray, found: np.ndarray, count: int) -> np.ndarray:
    """Spread landmarks (L, 4, 2) found at frames ``looks`` over all ``count`` frames."""
    times = np.arange(count)
    columns = [np.interp(times, looks, column) for column in found.reshape(len(looks), -1).T]
    spread = np.stack(columns, axis=1).reshape(count, *found.shape[1:])
    # Interpolation towards a NaN may or may not yield NaN at the look itself: restore the looks.
    spread[looks] = found
    return spread


def _largest_face(frame: np.ndarray, model: int) -> np.ndarray:
    """Landmarks (4, 2) of the face with the largest box in one RGB frame, NaN without a face."""
    faces = _mediapipe(model).process(np.ascontiguousarray(frame)).detections
    if not faces:
        return np.full((4, 2), np.nan)
    face = max((face.location_data for face in faces), key=_area)
    points = [(point.x, point.y) for point in face.relative_keypoints[:4]]
    return np.trunc(np.array(points) * (frame.shape[1], frame.shape[0]))


def _area(face: Any) -> float:
    return face.relative_bounding_box.width * face.relative_bounding_box.height


@functools.cache
def _mediapipe(model: int) -> Any:
    """Build a face detector, once per process: that takes as long as looking at 50 frames."""
    with _silent_stderr():
        # Imported here because it takes a second, which readers of crops should not pay.
        from mediapipe.python.solutions.face_detection import FaceDetection

        detector = FaceDetection(min_detection_confidence=0.5, model_selection=model)
        # The first picture makes the native code report its set-up.
        detector.process(np.zeros((64, 64, 3), np.uint8))
    return detector


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what native code writes to file descriptor 2, which Python's logging cannot reach."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
