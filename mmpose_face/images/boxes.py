# SPDX-License-Identifier: Apache-2.0
"""Boxes of faces, as pure functions on arrays."""

import numpy as np


def landmark_bounds(points: np.ndarray) -> np.ndarray:
    """The smallest box that holds the points of each face.

    Args:
        points (np.ndarray): ``(..., K, 2)`` in pixels.

    Returns:
        np.ndarray: Left, top, right and bottom in pixels, ``(..., 4)``.
    """
    ends = points.min(-2), points.max(-2)
    return np.concatenate(ends, -1).astype(np.float64)


def square(box: np.ndarray, margin: float) -> tuple[np.ndarray, float]:
    """The square about the middle of a box.

    Args:
        box (np.ndarray): Left, top, right and bottom in pixels, ``(4,)``.
        margin (float): What is added on each side, as a share of the longer
            side.

    Returns:
        tuple[np.ndarray, float]: Its centre ``(2,)`` and its side, in pixels.
    """
    low, high = box[:2], box[2:]
    return (low + high) / 2, float((high - low).max() * (1 + 2 * margin))


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box with every other.

    Args:
        a (np.ndarray): ``(N, 4)``, left, top, right and bottom in pixels.
        b (np.ndarray): ``(M, 4)``.

    Returns:
        np.ndarray: ``(N, M)``, ratios; 0 where both have no area.
    """
    a, b = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = np.maximum(sides, 0).prod(-1)
    either = area(a) + area(b) - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def area(box: np.ndarray) -> np.ndarray:
    """Areas ``(...)`` of boxes ``(..., 4)``, in square pixels."""
    return np.maximum(box[..., 2:] - box[..., :2], 0).prod(-1)
