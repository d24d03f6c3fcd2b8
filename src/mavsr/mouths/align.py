"""Align faces to a mean face and cut out the mouth.

As auto_avsr prepares LRS2 and LRS3, and with that the papers: per frame a similarity transform
takes the smoothed landmarks onto a mean face of 256x256 pixels, and 96x96 pixels around the
transformed mouth point are the crop. Landmarks are (T, 4, 2) pixels (x, y).
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from mavsr.errors import InputError

MEAN_FACE = np.array(
    [
        [102.0739430570659, 94.27230352389712],  # right eye
        [156.3613054162131, 93.57815605186966],  # left eye
        [129.00373787023733, 135.90343028603127],  # nose
        [129.31337322587925, 157.82299634918854],  # mouth
    ]
)
"""Landmarks of the mean face in its frame of ``MEAN_FACE_SIZE``: the means of the points 36-41,
42-47, 31-35 and 48-67 of auto_avsr's 68-point ``20words_mean_face.npy``. All digits count: the
warp's grid of 1/32 pixel turns a rounding to 0.001 into differences of up to 3 grey levels."""

MEAN_FACE_SIZE = 256
CROP_SIZE = 96
SMOOTHING_MARGIN = 6
"""A landmark is averaged over up to this many frames on either side (auto_avsr)."""

_MOUTH = 3


