"""Ready-made landmarks instead of a detector: the files that auto_avsr distributes.

A file lies under the landmarks' folder as its video lies in the corpus, with the ending ``.pkl``,
and holds one entry per frame of the whole video at 25 frames per second: None where no face was
found, else the 68 points of the iBUG scheme, (68, 2) pixels (x, y), or a dictionary with them under
``landmarks`` or ``facial_landmarks``.

auto_avsr aligns by eight of the 68 points. Here, as for every detector, four means of them are
taken, and aligned to the same means of auto_avsr's own mean face (mavsr.mouths.align.MEAN_FACE): of
36-41 for the right eye, 42-47 for the left eye, 31-35 for the nose, 48-67 for the mouth, which is
also the point that auto_avsr centres its crop on.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mavsr.errors import InputError
from mavsr.media import FRAME_RATE
from mavsr.pickles import load_arrays

_PARTS = (slice(36, 42), slice(42, 48), slice(31, 36), slice(48, 68))
_NAMES = ("landmarks", "facial_landmarks")
_FEW = 2
"""So many entries may be missing at the end or left over: decoders differ on a video's last frames.
"""


def find_file(folder: Path, video: Path) -> Path:
    """Path of the landmarks of ``video`` under ``folder``.

    Of ``video``'s path, as long an end as fits is looked for: for ``data/lrs3/test/a/1.mp4`` first
    ``folder/data/lrs3/test/a/1.pkl``, then ``folder/lrs3/test/a/1.pkl`` and so on.

    Raises:
        InputError: there is no such file.

    """
    parts = [part for part in video.with_suffix(".pkl").parts if part not in (video.anchor, "..")]
    for first in range(len(parts)):
        path = folder.joinpath(*parts[first:])
        if path.is_file():
            return path
    raise InputError(
        f"no landmarks for {video} under {folder}; mouths.landmarks must name the folder in which "
        "they lie as the videos do in the corpus"
    )


def read_landmarks(path: Path, start: float, count: int) -> np.ndarray:
    """Landmarks of ``count`` frames from ``start`` seconds on.

    Returns:
        float64 (count, 4, 2): pixels (x, y) of right eye, left eye, nose, mouth. NaN where the file
        has none.

    Raises:
        InputError: the file does not hold such landmarks, ends too early, or has no face in these
            frames.

    """
    entries = load_arrays(path)
    if not isinstance(entries, (list, tuple, np.ndarray)):
        raise InputError(f"{path} holds a {type(entries).__name__}, not a list of landmarks")
    first = round(start * FRAME_RATE)
    wanted = entries[first : first + count]
    if len(wanted) < count - _FEW:
        raise InputError(
            f"{path} holds landmarks of {len(entries)} frames; the clip needs frames {first} to "
            f"{first + count - 1} at {FRAME_RATE} per second"
        )
    landmarks = np.full((count, 4, 2), np.nan)
    for number, entry in enumerate(wanted):
        landmarks[number] = _four_points(entry, f"{path}, frame {first + number}")
    if np.isnan(landmarks).all():
        raise InputError(f"{path} has no face in any frame of the clip")
    return landmarks


def _four_points(entry: Any, place: str) -> np.ndarray:
    """Means (4, 2) of an entry's 68 points, NaN if it is None."""
    if isinstance(entry, dict):
        entry = next((entry[name] for name in _NAMES if name in entry), entry)
    if entry is None:
        return np.full((4, 2), np.nan)
    try:
        points = np.asarray(entry, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise InputError(f"{place}: neither None nor 68 points (x, y)")
    return np.stack([points[part].mean(axis=0) for part in _PARTS])
