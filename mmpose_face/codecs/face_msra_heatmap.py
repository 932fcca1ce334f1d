# SPDX-License-Identifier: Apache-2.0
"""MMPose's Gaussian heatmaps, right at the borders too."""
from math import ceil
from typing import Optional

import numpy as np
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.utils import generate_gaussian_heatmaps
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class FaceMSRAHeatmap(MSRAHeatmap):
    """MMPose's ``MSRAHeatmap``, whose fault at the borders can be mended.

    MMPose draws a Gaussian as a patch that begins at ``int(mu - 3 * sigma)``.
    Left of the map or above it this rounds towards the map. Where
    ``3 * sigma`` is not whole, it moves the peak by one cell: with sigma 1.5
    for points on the first five columns or rows. With ``unbiased`` (DARK)
    there is no patch and no such fault.

    Args:
        *args: Those of ``MSRAHeatmap``.
        border_shift (bool): Draw as MMPose does. Defaults to True, as the
            released weights were trained.
        **kwargs: Those of ``MSRAHeatmap``.
    """

    def __init__(self, *args, border_shift: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.border_shift = border_shift

    def encode(self,
               keypoints: np.ndarray,
               keypoints_visible: Optional[np.ndarray] = None) -> dict:
        """Draw points as heatmaps.

        Args:
            keypoints (np.ndarray): Points ``(1, K, 2)`` in pixels of the
                crop.
            keypoints_visible (np.ndarray, optional): ``(1, K)``, 0 to 1.
                Defaults to 1 for every point.

        Returns:
            dict: ``heatmaps``, ``(K, H, W)``, and ``keypoint_weights``,
            ``(1, K)``, which are MMPose's in either case.
        """
        encoded = super().encode(keypoints, keypoints_visible)
        if not (self.border_shift or self.unbiased):
            encoded['heatmaps'] = self._draw(keypoints,
                                             encoded['keypoint_weights'])
        return encoded

    def _draw(self, keypoints: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """MMPose's drawing on a map so much wider that no patch which reaches
        the map begins left of the wider one or above it."""
        margin = ceil(6 * self.sigma) + 2
        width, height = self.heatmap_size
        heatmaps, _ = generate_gaussian_heatmaps(
            heatmap_size=(width + 2 * margin, height + 2 * margin),
            keypoints=keypoints / self.scale_factor + margin,
            keypoints_visible=weights,
            sigma=self.sigma)
        inner = slice(margin, -margin)
        return np.ascontiguousarray(heatmaps[:, inner, inner])
