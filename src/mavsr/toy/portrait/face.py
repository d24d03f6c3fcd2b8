"""A speaker's still face: a portrait photograph, upright, reproportioned, lit.

The two photographs are in the public domain and ship inside dependencies: Eileen Collins (NASA,
``skimage.data.astronaut``) and Grace Hopper (US Navy, matplotlib's ``grace_hopper.jpg``). The still
is a square canvas larger than a frame, so that a moving head never shows its edge. Distances are
pixels; "face units" have their origin between the eyes, the eye line as x axis and the distance
between the eyes as unit.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage.data
from scipy.interpolate import PchipInterpolator

from mavsr.toy.portrait.speakers import Speaker

CANVAS = 296
GRID = np.linspace(-1, 1, 41)
"""Where lip contours are sampled: -1 and 1 are the corners of the mouth."""


@dataclass(frozen=True)
class Photograph:
    """Landmarks (x, y) in pixels of the photograph; left and right as the viewer sees them.

    Contours run from the left to the right corner of the mouth. ``seam`` is where the lips of the
    closed mouth meet, ``fullness`` how much fuller than in the picture relaxed lips are: both
    undo the astronaut's smile.
    """

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    nose_base: tuple[float, float]
    chin: tuple[float, float]
    seam: tuple[float, float]
    upper_outer: tuple[tuple[float, float], ...]
    upper_inner: tuple[tuple[float, float], ...]
    lower_inner: tuple[tuple[float, float], ...]
    lower_outer: tuple[tuple[float, float], ...]
    fullness: tuple[float, float]


# Measured with MediaPipe's face mesh and corrected at the corners of the mouth.
LANDMARKS = {
    "astronaut": Photograph(
        left_eye=(204.0, 101.6),
        right_eye=(246.9, 103.8),
        nose_base=(223.3, 134.0),
        chin=(222.1, 177.5),
        seam=(223.6, 145.4),
        upper_outer=((202.4, 140.0), (207.8, 139.2), (211.8, 139.2), (217.7, 139.3), (224.0, 140.3),
                     (230.4, 139.7), (236.5, 140.0), (240.6, 140.3), (246.0, 141.3)),
        upper_inner=((202.4, 140.0), (206.7, 140.7), (213.4, 142.1), (218.1, 143.0), (223.9, 143.8),
                     (229.8, 143.4), (234.7, 142.8), (241.8, 141.8), (246.0, 141.3)),
        lower_inner=((202.4, 140.0), (207.3, 143.8), (209.8, 146.2), (213.5, 148.5), (218.0, 150.3),
                     (223.5, 151.0), (229.1, 150.7), (233.9, 149.3), (237.8, 147.2), (240.7, 145.0),
                     (246.0, 141.3)),
        lower_outer=((202.4, 140.0), (207.8, 148.4), (211.8, 152.4), (216.9, 155.2), (223.3, 156.4),
                     (229.6, 155.8), (235.2, 153.3), (239.8, 149.6), (246.0, 141.3)),
        fullness=(1.7, 1.25),
    ),
    "admiral": Photograph(
        left_eye=(222.3, 191.3),
        right_eye=(306.1, 188.1),
        nose_base=(268.0, 252.5),
        chin=(270.3, 335.2),
        seam=(266.5, 279.6),
        upper_outer=((228.0, 281.5), (239.6, 276.2), (245.7, 273.6), (255.1, 271.5), (265.8, 273.2),
                     (276.5, 271.0), (286.7, 272.2), (293.5, 274.2), (307.0, 279.0)),
        upper_inner=((228.0, 281.5), (240.5, 279.9), (250.7, 279.3), (258.1, 279.6), (266.4, 280.0),
                     (275.1, 278.9), (282.8, 278.0), (293.9, 277.3), (307.0, 279.0)),
        lower_inner=((228.0, 281.5), (240.5, 279.9), (250.7, 279.3), (258.1, 279.6), (266.4, 280.0),
                     (275.1, 278.9), (282.8, 278.0), (293.9, 277.3), (307.0, 279.0)),
        lower_outer=((228.0, 281.5), (240.7, 286.0), (247.9, 289.4), (256.9, 291.7), (267.2, 292.0),
                     (277.7, 291.0), (287.0, 287.9), (294.1, 283.7), (307.0, 279.0)),
        fullness=(1.25, 1.15),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Face:
    """A still face and where its mouth is.

    Attributes:
        image: uint8 (CANVAS, CANVAS, 3), RGB.
        mouth: (x, y) of the centre of the closed mouth.
        half_width: of the mouth at rest.
        picture_half_width: of the mouth in ``image``, which may smile.
        nose_y: lower end of the nose; what is above never moves.
        chin_y: lower end of the chin.
        contours: (4, len(GRID)) heights below ``mouth`` in ``image`` of the upper lip's outer and
            inner and the lower lip's inner and outer edge.
        fullness: thickness of the relaxed upper and lower lip relative to ``image``.
        light: (3,) gain of red, green and blue at the mouth, for what is painted into it.
        teeth: brightness of the teeth, 0 to 1.
    """

    image: np.ndarray
    mouth: tuple[float, float]
    half_width: float
    picture_half_width: float
    nose_y: float
    chin_y: float
    contours: np.ndarray
    fullness: tuple[float, float]
    light: np.ndarray
    teeth: float


@cache
def load_photograph(name: str) -> np.ndarray:
    """The photograph uint8 (H, W, 3), RGB, from inside its package."""
    if name == "astronaut":
        return np.asarray(skimage.data.astronaut())
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@lru_cache(maxsize=8)
def make_face(speaker: Speaker) -> Face:
    """Build the still face of a speaker."""
    marks = LANDMARKS[speaker.photograph]
    photograph = load_photograph(speaker.photograph)
    left, right = np.array(marks.left_eye), np.array(marks.right_eye)
    origin, along = (left + right) / 2, right - left
    axes = np.stack([along, [-along[1], along[0]]])
    unit = float(np.hypot(*along))
    mirror = -1.0 if speaker.flipped else 1.0

    def to_units(points: object) -> np.ndarray:
        return (np.array(points, float) - origin) @ axes.T / unit**2 * (mirror, 1)

    nose, seam, chin = (to_units(p)[1] for p in (marks.nose_base, marks.seam, marks.chin))
    # Heights in the photograph and in the speaker's face: hair, eyes, nose, mouth, chin.
    before = np.array([-4, -0.6, 0, nose, seam, chin, chin + 4])
    steps = np.diff(before) * [1, 1, *[speaker.nose_length] * 2, speaker.chin_length, 1]
    steps[3] = seam - nose
    after = before[0] + np.concatenate([[0], np.cumsum(steps)])
    scale = speaker.eye_distance_px
    middle = after[4] / 2
    pixel = np.arange(CANVAS) - CANVAS / 2
    y_units = PchipInterpolator(after, before)(pixel / scale + middle)
    x_units = pixel / (scale * speaker.face_width) * mirror
    grid = (np.stack(np.meshgrid(x_units, y_units), -1) @ axes + origin).astype(np.float32)
    image = cv2.remap(
        photograph,
        grid[..., 0],
        grid[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )

    def to_canvas(points: object) -> np.ndarray:
        units = to_units(points)
        y = np.interp(units[..., 1], y_units, pixel)
        return np.stack([units[..., 0] * scale * speaker.face_width, y], -1) + CANVAS / 2

    outer = to_canvas(marks.upper_outer)
    picture_half = abs(outer[-1, 0] - outer[0, 0]) / 2
    mouth = ((outer[-1, 0] + outer[0, 0]) / 2, float(to_canvas(marks.seam)[1]))
    contours = []
    for points in (marks.upper_outer, marks.upper_inner, marks.lower_inner, marks.lower_outer):
        line = to_canvas(points)
        line = line[np.argsort(line[:, 0])]
        contours.append(
            np.interp(GRID * picture_half + mouth[0], line[:, 0], line[:, 1]) - mouth[1]
        )
    curves = np.array(contours, np.float32)
    image = _redden(image, mouth, picture_half, curves, speaker.lip_redness)
    light = _light(speaker)
    return Face(
        image=_develop(image, light, speaker.gamma),
        mouth=mouth,
        half_width=0.44 * scale * speaker.mouth_width,
        picture_half_width=float(picture_half),
        nose_y=float(to_canvas(marks.nose_base)[1]),
        chin_y=float(to_canvas(marks.chin)[1]),
        contours=curves,
        fullness=(
            marks.fullness[0] * speaker.lip_fullness,
            marks.fullness[1] * speaker.lip_fullness,
        ),
        light=light[0, round(mouth[0])],
        teeth=speaker.teeth,
    )


def _redden(
    image: np.ndarray, mouth: tuple[float, float], half: float, curves: np.ndarray, redness: float
) -> np.ndarray:
    """Tint the lips: less green and blue, softly at the edges."""
    x = np.arange(CANVAS)
    u = (x - mouth[0]) / half
    upper_outer, upper_inner, lower_inner, lower_outer = (
        np.interp(u, GRID, curve) + mouth[1] for curve in curves
    )
    y = x[:, None]
    lips = ((y > upper_outer) & (y < upper_inner + 0.7)) | (
        (y > lower_inner - 0.7) & (y < lower_outer)
    )
    mask = cv2.GaussianBlur((lips & (abs(u) < 1)).astype(np.float32), (0, 0), 0.8)[..., None]
    return image * (1 - mask * redness * np.array([0.06, 0.3, 0.22], np.float32))


def _light(speaker: Speaker) -> np.ndarray:
    """Gain (1, CANVAS, 3): brightness, tint and a light from the side."""
    slope = 1 + speaker.side_light * np.linspace(-1, 1, CANVAS, dtype=np.float32)
    return speaker.brightness * slope[None, :, None] * np.array(speaker.tint, np.float32)


def _develop(image: np.ndarray, light: np.ndarray, gamma: float) -> np.ndarray:
    """Light the picture and bend its tone curve, black and white held."""
    tone = 255 * (np.clip(image / 255, 0, 1) ** gamma)
    return np.clip(tone * light, 0, 255).astype(np.uint8)
