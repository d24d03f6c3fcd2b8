"""The pixels of a decoded frame as a player shows them."""

import math
import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

from mavsr.errors import InputError
from mavsr.media.cropping import crop_of
from mavsr.media.opening import OpenFile

_MOST_SQUEEZED = 8
"""No format in use has pixels more than 4 times as wide as high; beyond this a header is wrong."""
_MOST_TYPES = 128
"""FFmpeg 8 has 33 types of side data, and gets some more with every release."""
_SLANT = 0.01
"""What a matrix of quarter turns may hold beside them, relative to its largest entry."""


class Picture:
    """Turns the decoded frames of one track into upright RGB pixels, all of one size.

    What the file asks for is carried out: quarter turns and mirrors of its display matrix, borders
    to be hidden, and pixels that are not square (the picture is enlarged where it is squeezed, so
    nothing is lost).
    Where the size changes within a track, frames keep their shape and are scaled into the size that
    the track begins with, with black borders.

    FFmpeg's conversion is set up once per file: for every frame anew it would take as long again.

    Args:
        file: the open file, of whose main video track the frames are.

    """

    def __init__(self, file: OpenFile):
        self._path = file.path
        self._stream = file.track("video")
        self._first_size = file.size
        self._first_aspect = file.aspect
        self._whole = self._square(*file.size, file.aspect)
        self._window = _window(file, *self._whole)
        rows, columns = self._window
        self._size = columns.stop - columns.start, rows.stop - rows.start
        self._reformatter = VideoReformatter()
        self._last: tuple[av.VideoFrame, np.ndarray] | None = None

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """RGB uint8 (H, W, 3) of a frame; to be read only.

        Raises:
            InputError: it is to be turned by other than quarter turns, or its pixels have an
                impossible shape.

        """
        if self._last is None or self._last[0] is not frame:
            pixels = self._fitted(frame)
            matrix = _display_matrix(frame)
            self._last = frame, pixels if matrix is None else self._turned(pixels, *matrix)
        return self._last[1]

    def _square(self, width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
        """Width and height in square pixels; ``aspect`` is what the codec says."""
        if aspect == self._first_aspect:
            # The container's word goes before the codec's, but it was said of the first frames.
            aspect = self._stream.sample_aspect_ratio
        if not aspect or aspect < 0:
            return width, height
        if not 1 / _MOST_SQUEEZED <= aspect <= _MOST_SQUEEZED:
            raise InputError(
                f"{self._path}: says that its pixels are {float(aspect):g} times as wide as high; "
                "correct its sample aspect ratio"
            )
        return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))

    def _fitted(self, frame: av.VideoFrame) -> np.ndarray:
        aspect = self._stream.codec_context.sample_aspect_ratio
        if aspect == self._first_aspect and (frame.width, frame.height) == self._first_size:
            return self._rgb(frame, *self._whole)[self._window]
        width, height = self._square(frame.width, frame.height, aspect)
        scale = min(self._size[0] / width, self._size[1] / height)
        pixels = self._rgb(frame, max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        top = (canvas.shape[0] - pixels.shape[0]) // 2
        left = (canvas.shape[1] - pixels.shape[1]) // 2
        canvas[top:, left:][: pixels.shape[0], : pixels.shape[1]] = pixels
        return canvas

    def _rgb(self, frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
        """Pixels (height, width, 3)."""
        how = None if (width, height) == (frame.width, frame.height) else "BICUBIC"
        picture = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=how)
        plane = picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        return rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)

    def _turned(self, pixels: np.ndarray, a: float, b: float, c: float, d: float) -> np.ndarray:
        """Carry out a display matrix: it takes a stored pixel (x, y) to (a x + c y, b x + d y)."""
        along, across = max(abs(a), abs(d)), max(abs(b), abs(c))
        if min(along, across) > _SLANT * max(along, across):
            degrees = math.degrees(math.atan2(b, a))
            raise InputError(
                f"{self._path}: is to be shown turned by {degrees:.0f} degrees; only quarter turns "
                "can be carried out; turn its pixels with a video editor"
            )
        if across > along:
            pixels, a, d = pixels.transpose(1, 0, 2), c, b
        return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _window(file: OpenFile, width: int, height: int) -> tuple[slice, slice]:
    """The rows and columns that are shown of a whole picture.

    Raises:
        InputError: the container hides all of it, or says so of what is not there.

    """
    crop = crop_of(file.path, file.container.streams.video.index(file.track("video")))
    across, down = Fraction(width, file.size[0]), Fraction(height, file.size[1])
    left, right = round(crop.left * across), width - round(crop.right * across)
    top, bottom = round(crop.top * down), height - round(crop.bottom * down)
    if min(crop) < 0 or left >= right or top >= bottom:
        borders = ", ".join(f"{name} {pixels}" for name, pixels in crop._asdict().items())
        raise InputError(
            f"{file.path}: says that of {file.size[0]}x{file.size[1]} pixels these are to be "
            f"hidden: {borders}; correct its cropping (PixelCrop in Matroska, clap in MP4)"
        )
    return slice(top, bottom), slice(left, right)


def _display_matrix(frame: av.VideoFrame) -> tuple[float, float, float, float] | None:
    """The four entries that turn, mirror and scale; None if a frame comes without."""
    side_data: Any = frame.side_data
    found = side_data.get(Type.DISPLAYMATRIX) if len(side_data) else None
    if found is None:
        return None
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(found))
    return a, b, c, d


def _take_unknown_side_data() -> None:
    """Let PyAV list a frame's side data also if it does not know the type of one.

    Without it there is no way to the display matrix of a frame with EXIF, as in MJPEG.
    """
    known: Any = Type._value2member_map_
    for number in range(_MOST_TYPES):
        if number not in known:
            member: Any = object.__new__(Type)
            member._name_, member._value_ = f"UNKNOWN_{number}", number
            known[number] = member


_take_unknown_side_data()
