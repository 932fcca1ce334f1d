# SPDX-License-Identifier: Apache-2.0
"""Rendering of a textured surface: camera, light, visibility.

There are no triangles: the surface is sampled finely, and each pixel shows the
texture coordinates of its nearest sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .template import GRID

FINE = 2  # samples for each cell of the surface, in each direction


def turned(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Vectors ``(..., 3)`` multiplied by a matrix ``(n, 3)``, float32.

    By OpenCV, since the last bits of BLAS's results depend on the number of
    threads, and a face must not.
    """
    flat = np.asarray(vectors, np.float32).reshape(1, -1, 3)
    product = cv2.transform(flat, np.asarray(matrix, np.float32))
    return product.reshape(*np.shape(vectors)[:-1], len(matrix))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in front of the face.

    Args:
        rotation (np.ndarray): ``(3, 3)``, from head to camera axes.
        distance (float): From the camera to the head's centre, millimetres.
        scale (float): Pixels per millimetre at the head's centre.
        center (tuple[float, float]): Place of that centre in the image, pixels.
    """

    rotation: np.ndarray
    distance: float
    scale: float
    center: tuple[float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """From head space ``(..., 3)`` in millimetres to x and y in pixels and
        z in millimetres towards the camera."""
        seen = turned(points, self.rotation)
        near = np.float32(self.scale * self.distance) / (np.float32(self.distance) - seen[..., 2:])
        seen[..., :2] = seen[..., :2] * near + np.asarray(self.center, np.float32)
        return seen


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The matrix ``(3, 3)`` of a head pose in degrees; positive is to the
    viewer's right, down and clockwise."""
    y, p, r = np.deg2rad([yaw, pitch, roll])
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_x = [[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]]
    about_z = [[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]]
    return np.array(about_z) @ about_x @ about_y


@dataclass(frozen=True)
class View:
    """The part of the surface that each pixel sees.

    Args:
        texture (np.ndarray): ``(H, W, 2)``, columns and rows of the surface
            grid; valid where ``alpha`` is not 0.
        alpha (np.ndarray): ``(H, W)``, share of the pixel that is covered.
        depth (np.ndarray): ``(H, W)``, millimetres towards the camera;
            ``-inf`` without surface.
    """

    texture: np.ndarray
    alpha: np.ndarray
    depth: np.ndarray


# Largest side in pixels of the depth image; the samples would not fill a
# larger one.
_COARSE = 128
_DEEP = 200.0  # millimetres; deeper than any point behind the head's centre
_STEPS = 64.0  # steps of depth in a millimetre


