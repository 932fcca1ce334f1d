# SPDX-License-Identifier: Apache-2.0
"""Functions on the boxes of faces."""

import numpy as np

from ..arrays import Array, FloatArray


def landmark_bounds(points: Array) -> FloatArray:
    """The smallest box that holds the points of each face.

    Args:
        points (np.ndarray): ``(..., K, 2)`` in pixels.

    Returns:
        np.ndarray: Left, top, right and bottom in pixels, ``(..., 4)``.
    """
    corners: Array = np.concatenate((points.min(-2), points.max(-2)), -1)
    return corners.astype(np.float64)


def square(box: Array, margin: float) -> tuple[Array, float]:
    """The square around a box, with a margin.

    Args:
        box (np.ndarray): Left, top, right and bottom in pixels, ``(4,)``.
        margin (float): Margin on each side, as a share of the longer side.

    Returns:
        tuple[np.ndarray, float]: Centre ``(2,)`` and side of the square, in
        pixels.
    """
    low, high = box[:2], box[2:]
    return (low + high) / 2, float((high - low).max() * (1 + 2 * margin))


def iou(a: Array, b: Array) -> Array:
    """Intersection over union of every box with every other.

    Args:
        a (np.ndarray): ``(N, 4)``, left, top, right and bottom in pixels.
        b (np.ndarray): ``(M, 4)``.

    Returns:
        np.ndarray: ``(N, M)``, ratios; 0 where both have no area.
    """
    a, b = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both: FloatArray = np.maximum(sides, 0).prod(-1)
    either = area(a) + area(b) - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def area(box: Array) -> Array:
    """Areas ``(...)`` of boxes ``(..., 4)``, in square pixels."""
    areas: Array = np.maximum(box[..., 2:] - box[..., :2], 0).prod(-1)
    return areas
