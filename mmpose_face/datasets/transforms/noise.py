# SPDX-License-Identifier: Apache-2.0
"""Random noise, blended into the image."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BlendNoise(BaseTransform):
    """Mixes the image with uniform noise.

    The default is that of STAR (Zhou et al., CVPR 2023).

    Required and changed key: ``img`` (H, W, C) uint8.

    Args:
        largest (float): The largest share of noise; shares are uniform from 0
            to it. Defaults to 0.5.

    Raises:
        ValueError: If ``largest`` is not within [0, 1].
    """

    def __init__(self, largest: float = 0.5) -> None:
        if not 0 <= largest <= 1:
            raise ValueError(f'largest must be from 0 to 1, got {largest}')
        self.largest = largest

    @cache_randomness
    def _draw(self, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
        noise = np.random.randint(0, 256, shape, np.uint8)
        return noise, np.random.uniform(0, self.largest)

    def transform(self, results: dict) -> dict:
        """The sample with a noisy image."""
        image = results['img']
        noise, share = self._draw(image.shape)
        mixed = cv2.addWeighted(image, 1 - share, noise, share, 0)
        return dict(results, img=mixed)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(largest={self.largest})'