def see(projected: np.ndarray, facing: np.ndarray, size: int) -> View:
    """Find the surface that each pixel sees.

    Args:
        projected (np.ndarray): The surface ``(*GRID, 3)`` as seen by
            :meth:`Camera.project`.
        facing (np.ndarray): ``(*GRID)``, whether it faces the camera.
        size (int): Width and height of the image in pixels.
    """
    samples = cv2.resize(projected, None, fx=FINE, fy=FINE).reshape(-1, 3)
    facing = cv2.resize(facing.astype(np.uint8), None, fx=FINE, fy=FINE).reshape(-1)
    coarse = min(size, _COARSE)
    at = (samples[:, :2] + 0.5) / _enlargement(size) - 0.5
    x, y = np.floor(at + np.float32(0.5)).astype(np.int32).T
    inside = (x >= 0) & (x < coarse) & (y >= 0) & (y < coarse)
    chosen = np.flatnonzero(inside & (facing > 0))
    place = y[chosen] * coarse + x[chosen]
    # Depth in the upper bits, the sample's number in the lower: the largest key
    # is the sample in front.
    key = ((samples[chosen, 2] + _DEEP) * _STEPS).astype(np.int64) << 32
    front = np.zeros(coarse * coarse, np.int64)
    np.maximum.at(front, place, key | chosen)
    found = np.flatnonzero(front)
    sample = front[found] & 0xFFFFFFFF
    layers = np.zeros((coarse * coarse, 6), np.float32)
    layers[found, :2] = _grid_coordinates(sample)
    layers[found, 2] = samples[sample, 2]
    layers[found, 3:5] = at[sample] - np.stack([found % coarse, found // coarse], 1)
    layers[found, 5] = 1
    layers = layers.reshape(coarse, coarse, 6)
    layers[_holes(layers)] = 0
    return _smooth_view(layers, size)


_THIN = 10.0  # millimetres; a deeper pixel is seen through a hole


def _holes(layers: np.ndarray) -> np.ndarray:
    """Single pixels without a sample of the front surface."""
    depth = np.where(layers[..., 5] > 0, layers[..., 2], -_DEEP)
    return depth < _closed(depth) - _THIN


def _grid_coordinates(sample: np.ndarray) -> np.ndarray:
    row, column = np.divmod(sample, GRID[1] * FINE)
    return (np.stack([column, row], 1) - (FINE - 1) / 2) / FINE


def _smooth_view(layers: np.ndarray, size: int) -> View:
    """Average neighbouring samples, and enlarge the result to the image.

    Args:
        layers (np.ndarray): ``(rows, columns, 6)``: grid column and row,
            depth, offset of the sample to the right of the pixel's middle
            and below it, and 1; all 0 in pixels without surface.
        size (int): Width and height of the image in pixels.
    """
    total = cv2.blur(layers, (3, 3))
    wide = cv2.blur(layers, (7, 7))
    seen = layers[..., 5]
    # Extend the coordinates beyond the outline, so that its pixels can be
    # painted, and into single holes of the head.
    outside = total[..., 5] < 0.01
    total[outside] = wide[outside]
    mean = total[..., :5] / np.maximum(total[..., 5:], 1e-6)
    texture = mean[..., :2] - _slope(mean, mean[..., 3:])
    depth = np.where(seen > 0, mean[..., 2], -_DEEP).astype(np.float32)
    depth = _closed(depth)
    depth[depth <= -_DEEP] = -np.inf
    factor = _enlargement(size)
    side = 2 * int(factor) + 1
    alpha = cv2.GaussianBlur(_enlarged(_closed(seen), size), (side, side), 0.6 * factor)
    return View(
        _enlarged(texture, size),
        np.clip(alpha * 2 - 0.5, 0, 1),
        _enlarged(depth, size, cv2.INTER_NEAREST),
    )


def _closed(layer: np.ndarray) -> np.ndarray:
    return cv2.morphologyEx(layer, cv2.MORPH_CLOSE, np.ones((3, 3)))


def _enlargement(size: int) -> float:
    return max(1, size / _COARSE)


def _enlarged(coarse: np.ndarray, size: int, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Enlarge a coarse layer to the size of the image."""
    return cv2.resize(coarse, (size, size), interpolation=interpolation)


def _slope(mean: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The change of the grid coordinates over an offset in pixels."""
    texture = np.ascontiguousarray(mean[..., :2])
    across = np.clip(cv2.Scharr(texture, -1, 1, 0, scale=1 / 32), -4, 4)
    down = np.clip(cv2.Scharr(texture, -1, 0, 1, scale=1 / 32), -4, 4)
    return across * offset[..., :1] + down * offset[..., 1:]


def normals(surface: np.ndarray) -> np.ndarray:
    """Outward unit normals ``(rows, columns, 3)`` of a surface."""
    across = cv2.Sobel(surface, -1, 1, 0, ksize=3)
    down = cv2.Sobel(surface, -1, 0, 1, ksize=3)
    cross = np.stack(
        [
            across[..., 1] * down[..., 2] - across[..., 2] * down[..., 1],
            across[..., 2] * down[..., 0] - across[..., 0] * down[..., 2],
            across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0],
        ],
        -1,
    )
    length = np.sqrt((cross**2).sum(-1, keepdims=True))
    return cross / np.maximum(length, 1e-9)


@dataclass(frozen=True)
class Light:
    """Ambient and directed light, in BGR.

    Args:
        direction (np.ndarray): ``(3,)``, towards the light, camera axes.
        key (np.ndarray): Colour of the directed light, about 0 to 1.5.
        ambient (np.ndarray): Colour of the ambient light.
        sky (float): How much more of it comes from above, 0 to 1.
        gloss (float): Strength of the highlights on skin.
    """

    direction: np.ndarray
    key: np.ndarray
    ambient: np.ndarray
    sky: float
    gloss: float

    def on(self, normal: np.ndarray | Sequence[float]) -> np.ndarray:
        """Factors of B, G and R for a flat object with the normal ``(3,)`` in
        camera axes."""
        key, ambient, _ = shade(np.asarray(normal, np.float32), self)
        return key * self.key + ambient * self.ambient


def shade(normal: np.ndarray, light: Light) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of key light, ambient light and highlight on a surface, each
    ``(...)``, from its normals ``(..., 3)`` in camera axes."""
    half: np.ndarray = light.direction + (0, 0, 1)
    half /= np.linalg.norm(half)
    lambert, glance = np.moveaxis(turned(normal, np.stack([light.direction, half])), -1, 0)
    # Skin scatters light, which softens the edge of a shadow.
    key = np.clip((lambert + np.float32(0.25)) * np.float32(0.8), 0, 1)
    ambient = 1 - np.float32(light.sky) * (0.5 + 0.5 * normal[..., 1])
    shine = np.clip(glance, 0, 1)
    for _ in range(3):
        shine = shine * shine
    shine = shine * shine * shine  # to the power of 24
    return key, ambient, shine * np.float32(light.gloss)


def sample_grid(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Bilinear values ``(N, C)`` of a grid ``(rows, columns, C)`` at grid
    coordinates ``(N, 2)``; exact in float, unlike ``cv2.remap``."""
    low = np.floor(at).astype(np.int64)
    low = np.clip(low, 0, np.array(grid.shape[1::-1]) - 2)
    (fx, fy), (x, y) = (at - low).T[..., None], low.T
    top = grid[y, x] * (1 - fx) + grid[y, x + 1] * fx
    bottom = grid[y + 1, x] * (1 - fx) + grid[y + 1, x + 1] * fx
    return top * (1 - fy) + bottom * fy
