# SPDX-License-Identifier: Apache-2.0
"""Random black rectangles."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS

from .ranges import check_range


@TRANSFORMS.register_module()
class BlackRectangle(BaseTransform):
    """Covers a part of the image with a black rectangle.

    Its middle is anywhere in the image, so that a part of it may be outside.
    Covered points stay labelled: the model is to learn where hidden points
    are. The defaults are those of STAR (Zhou et al., CVPR 2023), which covers
    the crop.

    Required and changed key: ``img`` (H, W, C) uint8.

    Args:
        height (tuple[float, float]): Range of the rectangle's height, as a
            share of the image's. Defaults to (0.1, 0.4).
        width (tuple[float, float]): The same for the width. Defaults to
            (0, 0.5).

    Raises:
        ValueError: If a range is not two ordered numbers within [0, 1].
    """

    def __init__(
        self, height: tuple[float, float] = (0.1, 0.4), width: tuple[float, float] = (0.0, 0.5)
    ) -> None:
        self.height = check_range('height', height, 0, 1)
        self.width = check_range('width', width, 0, 1)

    @cache_randomness
    def _draw(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = zip(self.height, self.width)
        sides = np.random.uniform(low, high)
        return np.random.uniform(size=2), sides

    def transform(self, results: dict) -> dict:
        """The sample with a rectangle over it."""
        return dict(results, img=cover(results['img'], *self._draw()))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(height={self.height}, width={self.width})'


def cover(image: np.ndarray, middle: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """The image with a black rectangle on it.

    Args:
        image (np.ndarray): Of shape ``(H, W, C)``.
        middle (np.ndarray): Of the rectangle, down and to the right, as
            shares of the image's sides ``(2, )``.
        sides (np.ndarray): Height and width, as shares too ``(2, )``.

    Returns:
        np.ndarray: Another image ``(H, W, C)``.
    """
    size = np.array(image.shape[:2])
    ends = np.stack([middle - sides / 2, middle + sides / 2]) * size
    (top, left), (bottom, right) = np.clip(np.rint(ends), 0, size).astype(int)
    covered = image.copy()
    covered[top:bottom, left:right] = 0
    return covered
