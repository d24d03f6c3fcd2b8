"""Draw a mouth shape into a still face: lips, chin and cheeks by warping, the inside by painting.

Every column of the lower face is cut at the edges of the lips and at the chin, and the pieces are
stretched to where the shape wants them; cheeks follow with decreasing strength. Teeth, tongue and
the dark of the mouth are painted between the inner edges of the lips. Coordinates are relative to
the closed mouth, y downward, in units of the resting mouth's half width.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mavsr.toy.portrait.face import GRID, Face

REACH = 2.3
"""Half width of the region that moves."""
_ABOVE_NOSE = 1.0
_BELOW_CHIN = 0.9
_UPPER_TEETH = 0.13
_LOWER_TEETH = 0.16
_JAW_DROP = 0.62
_DARK = np.array([52, 20, 18], np.float32)
_TONGUE = np.array([205, 105, 100], np.float32)
_TOOTH = np.array([238, 230, 212], np.float32)


@dataclass(frozen=True)
class _Shape:
    """One row of :func:`mavsr.toy.portrait.visemes.mouth_shapes`."""

    opening: float
    jaw: float
    width: float
    rounding: float
    press: float
    tuck: float
    tongue: float
    tip: float


@dataclass(frozen=True)
class _Lips:
    """Where the lips are in each column: ``u`` runs from -1 to 1 between the corners."""

    u: np.ndarray
    upper_outer: np.ndarray
    upper_inner: np.ndarray
    lower_inner: np.ndarray
    lower_outer: np.ndarray

    def __getitem__(self, columns: slice) -> "_Lips":
        return _Lips(*(getattr(self, name)[columns] for name in self.__dataclass_fields__))


def draw_mouth(face: Face, shape: np.ndarray) -> np.ndarray:
    """The face with its mouth in a shape.

    Args:
        face: the still.
        shape: (8,) as in :data:`mavsr.toy.portrait.visemes.PARAMETERS`.

    Returns:
        uint8 image of the size of ``face.image``.
    """
    wanted = _Shape(*map(float, shape))
    unit = face.half_width
    centre_x, centre_y = face.mouth
    left, right = int(centre_x - REACH * unit), int(centre_x + REACH * unit) + 2
    top = int(face.nose_y - _ABOVE_NOSE * unit)
    bottom = int(face.chin_y + _BELOW_CHIN * unit)
    x = (np.arange(left, right, dtype=np.float32) - np.float32(centre_x)) / np.float32(unit)
    y = ((np.arange(top, bottom, dtype=np.float32) - np.float32(centre_y)) / np.float32(unit))[
        :, None
    ]
    u = x / wanted.width
    source = np.stack([np.interp(u, GRID, curve) for curve in face.contours]) / unit
    source = source.astype(np.float32)
    lips = _place_lips(face, wanted, u, source)
    map_y = _stretch(face, wanted, lips, source, x, y)
    map_x = _squeeze(face, wanted, lips, x, y)
    map_x *= np.float32(unit)
    map_x += np.float32(centre_x)
    map_y *= np.float32(unit)
    map_y += np.float32(centre_y)
    image = face.image.copy()
    image[top:bottom, left:right] = cv2.remap(face.image, map_x, map_y, cv2.INTER_LINEAR)
    columns = slice(*np.flatnonzero(np.abs(u) < 1.15)[[0, -1]] + [0, 1])
    near = (y > lips.upper_outer.min() - 0.1) & (y < lips.lower_outer.max() + 0.45)
    rows = slice(*np.flatnonzero(near)[[0, -1]] + [0, 1])
    part = image[top + rows.start : top + rows.stop, left + columns.start : left + columns.stop]
    part[:] = _paint(part.astype(np.float32), face, wanted, lips[columns], x[columns], y[rows])
    return image


def _place_lips(face: Face, shape: _Shape, u: np.ndarray, source: np.ndarray) -> _Lips:
    """The edges of the lips in every column; they meet at and beyond the corners."""
    inside = np.clip(u, -1, 1)
    profile = np.maximum(1 - inside**2, 0) ** np.float32(0.85 - 0.35 * shape.rounding)
    droop = 0.02 + 0.14 * shape.jaw + 0.05 * shape.opening - 0.05 * (shape.width - 1)
    seam = np.float32(droop) * inside**2
    free = shape.opening * (1 - shape.tuck)
    raised = 0.24 * (free * (1 - 0.6 * shape.rounding) + shape.tuck)
    lowered = 0.76 * free - 0.01 * shape.tuck
    upper_inner = seam - np.float32(raised) * profile
    lower_inner = np.maximum(seam + np.float32(lowered) * profile, upper_inner)
    swell = (1 + 0.35 * shape.rounding) * (1 - 0.45 * shape.press)
    swell *= face.half_width / face.picture_half_width
    upper = face.fullness[0] * swell * (1 + 0.15 * shape.tuck)
    lower = face.fullness[1] * swell * (1 - 0.2 * shape.tuck)
    return _Lips(
        u=u,
        upper_outer=upper_inner - np.maximum(np.float32(upper) * (source[1] - source[0]), 0.01),
        upper_inner=upper_inner,
        lower_inner=lower_inner,
        lower_outer=lower_inner + np.maximum(np.float32(lower) * (source[3] - source[2]), 0.01),
    )


def _stretch(
    face: Face, shape: _Shape, lips: _Lips, source: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Height in the still of what is seen at (y, x)."""
    nose = np.float32((face.nose_y - face.mouth[1]) / face.half_width)
    chin = np.float32((face.chin_y - face.mouth[1]) / face.half_width)
    seen = [
        nose, lips.upper_outer, lips.upper_inner, lips.lower_inner, lips.lower_outer,
        chin + np.float32(0.5 * shape.jaw), y[-1],
    ]  # fmt: skip
    still = [nose, *source, chin, y[-1]]
    mapped = np.broadcast_to(np.minimum(y, nose), (len(y), len(x))).copy()
    for start, end, before, after in zip(seen[:-1], seen[1:], still[:-1], still[1:], strict=True):
        length = np.maximum(end - start, np.float32(0.01))
        piece = np.clip(y - start, 0, length)
        piece *= (after - before) / length
        mapped += piece
    mapped -= y
    mapped *= _fade(np.abs(x), 1.3, REACH)
    mapped += y
    return mapped


