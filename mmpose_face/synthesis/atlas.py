# SPDX-License-Identifier: Apache-2.0
"""The layout of the head's texture.

Landmarks have fixed places in the texture, and expressions stretch it; so its
regions are the same for every face and are made once. Colours are BGR from 0
to 1. A texture is ``(3, *SIZE)``: planes are faster to mix than interleaved
pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..landmarks import WFLW98
from .subpixel import SHIFT, Color, enlarged, fixed, octaves
from .template import CENTER, GRID, template, texture_coordinates

SCALE = 3  # texture pixels for each cell of the surface
SIZE = (GRID[0] * SCALE, GRID[1] * SCALE)
INDEX = WFLW98.index


def grid_to_texture(at: np.ndarray) -> np.ndarray:
    """Coordinates of the surface grid as texture pixels."""
    return at * SCALE + (SCALE - 1) / 2


def uv_to_grid(uv: np.ndarray) -> np.ndarray:
    """Texture coordinates in [-1, 1] as coordinates of the surface grid."""
    return (uv + 1) / 2 * (np.array(GRID[::-1]) - 1)


@lru_cache(maxsize=1)
def _texels() -> np.ndarray:
    """Texture pixels ``(M, 2)`` of the template's controls."""
    return grid_to_texture(uv_to_grid(template().uv))


@lru_cache(maxsize=1)
def places() -> np.ndarray:
    """The template's x, y and z at each texture pixel, ``(*SIZE, 3)``."""
    return cv2.resize(template().surface, SIZE[::-1])


@dataclass(frozen=True)
class Region:
    """A part of the texture: its window, and its share of each pixel.

    Args:
        window (tuple[slice, slice]): Rows and columns.
        alpha (np.ndarray): ``(rows, columns)`` from 0 to 1.
    """

    window: tuple[slice, slice]
    alpha: np.ndarray

    def _of(self, texture: np.ndarray) -> np.ndarray:
        """The part ``(3, rows, columns)`` of a texture, as a view."""
        window = (slice(None), *self.window)
        return texture[window]

    def darken(self, texture: np.ndarray, factor: float, strength: float) -> None:
        """Multiply the texture by a factor, in place."""
        part = self._of(texture)
        part *= 1 - self.alpha * np.float32(strength * (1 - factor))

    def paint(self, texture: np.ndarray, color: Color, strength=1.0) -> None:
        """Mix a colour, or an image ``(3, rows, columns)``, in place."""
        part, color = self._of(texture), np.asarray(color, np.float32)
        color = color.reshape(3, 1, 1) if color.ndim == 1 else color
        part += (color - part) * (self.alpha * np.float32(strength))


def _region(alpha: np.ndarray) -> Region:
    rows = np.flatnonzero(alpha.max(1) > 1e-3)
    columns = np.flatnonzero(alpha.max(0) > 1e-3)
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Region(window, alpha[window].astype(np.float32))


def _blurred(alpha: np.ndarray, blur: float) -> np.ndarray:
    alpha = alpha.astype(np.float32) / 255
    return cv2.GaussianBlur(alpha, (0, 0), blur) if blur else alpha


def filled(points: np.ndarray, blur: float = 0, holes: Sequence[np.ndarray] = ()) -> Region:
    """The inside of a polygon of texture pixels ``(n, 2)``."""
    alpha = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(alpha, [fixed(points)], (255,), cv2.LINE_AA, SHIFT)
    for hole in holes:
        cv2.fillPoly(alpha, [fixed(hole)], (0,), cv2.LINE_AA, SHIFT)
    return _region(_blurred(alpha, blur))


def stroked(points: np.ndarray, width: int, blur: float = 0, closed: bool = False) -> Region:
    """A line through texture pixels ``(n, 2)``."""
    alpha = np.zeros(SIZE, np.uint8)
    cv2.polylines(alpha, [fixed(points)], closed, (255,), width, cv2.LINE_AA, SHIFT)
    return _region(_blurred(alpha, blur))


