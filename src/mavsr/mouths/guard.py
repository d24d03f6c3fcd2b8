"""What must not pass for a mouth that speaks: reasons to drop a clip, remarks on a doubtful one.

A wrong crop trains as silently as a right one. What is surely wrong drops the clip, with the
reason; what may be is said in its remarks, which the ledger, the contact sheet and the log show.
The bounds were set on the first 4 s of 61 public clips of talking people, so that all of those are
kept. Nothing else was measured: how many good clips of another corpus they drop is not known.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mavsr.errors import InputError
from mavsr.media import FRAME_RATE
from mavsr.mouths.faces import Look
from mavsr.mouths.landmarks import Found
from mavsr.mouths.ledger import largest_jump

DOUBTFUL_SHARE = 0.9
"""Below this share of frames with a face a clip is doubtful."""

DOUBTFUL_JUMP = 0.5
"""So it is above this jump of the landmarks, in distances of the eyes."""

_LONG, _LONG_DOUBTFUL = (0.3, 5.0), (0.5, 2.2)
"""Bounds of the way from the eyes to the mouth, in distances of the eyes: 0.8 to 1.2 from in front,
more in profile. Beyond the first pair it is no face, beyond the second a doubtful one."""

_TILTED = 60.0
"""Degrees; a face that is turned farther is doubtful, although its crop is turned upright."""

_UNSURE = 0.8
"""Detectors that take an upside-down face for an upright one are less confident than this."""

_ASKED = 3
"""So many frames are looked at upside down then."""

_SURER = 0.1
"""So much surer the detector must be of the turned face in most of them."""

_FLAT = 4.0
"""Crops whose grey levels deviate less, in the median frame, show nothing."""

_STILL = 25
"""So many crops on end without any change are doubtful: a stream that froze, a damaged file."""

_OUTSIDE, _OUTSIDE_DOUBTFUL = 0.5, 0.2
"""Share of a crop that is black, as it is beyond the border of the frame."""


def check_face(found: Found, min_share: float) -> list[str]:
    """Judge where a face was found.

    Args:
        found: the face.
        min_share: smallest share of frames with a face that is accepted.

    Returns:
        remarks, none if there is no doubt.

    Raises:
        InputError: the clip is to be dropped; the message says why.

    """
    if found.share < min_share:
        where = f"; the shot changes at {_seconds(found.cuts)}" if found.cuts else ""
        raise InputError(
            f"a face in {100 * found.share:.0f} % of the frames, less than min_face_share "
            f"{min_share:g}{where}; the other crops would show something else"
        )
    points = found.landmarks[found.seen]
    right, left, nose, mouth = points.transpose(1, 0, 2)
    across = left - right
    eyes = np.maximum(np.linalg.norm(across, axis=1), 1e-6)
    down = np.stack([-across[:, 1], across[:, 0]], axis=1) / eyes[:, None]
    long = float(np.median(((mouth - (left + right) / 2) * down).sum(axis=1) / eyes))
    under = float(np.median(((mouth - nose) * down).sum(axis=1) / eyes))
    if not _LONG[0] < long < _LONG[1] or under <= 0:
        raise InputError(
            f"the points are no face's: the mouth is {long:.2f} distances of the eyes below them "
            f"and {under:.2f} below the nose"
        )
    remarks = []
    if found.share < DOUBTFUL_SHARE:
        remarks.append(f"face in {100 * found.share:.0f} % of the frames")
    if (jump := largest_jump(found.landmarks[found.seen])) > DOUBTFUL_JUMP:
        remarks.append(f"landmarks jump by {jump:.1f} distances of the eyes")
    if found.cuts:
        remarks.append(f"shot changes at {_seconds(found.cuts)}")
    if not _LONG_DOUBTFUL[0] < long < _LONG_DOUBTFUL[1]:
        remarks.append("face in profile")
    tilt = float(np.degrees(np.median(np.abs(np.arctan2(across[:, 1], across[:, 0])))))
    if tilt > _TILTED:
        remarks.append(f"face turned by {tilt:.0f} degrees")
    return remarks


def check_upright(found: Found, frames: Iterable[np.ndarray], look: Look) -> None:
    """Refuse a face that is upside down.

    A detector may see an upright face in it, with the mouth where the forehead is. It is less sure
    of that than usual; then some frames are turned by 180 degrees and looked at again, and the
    surer look is right.

    Raises:
        InputError: the face is upside down.

    """
    if not found.scores.size or not np.median(found.scores) < _UNSURE:
        return
    asked = np.linspace(0, len(found.seen) - 1, _ASKED).round().astype(int)
    numbers = found.seen[asked].tolist()
    turned = list(look(_turned(frames, set(numbers))))
    before = dict(zip(found.seen.tolist(), found.scores.tolist(), strict=True))
    ordered = sorted(set(numbers))
    surer = [
        faces.scores.max(initial=0.0) > before[number] + _SURER
        for number, faces in zip(ordered, turned, strict=True)
    ]
    if sum(surer) * 2 > len(surer):
        raise InputError("the face is upside down; turn the video")


def _turned(frames: Iterable[np.ndarray], numbers: set[int]) -> Iterator[np.ndarray]:
    for number, frame in enumerate(frames):
        if number in numbers:
            yield np.ascontiguousarray(frame[::-1, ::-1])
        if number == max(numbers):
            return


class CropCheck:
    """Watches crops while they are stored, and judges them in the end."""

    def __init__(self):
        self._spreads: list[float] = []
        self._black: list[float] = []
        self._last: np.ndarray | None = None
        self._still = self._longest_still = 0

    def watch(self, crops: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass on crops, RGB uint8 (96, 96, 3)."""
        for crop in crops:
            small = crop[::4, ::4].copy()
            self._spreads.append(float(small[..., 1].std()))
            self._black.append(float((small.max(axis=2) == 0).mean()))
            same = self._last is not None and np.array_equal(small, self._last)
            self._still = self._still + 1 if same else 1
            self._longest_still = max(self._longest_still, self._still)
            self._last = small
            yield crop

    def judge(self) -> list[str]:
        """Return remarks on the crops that were passed on.

        Raises:
            InputError: they cannot show a mouth.

        """
        spread, black = float(np.median(self._spreads)), float(np.median(self._black))
        if black > _OUTSIDE:
            raise InputError(
                f"{100 * black:.0f} % of the crop is black; the mouth lies outside of the frame"
            )
        if spread < _FLAT:
            raise InputError(
                f"the crops show nothing: their grey levels deviate by {spread:.1f} only"
            )
        remarks = []
        if black > _OUTSIDE_DOUBTFUL:
            remarks.append(f"{100 * black:.0f} % of the crop is black")
        if self._longest_still >= _STILL:
            remarks.append(f"the picture stands still for {self._longest_still / FRAME_RATE:.1f} s")
        return remarks


def _seconds(frames: Sequence[int], most: int = 3) -> str:
    named = ", ".join(f"{frame / FRAME_RATE:.1f}" for frame in frames[:most])
    return f"{named}{', ...' if len(frames) > most else ''} s"
