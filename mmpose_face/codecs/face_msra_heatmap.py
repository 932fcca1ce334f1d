# SPDX-License-Identifier: Apache-2.0
"""MMPose's Gaussian heatmaps for whole batches, on request correct at the borders."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.utils import generate_gaussian_heatmaps
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from ..arrays import Array
from .batches import lists_on_host
from .decoding import as_maps, check_kernel, correct_doubtful, decode_heatmaps, decode_once
from .gaussians import gaussian_heatmaps


@KEYPOINT_CODECS.register_module()
class FaceMSRAHeatmap(MSRAHeatmap):  # type: ignore[misc]  # MMPose is not typed
    """MMPose's ``MSRAHeatmap`` for whole batches on their device.

    It adds two things:

    - Heatmaps of a batch are decoded on their device, and only points and
      scores are copied to the host (:meth:`batch_decode`, which heads use);
      targets are drawn on the device of the points (:meth:`batch_encode`).
    - It can avoid a fault of MMPose at the borders. MMPose draws a Gaussian as
      a patch that begins at ``int(mu - 3 * sigma)``. Left of the map or above
      it this rounds towards the map. Where ``3 * sigma`` is not whole, it
      moves the peak by one cell: with sigma 1.5 for points on the first five
      columns or rows. With ``unbiased`` (DARK) there is no patch and no fault.

    Apart from that fault, ``encode`` and ``decode`` of one face are MMPose's.

    Args:
        *args: Those of ``MSRAHeatmap``.
        border_shift (bool): Keep the fault. Defaults to True, as the released
            weights were trained with it.
        **kwargs: Those of ``MSRAHeatmap``.

    Raises:
        ValueError: If ``blur_kernel_size`` is even and ``unbiased`` is set.
    """

    def __init__(self, *args: Any, border_shift: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.unbiased:
            check_kernel(self.blur_kernel_size)
        self.border_shift = border_shift

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None) -> dict[str, Array]:
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
        encoded: dict[str, Array] = super().encode(keypoints, keypoints_visible)
        if not (self.border_shift or self.unbiased):
            encoded['heatmaps'] = self._draw(keypoints, encoded['keypoint_weights'])
        return encoded

    def _draw(self, keypoints: Array, weights: Array) -> Array:
        """Draw as MMPose does, but on a wider map: no patch that reaches the
        map begins left of the wider one or above it."""
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
            ValueError: If the heatmaps are not ``(B, K, H, W)``.
        """
        points, scores = decode_heatmaps(heatmaps, self.unbiased, self.blur_kernel_size)
        return self._pixels(points, points.shape[:2]), scores

    @torch.no_grad()
    def batch_decode(self, heatmaps: Tensor) -> tuple[list[Array], list[Array]]:
        """As :meth:`decode_on_device`, on the host: lists of points
        ``(1, K, 2)`` and scores ``(1, K)``, one each for every face.

        There is one copy to the host, and no wait for the device before it.
        A second copy follows where DARK finds values close to 0 around a
        maximum, as of an untrained network.
        """
        maps = as_maps(heatmaps)
        decoded, peaks = decode_once(maps, self.unbiased, self.blur_kernel_size)
        shape = heatmaps.shape[:2]
        points, scores, doubtful = lists_on_host(
            self._pixels(decoded.points, shape),
            decoded.scores.view(shape),
            decoded.doubtful.view(shape),
        )
        if any(each.any() for each in doubtful):
            correct_doubtful(maps, decoded, peaks, self.blur_kernel_size)
            (points,) = lists_on_host(self._pixels(decoded.points, shape))
        return points, scores

    def _pixels(self, points: Tensor, shape: Sequence[int]) -> Tensor:
        """From cells (B * K, 2) to pixels of the crop (B, K, 2)."""
        return (points * self._scale(points)).view(*shape, 2)

    def _scale(self, like: Tensor) -> Tensor:
        """Pixels of the crop in one cell, along x and y.

        Made on the device: a copy would wait for the device, and a division by
        Python's numbers would round in another way.
        """
        return torch.stack([like.new_full((), float(each)) for each in self.scale_factor])
