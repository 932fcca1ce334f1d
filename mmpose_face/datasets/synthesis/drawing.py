# SPDX-License-Identifier: Apache-2.0
"""OpenCV's drawing between pixels."""
import numpy as np

# Binary digits behind the point in the coordinates that OpenCV takes.
SHIFT = 4


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixels ``(n, >=2)`` or one pixel as OpenCV's fixed-point integers."""
    points = np.asarray(points)[..., :2]
    return np.rint(points * (1 << SHIFT)).astype(np.int32)
