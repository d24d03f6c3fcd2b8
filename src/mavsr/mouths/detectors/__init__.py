"""Face detectors, one module each, behind one interface.

A detector looks at pictures and says where faces are; joining faces to people and filling gaps is
the same for all (:mod:`mavsr.mouths.faces`, :mod:`mavsr.mouths.landmarks`). ``docs/extending.md``
says how to add one.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mavsr.errors import InputError
from mavsr.mouths.faces import Look

DETECTORS = ("mediapipe", "retinaface")


class Detector(Protocol):
    """Finds faces in frames."""

    def looks(self) -> Sequence[Look]:
        """Ways of looking, the usual one first.

        Each but the first is used only if those before found the person in few frames.
        """


@functools.cache
def load_detector(name: str, weights: Path | None = None, batch: int = 32) -> Detector:
    """Make a detector, once per process.

    Args:
        name: one of ``DETECTORS``.
        weights: file of the detector's weights; only for ``retinaface``.
        batch: frames that ``retinaface`` looks at together; changes speed and memory, not results.

    Raises:
        InputError: the name is unknown, or the weights cannot be used.

    """
    # Imported here, because each takes a second that users of the other need not pay.
    if name == "mediapipe":
        from mavsr.mouths.detectors.mediapipe import MediaPipe

        return MediaPipe()
    if name == "retinaface":
        from mavsr.mouths.detectors.retinaface import RetinaFaceDetector

        if weights is None:
            raise InputError(
                "the detector retinaface needs weights; name their file, or their URL and SHA-256, "
                "under mouths.retinaface"
            )
        return RetinaFaceDetector(weights, batch)
    raise InputError(f"detector {name!r} is unknown; choose from {', '.join(DETECTORS)}")
