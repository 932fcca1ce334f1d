# SPDX-License-Identifier: Apache-2.0
"""MMPose's Gaussian heatmaps on whole batches, right at the borders too."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.utils import generate_gaussian_heatmaps
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from .batches import one_by_one
from .decoding import as_maps, check_kernel, decode_heatmaps, decode_once, mend
from .gaussians import gaussian_heatmaps


@KEYPOINT_CODECS.register_module()
class FaceMSRAHeatmap(MSRAHeatmap):
    """MMPose's ``MSRAHeatmap`` for whole batches on their device.

    Two more things than MMPose's:

    - A batch of heatmaps is decoded where it is, and only points and scores
      are copied to the host (:meth:`batch_decode`, which heads then use);
      targets are drawn where the points are (:meth:`batch_encode`).
    - A fault at the borders can be mended. MMPose draws a Gaussian as a patch
      that begins at ``int(mu - 3 * sigma)``. Left of the map or above it this
      rounds towards the map. Where ``3 * sigma`` is not whole, it moves the
      peak by one cell: with sigma 1.5 for points on the first five columns or
      rows. With ``unbiased`` (DARK) there is no patch and no such fault.

    ``encode`` and ``decode`` of one face are MMPose's, but for that fault.

    Args:
        *args: Those of ``MSRAHeatmap``.
        border_shift (bool): Draw as MMPose does. Defaults to True, as the
            released weights were trained.
        **kwargs: Those of ``MSRAHeatmap``.

    Raises:
        ValueError: If ``blur_kernel_size`` is even and ``unbiased`` is set.
    """

    def __init__(self, *args, border_shift: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.unbiased:
            check_kernel(self.blur_kernel_size)
        self.border_shift = border_shift

    def encode(self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None) -> dict:
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
            encoded['heatmaps'] = self._draw(keypoints, encoded['keypoint_weights'])
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
            sigma=self.sigma,
        )
        inner = slice(margin, -margin)
        return np.ascontiguousarray(heatmaps[:, inner, inner])

    def batch_encode(self, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Draw the points of a batch on their device.

        Args:
            keypoints (Tensor): ``(B, K, 2)`` in pixels of the crop.
            visible (Tensor): ``(B, K)``, 0 to 1.

        Returns:
            dict: ``heatmaps``, ``(B, K, H, W)``, float32, at most 1e-6 from
            those of :meth:`encode`, and ``keypoint_weights``, ``(B, K)``.

        Raises:
            ValueError: If the shapes do not fit together.
        """
        if keypoints.dtype != torch.float64:
            keypoints = keypoints.float()
        heatmaps, weights = gaussian_heatmaps(
            keypoints / self._scale(keypoints),
            visible,
            self.heatmap_size,
            self.sigma,
            self.unbiased,
            self.border_shift,
        )
        return dict(heatmaps=heatmaps, keypoint_weights=weights)

    def decode_on_device(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        """Points of a batch of heatmaps, left on its device.

        Args:
            heatmaps (Tensor): ``(B, K, H, W)``.

        Returns:
            tuple[Tensor, Tensor]: Points ``(B, K, 2)`` in pixels of the crop
            and scores ``(B, K)``, float32; at most 1e-3 pixels from those of
            ``decode``.

        Raises:
            ValueError: If the heatmaps are no ``(B, K, H, W)``.
        """
        points, scores = decode_heatmaps(heatmaps, self.unbiased, self.blur_kernel_size)
        return self._pixels(points, points.shape[:2]), scores

    @torch.no_grad()
    def batch_decode(self, heatmaps: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """As :meth:`decode_on_device`, on the host: lists of points
        ``(1, K, 2)`` and scores ``(1, K)``, one each for every face.

        There is one copy to the host, and nothing waits for the device before
        it. A second one follows where DARK meets values close to 0 around a
        maximum, as of a network that has learnt nothing.
        """
        maps = as_maps(heatmaps)
        decoded, peaks = decode_once(maps, self.unbiased, self.blur_kernel_size)
        shape = heatmaps.shape[:2]
        points, scores, doubtful = one_by_one(
            self._pixels(decoded.points, shape),
            decoded.scores.view(shape),
            decoded.doubtful.view(shape),
        )
        if any(each.any() for each in doubtful):
            mend(maps, decoded, peaks, self.blur_kernel_size)
            (points,) = one_by_one(self._pixels(decoded.points, shape))
        return points, scores

    def _pixels(self, points: Tensor, shape: Sequence[int]) -> Tensor:
        """From cells (B * K, 2) to pixels of the crop (B, K, 2)."""
        return (points * self._scale(points)).view(*shape, 2)

    def _scale(self, like: Tensor) -> Tensor:
        """Pixels of the crop in one cell, along x and y.

        Made on the device: copying it there would wait for the device, and a
        division by numbers of the host rounds otherwise.
        """
        return torch.stack([like.new_full((), float(each)) for each in self.scale_factor])