def crop_mouths(frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Mouth crops of a clip at once; see :func:`mouth_crops`.

    Args:
        frames: RGB uint8 (T, H, W, 3).
        landmarks: float (T, 4, 2), as for :func:`mouth_crops`.

    Returns:
        RGB uint8 (T, 96, 96, 3).

    Raises:
        InputError: the shapes disagree, all landmarks are missing, or those of a frame coincide.

    """
    if frames.ndim != 4 or frames.dtype != np.uint8 or landmarks.shape != (len(frames), 4, 2):
        raise InputError(
            f"frames are {frames.dtype} {frames.shape} and landmarks {landmarks.shape}; "
            "uint8 (T, H, W, 3) and (T, 4, 2) are needed"
        )
    return np.stack(list(mouth_crops(frames, landmarks)))


def mouth_crops(frames: Iterable[np.ndarray], landmarks: np.ndarray) -> Iterator[np.ndarray]:
    """Mouth crops of a clip, one by one, so that no clip is too long for the memory.

    Where the crop reaches over the border of the aligned picture it is black, as the picture itself
    is beyond the border of the frame.

    Args:
        frames: T pictures, RGB uint8 (H, W, 3).
        landmarks: float (T, 4, 2) pixels (x, y) of right eye, left eye, nose, mouth; NaN where no
            face was found.

    Yields:
        RGB uint8 (96, 96, 3).

    Raises:
        InputError: all landmarks are missing, or those of a frame coincide.

    """
    landmarks = smooth(fill_missing(landmarks))
    for i, (frame, points) in enumerate(zip(frames, landmarks, strict=True)):
        yield crop_mouth(frame, points, i)


def fill_missing(landmarks: np.ndarray) -> np.ndarray:
    """Interpolate landmarks (T, 4, 2) linearly over frames that have a NaN; edges are held.

    Raises:
        InputError: no frame has landmarks.

    """
    present = ~np.isnan(landmarks).any(axis=(1, 2))
    if not present.any():
        raise InputError("no face in any frame")
    times = np.arange(len(landmarks))
    columns = landmarks.reshape(len(landmarks), -1).astype(np.float64).T
    filled = [np.interp(times, times[present], column[present]) for column in columns]
    return np.stack(filled, axis=1).reshape(landmarks.shape)


def smooth(landmarks: np.ndarray) -> np.ndarray:
    """Average landmarks (T, 4, 2) over time, keeping each frame's own centre.

    So the face's shape and angle move smoothly, while the crop still follows every movement of the
    head.
    """
    return np.stack([smoothed(landmarks, i) for i in range(len(landmarks))])


def smoothed(landmarks: np.ndarray, i: int) -> np.ndarray:
    """Landmarks (4, 2) of frame ``i`` of ``landmarks`` (T, 4, 2), averaged over time.

    The window is i-m..i+m with m = min(6, i, T-1-i).
    """
    margin = min(SMOOTHING_MARGIN, i, len(landmarks) - 1 - i)
    mean = landmarks[i - margin : i + margin + 1].mean(axis=0)
    own: np.ndarray = mean + (landmarks[i].mean(axis=0) - mean.mean(axis=0))
    return own


def place(points: np.ndarray, index: int = 0) -> tuple[np.ndarray, int, int]:
    """Say where the crop lies, given a frame's smoothed landmarks (4, 2).

    Returns:
        the similarity float64 (2, 3) from the frame to the aligned picture, and the crop's left and
        top pixel in that.

    Raises:
        InputError: the landmarks coincide; ``index`` is the frame's number in the message.

    """
    similarity, _ = cv2.estimateAffinePartial2D(points, MEAN_FACE, method=cv2.LMEDS)
    if similarity is None or not np.isfinite(similarity).all():
        raise InputError(f"frame {index}: the landmarks coincide; the face is too small to align")
    mouth = similarity[:, :2] @ points[_MOUTH] + similarity[:, 2]
    left, top = np.clip(np.rint(mouth - CROP_SIZE / 2).astype(int), -CROP_SIZE, MEAN_FACE_SIZE)
    return similarity, int(left), int(top)


def crop_mouth(frame: np.ndarray, points: np.ndarray, index: int = 0) -> np.ndarray:
    """Mouth crop uint8 (96, 96, 3) of one frame, given its smoothed landmarks (4, 2).

    Raises:
        InputError: the landmarks coincide; ``index`` is the frame's number in the message.

    """
    similarity, left, top = place(points, index)
    rows = slice(max(top, 0), min(top + CROP_SIZE, MEAN_FACE_SIZE))
    columns = slice(max(left, 0), min(left + CROP_SIZE, MEAN_FACE_SIZE))
    crop = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    if rows.start < rows.stop and columns.start < columns.stop:
        crop[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = (
            warp_part(frame, similarity, rows, columns)
        )
    return crop


def warp_part(frame: np.ndarray, transform: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Compute a part of ``cv2.warpAffine(frame, transform, size)``, bilinear, black outside.

    To the bit what OpenCV 4 (up to 4.14) computes, without the rest of the picture, which costs
    five times as much as the crop: it takes a pixel's place in the source as the sum of a row's and
    a column's part, each rounded to 1/1024 pixel, and cuts that down to 1/32 pixel. OpenCV 5 warps
    otherwise (findings/opencv5_warps_otherwise.sh); this is the same with either.

    Args:
        frame: uint8 (H, W, 3).
        transform: float64 (2, 3) from source to target pixels; must be invertible.
        rows: which rows of the target.
        columns: which columns of the target.

    """
    (a, b, x), (c, d, y) = transform
    scale = 1 / (a * d - b * c)
    a, b, c, d = d * scale, -b * scale, -c * scale, a * scale
    x, y = -a * x - b * y, -c * x - d * y
    across = np.arange(columns.start, columns.stop)
    down = np.arange(rows.start, rows.stop)[:, None]
    half = 1 << 4
    left = np.rint((b * down + x) * 1024).astype(np.int32) + half
    top = np.rint((d * down + y) * 1024).astype(np.int32) + half
    u = (left + np.rint(a * across * 1024).astype(np.int32)) >> 5
    v = (top + np.rint(c * across * 1024).astype(np.int32)) >> 5
    whole = np.empty((*u.shape, 2), np.int16)
    # Places farther out than a 16-bit number says are as black as its largest.
    np.clip(u >> 5, -(1 << 15), (1 << 15) - 1, out=whole[..., 0], casting="unsafe")
    np.clip(v >> 5, -(1 << 15), (1 << 15) - 1, out=whole[..., 1], casting="unsafe")
    parts = ((v & 31) << 5 | u & 31).astype(np.uint16)
    return cv2.remap(frame, whole, parts, cv2.INTER_LINEAR)