def _curve(points: np.ndarray, closed: bool, steps: int = 6) -> np.ndarray:
    """A smooth line through points (Catmull-Rom)."""
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([points[:1], points, points[-1:]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    line = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    line = line.transpose(1, 0, 2).reshape(-1, 2)
    return line if closed else np.concatenate([line, points[-1:]])


def _line(*names: str, closed: bool = False) -> np.ndarray:
    return _curve(_texels()[[INDEX[name] for name in names]], closed)


def _at(points: Sequence[tuple[float, ...]], sign: int = 1) -> np.ndarray:
    """Texture pixels of places near the template's surface; mirrored with
    ``sign`` -1."""
    places = np.array(points, float) * (sign, 1, 1)
    return grid_to_texture(uv_to_grid(texture_coordinates(places)))


def _smooth(t: np.ndarray) -> np.ndarray:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


_EYE = (
    'inner_corner',
    'upper_inner',
    'upper_middle',
    'upper_outer',
    'outer_corner',
    'lower_outer',
    'lower_middle',
    'lower_inner',
)

# Lines on both sides: places on the right, width and blur in texture pixels.
_SIDE_LINES: dict[str, tuple[list[tuple[float, ...]], int, float]] = dict(
    nostril=([(5.5, 45.2, 95), (9.5, 44.6, 92)], 4, 1.1),
    wing=([(14, 44.5, 86), (19, 43, 83), (18.5, 37, 83)], 2, 1.4),
    fold=([(19, 42, 82), (27, 54, 79), (31, 67, 75)], 2, 2.0),
    bag=([(19, 8, 77), (30, 12, 75), (41, 8, 71)], 2, 1.8),
    blush=([(40, 25, 72), (46, 30, 66)], 20, 9.0),
)
_WRINKLES = (-42, -52, -61)  # their heights on the forehead


@lru_cache(maxsize=1)
def regions() -> dict[str, Region]:
    """The parts of the face whose shape in the texture never changes."""
    parts = _lip_regions()
    for side in ('left', 'right'):
        own = dict(**_eye_regions(side), **_side_regions(side))
        parts.update({f'{side}_{name}': part for name, part in own.items()})
    for i, y in enumerate(_WRINKLES):
        line = _at([(-34, y, 76), (-15, y - 2, 86), (0, y + 1, 88), (15, y - 2, 86), (34, y, 76)])
        parts[f'wrinkle_{i}'] = stroked(_curve(line, False), 1, 1.2)
    return parts


def _lip_regions() -> dict[str, Region]:
    lips = [curve.points for curve in WFLW98.curves if curve.group == 'lips']
    outer, inner = (_line(*names, closed=True) for names in lips)
    return dict(
        lips=filled(outer, 0.8, [inner]),
        mouth=filled(inner),
        mouth_line=stroked(inner, 1, 0.6, closed=True),
        lip_line=stroked(outer, 1, 0.9, closed=True),
        teeth=filled(_teeth(lips[1]), 0.6),
    )


def _side_regions(side: str) -> dict[str, Region]:
    sign = -1 if side == 'left' else 1
    parts = {
        name: stroked(
            _curve(_at(points, sign), False) if len(points) > 2 else _at(points, sign), width, blur
        )
        for name, (points, width, blur) in _SIDE_LINES.items()
    }
    upper = [f'{side}_brow_upper_{i}' for i in range(1, 6)]
    lower = [f'{side}_brow_lower_{i}' for i in range(4, 0, -1)]
    parts['brow'] = filled(_line(*upper, *lower, closed=True), 1.3)
    return parts


def _teeth(inner: Sequence[str]) -> np.ndarray:
    """From the upper inner lip half way down the open mouth."""
    points = _texels()[[INDEX[name] for name in inner]]
    upper, lower = points[:5], points[[0, 7, 6, 5, 4]]
    edge = upper + (lower - upper) * 0.42
    return np.concatenate([_curve(upper, False), _curve(edge, False)[::-1]])


def _eye_regions(side: str) -> dict[str, Region]:
    names = [f'{side}_eye_{name}' for name in _EYE]
    opening = _line(*names, closed=True)
    upper, lower = _line(*names[:5]), _line(names[0], *names[:3:-1])
    raised = upper + (0, -5)
    return dict(
        eye=filled(opening),
        lid_shade=stroked(upper + (0, 1.5), 4, 1.2),
        upper_lid=stroked(upper, 2, 0.6),
        lower_lid=stroked(lower, 1, 0.7),
        liner=stroked(upper + (0, -1), 3, 0.7),
        crease=stroked(raised + (0, -1), 1, 1.1),
        shadow=filled(np.concatenate([upper, (upper + (0, -13))[::-1]]), 3.0),
    )


_STOCK = 2 * SIZE[0], 2 * SIZE[1]  # size of the noise to crop from


@lru_cache(maxsize=1)
def noise() -> np.ndarray:
    """Noise of several octaves for skin, about -1 to 1."""
    weights = {64: 0.5, 24: 0.4, 8: 0.3, 3: 0.3, 1: 0.35}
    return octaves(np.random.default_rng(1), _STOCK, weights)


@lru_cache(maxsize=1)
def strands() -> np.ndarray:
    """Noise stretched down the columns, like strands of hair."""
    rng = np.random.default_rng(2)
    height, width = _STOCK
    fine = enlarged(rng.normal(0, 1, (height // 20, width)), _STOCK)
    wide = enlarged(rng.normal(0, 1, (height // 40, width // 6)), _STOCK)
    return 0.6 * fine + 0.6 * wide


@lru_cache(maxsize=1)
def hairiness() -> np.ndarray:
    """Millimetres behind a usual hairline, ``SIZE``; negative on the face."""
    x, y, z = np.moveaxis(places(), -1, 0)
    front = -70 - y - 0.12 * np.abs(x)
    side = np.minimum(18 - z - 0.15 * y, 28 - y)
    back = np.minimum(-12 - z, 75 - y)
    return np.maximum(np.maximum(front, side), back).astype(np.float32)


@lru_cache(maxsize=1)
def beard() -> tuple[np.ndarray, np.ndarray]:
    """Density of beard and of moustache at each texture pixel, 0 to 1."""
    x, y, z = np.moveaxis(places(), -1, 0)
    edge = np.where(z > 5, 8 + (z - 5) * 0.78, 8)
    cheeks = _smooth((y - edge) / 10) * _smooth((z + 12) / 10)
    chin = _smooth((y - 66) / 8)
    whiskers = cheeks * np.maximum(chin, _smooth((np.abs(x) - 24) / 8))
    moustache = (
        _smooth((30 - np.abs(x)) / 6)
        * _smooth((y - 50) / 4)
        * _smooth((68 - y) / 4)
        * _smooth((z - 60) / 5)
    )
    bare = _beside_lips()
    return ((whiskers * bare).astype(np.float32), (moustache * bare).astype(np.float32))


def _beside_lips() -> np.ndarray:
    """0 on the lips and the mouth, 1 elsewhere."""
    lips = np.zeros(SIZE, np.float32)
    for name in ('lips', 'mouth'):
        region = regions()[name]
        part = lips[region.window]
        np.maximum(part, region.alpha, out=part)
    return 1 - np.clip(cv2.GaussianBlur(lips, (0, 0), 1.5) * 2, 0, 1)


@lru_cache(maxsize=1)
def hollows() -> np.ndarray:
    """Factor of the ambient light by relief, about 0.6 to 1.1."""
    surface = template().surface
    radius = np.linalg.norm(surface - CENTER, axis=-1).astype(np.float32)
    relief = radius - cv2.GaussianBlur(radius, (0, 0), 5)
    relief = np.clip(relief / 7, -0.5, 0.2)
    return cv2.resize(1 + 0.75 * relief, SIZE[::-1])


@lru_cache(maxsize=1)
def forehead() -> np.ndarray:
    """Where the hairline may be low: 1 on the forehead, 0 below the brows."""
    _, y, z = np.moveaxis(places(), -1, 0)
    return (_smooth((2 - y) / 20) * _smooth((z + 20) / 30)).astype(np.float32)
