# SPDX-License-Identifier: Apache-2.0
"""Subpixel drawing and noise."""

from collections.abc import Sequence
from typing import Union

import cv2
import numpy as np

# B, G and R.
Color = Union[Sequence[float], np.ndarray]

# Fractional bits of the coordinates that OpenCV draws at.
SHIFT = 4


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixels ``(n, >=2)`` or one pixel as OpenCV's fixed-point integers."""
    points = np.asarray(points)[..., :2]
    return np.rint(points * (1 << SHIFT)).astype(np.int32)


def enlarged(coarse: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Enlarge an image ``(h, w)`` smoothly to ``size`` rows and columns."""
    return cv2.resize(coarse.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)


def octaves(
    rng: np.random.Generator, size: tuple[int, int], weights: dict[int, float]
) -> np.ndarray:
    """Smooth noise of shape ``size``.

    Args:
        rng (np.random.Generator): Source of the noise.
        size (tuple[int, int]): Rows and columns.
        weights (dict[int, float]): From the distance of random values in
            pixels to the weight of that noise.
    """
    total = np.zeros(size, np.float32)
    for step, weight in weights.items():
        coarse = rng.normal(0, 1, (size[0] // step + 2, size[1] // step + 2))
        total += weight * enlarged(coarse, size)
    return total
