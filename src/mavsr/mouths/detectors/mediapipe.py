"""MediaPipe's face detection, whose models are part of its package.

Landmarks are truncated to whole pixels, as auto_avsr does, whose crops the papers use. The
full-range model looks first; the short-range model only if that found no face in the whole clip.
"""

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from mavsr.mouths.faces import Faces, Look

_FULL_RANGE, _SHORT_RANGE = 1, 0
_LEAST_CONFIDENCE = 0.5


class MediaPipe:
    """The detector ``mediapipe``; see the module's description."""

    def looks(self) -> Sequence[Look]:
        """Look with the full-range model, then with the short-range model."""
        return [functools.partial(_look, model) for model in (_FULL_RANGE, _SHORT_RANGE)]


def _look(model: int, frames: Iterable[np.ndarray]) -> Iterator[Faces]:
    for frame in frames:
        faces = _graph(model).process(np.ascontiguousarray(frame)).detections
        if not faces:
            yield Faces.none()
            continue
        size = (frame.shape[1], frame.shape[0])
        where = [face.location_data for face in faces]
        boxes = np.array([_corners(face.relative_bounding_box) for face in where])
        points = np.array([[(p.x, p.y) for p in face.relative_keypoints[:4]] for face in where])
        yield Faces(boxes * (size + size), np.trunc(points * size))


def _corners(box: Any) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height


@functools.cache
def _graph(model: int) -> Any:
    """Build a face detector, once per process: that takes as long as looking at 50 frames."""
    with _silent_stderr():
        # Imported here because it takes a second and writes to stderr.
        from mediapipe.python.solutions.face_detection import FaceDetection

        graph = FaceDetection(min_detection_confidence=_LEAST_CONFIDENCE, model_selection=model)
        # The first picture makes the native code report its set-up.
        graph.process(np.zeros((64, 64, 3), np.uint8))
    return graph


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
