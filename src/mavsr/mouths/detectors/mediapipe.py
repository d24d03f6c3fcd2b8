"""MediaPipe's face detection, whose models are part of its package.

Landmarks are truncated to whole pixels, as auto_avsr does, whose crops the papers use. The
full-range model looks first; the short-range model only if that found too little.

Two frames are looked at side by side where the process may use two cores: a look is independent of
all others, so the results are the same.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import numpy as np

from mavsr.mouths.ahead import CORES
from mavsr.mouths.faces import Faces, Look

_FULL_RANGE, _SHORT_RANGE = 1, 0
_LEAST_CONFIDENCE = 0.5
_SIDE_BY_SIDE = min(2, CORES)
_AHEAD = 2 * _SIDE_BY_SIDE
"""Frames handed to the threads at once: one for each, and its next."""


class MediaPipe:
    """The detector ``mediapipe``; see the module's description."""

    def looks(self) -> Sequence[Look]:
        """Look with the full-range model, then with the short-range model."""
        return [partial(_look, model) for model in (_FULL_RANGE, _SHORT_RANGE)]


def _look(model: int, frames: Iterable[np.ndarray]) -> Iterator[Faces]:
    waiting: deque[Future[Faces]] = deque()
    for frame in frames:
        waiting.append(_threads().submit(_faces, model, frame))
        if len(waiting) == _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _faces(model: int, frame: np.ndarray) -> Faces:
    faces = _graph(model).process(np.ascontiguousarray(frame)).detections
    if not faces:
        return Faces.none()
    size = (frame.shape[1], frame.shape[0])
    where = [face.location_data for face in faces]
    boxes = np.array([_corners(face.relative_bounding_box) for face in where])
    points = np.array([[(p.x, p.y) for p in face.relative_keypoints[:4]] for face in where])
    scores = np.array([face.score[0] for face in faces])
    return Faces(boxes, np.trunc(points * size), scores)


def _corners(box: Any) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="look")


_graphs = threading.local()
_building = threading.Lock()


def _graph(model: int) -> Any:
    """Build a face detector, once per thread: that takes as long as looking at 50 frames."""
    graphs: dict[int, Any] = _graphs.__dict__.setdefault("of_model", {})
    if model not in graphs:
        with _building, _silent_stderr():
            # Imported here because it takes a second and writes to stderr.
            from mediapipe.python.solutions.face_detection import FaceDetection

            graph = FaceDetection(min_detection_confidence=_LEAST_CONFIDENCE, model_selection=model)
            # The first picture makes the native code report its set-up.
            graph.process(np.zeros((64, 64, 3), np.uint8))
        graphs[model] = graph
    return graphs[model]


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