def _squeeze(face: Face, shape: _Shape, lips: _Lips, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Horizontal place in the still of what is seen at (y, x); the nose keeps still."""
    nose = (face.nose_y - face.mouth[1]) / face.half_width
    chin = (face.chin_y - face.mouth[1]) / face.half_width
    corner = face.picture_half_width / face.half_width
    distance = np.abs(x)
    outside = corner + (distance - shape.width) * (REACH - corner) / (REACH - shape.width)
    pulled = np.sign(x) * np.where(distance < shape.width, distance / shape.width * corner, outside)
    cheek = 1 - _fade(distance, 0.55, 1.15)
    near, far = _fade(-y, 0.1, 0.4 - nose), _fade(-y, 0.1, -float(y[0, 0]))
    low = _fade(y, float(lips.lower_outer.max()), chin + 0.5)
    moved = (near * low) * ((1 - cheek) * (pulled - x))
    moved += (far * low) * (cheek * (pulled - x))
    moved += x
    return moved


def _paint(
    region: np.ndarray, face: Face, shape: _Shape, lips: _Lips, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Shade the lips and paint the inside of the mouth: uint8 like ``region`` (H, W, 3)."""
    pixel = np.float32(1 / face.half_width)
    bulge = np.sqrt(np.maximum(1 - lips.u**2, 0))
    upper, lower = lips.upper_inner, lips.lower_inner
    edge = np.where(y < (upper + lower) / 2, upper, lower)
    shade = 1 - 0.45 * bulge * _bump(y - edge, 1.3 * float(pixel))
    shade *= 1 - (0.08 + 0.27 * shape.rounding) * bulge * _bump(y - lips.lower_outer - 0.16, 0.13)
    if shape.rounding > 0.05:
        shade *= 1 + 0.16 * shape.rounding * bulge * _bump(y - (lower + lips.lower_outer) / 2, 0.12)
    region *= shade.astype(np.float32)[..., None]

    gap = np.clip((y - upper) / pixel + 0.5, 0, 1) * np.clip((lower - y) / pixel + 0.5, 0, 1)
    gap *= np.abs(lips.u) < 1
    rows = np.flatnonzero(gap.any(1))
    if len(rows):
        inner = slice(rows[0], rows[-1] + 1)
        colour = _inside(face, shape, upper, x, y[inner])
        _blend(region[inner], gap[inner], colour)
    return np.clip(region, 0, 255).astype(np.uint8)


def _inside(
    face: Face, shape: _Shape, upper: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The open mouth behind the lips, float (H, W, 3): dark, tongue, teeth, tip of the tongue."""
    pixel = np.float32(1 / face.half_width)
    distance = np.abs(x)
    arch = (x / np.float32(0.8)) ** 2
    teeth_y = np.float32(_UPPER_TEETH - 0.08 * shape.rounding) - 0.06 * arch
    lower_y = np.float32(_LOWER_TEETH - 0.1 * shape.rounding + _JAW_DROP * shape.jaw) + 0.05 * arch
    tongue_y = lower_y + 0.1 + (teeth_y - 0.09 - lower_y) * shape.tongue + 0.4 * arch
    tip_y = teeth_y - 0.02 + 0.45 * arch
    tooth_shade = (1 - 0.6 * (x / 0.85) ** 2) * (1 - 0.16 * np.abs(np.cos(x * np.pi / 0.24)) ** 12)
    tooth = _TOOTH * face.teeth * np.clip(tooth_shade, 0.15, 1).astype(np.float32)[None, :, None]
    # Protruded lips keep the light from the teeth.
    tooth *= np.float32(1 - 0.8 * np.clip((shape.rounding - 0.7) / 0.3, 0, 1))
    inner = np.empty((len(y), len(x), 3), np.float32)
    inner[:] = _DARK
    back = np.clip((y - tongue_y) / (3 * pixel) + 0.5, 0, 1) * _fade(distance, 0.5, 0.75)
    _blend(inner, back * (0.35 + 0.6 * shape.tongue), _TONGUE * 0.8)
    _blend(
        inner, np.clip((y - lower_y) / pixel + 0.5, 0, 1) * _fade(distance, 0.6, 0.75), 0.82 * tooth
    )
    _blend(inner, np.clip((teeth_y - y) / pixel + 0.5, 0, 1) * _fade(distance, 0.72, 0.9), tooth)
    if shape.tip > 0.01:
        front = np.clip((y - tip_y) / pixel + 0.5, 0, 1) * _fade(distance, 0.42, 0.58)
        _blend(inner, front * shape.tip, _TONGUE)
    depth = 0.62 + 0.38 * np.clip((y - upper) / 0.12, 0, 1)
    inner *= (depth[..., None] * face.light).astype(np.float32)
    return inner


def _blend(image: np.ndarray, alpha: np.ndarray, colour: np.ndarray) -> None:
    """Lay ``colour`` over ``image`` (H, W, 3) with opacity ``alpha`` (H, W), in place."""
    image += alpha.astype(np.float32)[..., None] * (colour - image)


def _bump(distance: np.ndarray, size: float) -> np.ndarray:
    """1 at distance 0, Gaussian around it."""
    scaled = distance * np.float32(1 / size)
    return np.exp(-scaled * scaled)


def _fade(distance: np.ndarray, near: float, far: float) -> np.ndarray:
    """1 up to ``near``, 0 from ``far`` on, smooth between."""
    t = np.clip((np.float32(far) - distance) / np.float32(max(far - near, 1e-3)), 0, 1)
    return t * t * (3 - 2 * t)
