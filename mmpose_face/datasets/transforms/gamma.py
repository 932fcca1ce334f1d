# SPDX-License-Identifier: Apache-2.0
"""Random gamma correction."""

import sys

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS

from .ranges import check_range


@TRANSFORMS.register_module()
class RandomGamma(BaseTransform):
    """Makes the image brighter or darker, each for half of the faces.

    The defaults are those of STAR (Zhou et al., CVPR 2023).

    Required and changed key: ``img`` (H, W, C) uint8.

    Args:
        brighter (tuple[float, float]): Range of the exponent that brightens,
            within [0, 1]. Defaults to (0.25, 1).
        darker (tuple[float, float]): Range of the exponent that darkens, at
            least 1. Defaults to (1, 4).

    Raises:
        ValueError: If a range is not two ordered numbers within its limits.
    """

    def __init__(
        self, brighter: tuple[float, float] = (0.25, 1.0), darker: tuple[float, float] = (1.0, 4.0)
    ) -> None:
        self.brighter = check_range('brighter', brighter, 0, 1)
        self.darker = check_range('darker', darker, 1, sys.float_info.max)

    @cache_randomness
    def _draw(self) -> float:
        bright = np.random.uniform() < 0.5
        return np.random.uniform(*(self.brighter if bright else self.darker))

    def transform(self, results: dict) -> dict:
        """The sample with an image in other light."""
        return dict(results, img=apply_gamma(results['img'], self._draw()))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(brighter={self.brighter}, darker={self.darker})'


def apply_gamma(image: np.ndarray, gamma: float) -> np.ndarray:
    """Raise the levels, as shares of 255, to a power.

    Args:
        image (np.ndarray): Of shape ``(H, W, C)``, uint8.
        gamma (float): The exponent; 1 leaves the image as it is.

    Returns:
        np.ndarray: Another image ``(H, W, C)``, uint8.
    """
    levels = np.rint(255 * (np.arange(256) / 255) ** gamma)
    return cv2.LUT(image, levels.astype(np.uint8))
