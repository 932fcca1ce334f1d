# SPDX-License-Identifier: Apache-2.0
"""Random box blur."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BoxBlur(BaseTransform):
    """Blurs the image with a box of random size.

    The size is odd, from 3 pixels on: a box of even size moves the image by
    half a pixel and leaves the points behind. STAR (Zhou et al., CVPR 2023)
    blurs by boxes of up to 12 of 256 pixels.

    Required and changed key: ``img`` (H, W, C).

    Args:
        largest (float): The largest box, as a share of the image's shorter
            side; smaller than 3 pixels, it leaves the image as it is.
            Defaults to 0.05.

    Raises:
        ValueError: If ``largest`` is not within [0, 1].
    """

    def __init__(self, largest: float = 0.05) -> None:
        if not 0 <= largest <= 1:
            raise ValueError(f'largest must be from 0 to 1, got {largest}')
        self.largest = largest

    @cache_randomness
    def _draw(self) -> float:
        return np.random.uniform()

    def transform(self, results: dict) -> dict:
        """The sample with a blurred image."""
        image = results['img']
        size = odd_size(self._draw(), self.largest * min(image.shape[:2]))
        return dict(results, img=cv2.blur(image, (size, size)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(largest={self.largest})'


def odd_size(share: float, largest: float) -> int:
    """One of the odd numbers from 3 to a largest one.

    Args:
        share (float): Which one, in [0, 1): evenly spread shares give each
            equally often.
        largest (float): What it is not greater than, in pixels.

    Returns:
        int: The number, 1 where ``largest`` is less than 3.
    """
    choices = int((largest - 1) // 2)
    return 3 + 2 * int(share * choices) if choices > 0 else 1
