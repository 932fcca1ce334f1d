# SPDX-License-Identifier: Apache-2.0
"""Landmarks as the means of heatmaps that sum to 1 (soft-argmax)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from ..arrays import Array
from .batches import check_points, lists_on_host

# A point's score is the share of the heatmap in a square around the mean: half
# the side of that square, on the grid.
_SCORE_RADIUS = 0.25


def grid(size: int, like: Tensor) -> Tensor:
    """Coordinates of the cells along one side of a heatmap.

    Args:
        size (int): Number of cells.
        like (Tensor): A tensor of the type and the device of the result.

    Returns:
        Tensor: (size, ), from -1, the centre of the first cell, to 1, the
        centre of the last.
    """
    return torch.linspace(-1, 1, size, dtype=like.dtype, device=like.device)


def soft_argmax(heatmaps: Tensor) -> Tensor:
    """Means of heatmaps.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1.

    Returns:
        Tensor: (N, K, 2), x and y on :func:`grid`.
    """
    height, width = heatmaps.shape[2:]
    # No matrix products: AMP would compute them in half precision.
    columns = heatmaps.sum(2) * grid(width, heatmaps)
    rows = heatmaps.sum(3) * grid(height, heatmaps)
    return torch.stack((columns.sum(-1), rows.sum(-1)), -1)


def to_pixels(points: Tensor, size: Sequence[int]) -> Tensor:
    """From the grid to pixels of an image.

    Args:
        points (Tensor): (..., 2), x and y on :func:`grid`.
        size (Sequence[int]): Width and height of the image, pixels.

    Returns:
        Tensor: (..., 2), pixels; 0 is the centre of the first one.
    """
    return torch.stack(
        [((along + 1) * pixels - 1) / 2 for along, pixels in zip(points.unbind(-1), size)], -1
    )


@KEYPOINT_CODECS.register_module()
class SoftArgmax(BaseKeypointCodec):  # type: ignore[misc]  # MMPose is not typed
    """Coordinates as the mean of a heatmap that sums to 1.

    The cells' centres go from -1 to 1, and so do the targets: from the left
    or upper border of the first pixel to the right or lower border of the
    last. The mean of a heatmap can thus be any point of the image, and the
    mirror image of a point is its negative.

    Mirroring a crop of W pixels moves x to W - 1 - x. With ``mirror='box'``
    the negative is W - x instead, and the grid lies half a pixel to the right
    and down: points are mirrored about W / 2, the middle of MMPose's face box,
    as ``shift_heatmap=True`` does with MMPose's heatmaps. That moves the mean
    of a flip test half a pixel to the right, as is right for labels that lie
    to the right of the image's points: those of 300-W, whose pixels count
    from 1 (docs/en/star.md).

    Args:
        input_size (tuple[int, int]): Width and height of the crop, pixels.
        mirror (str): ``'image'`` or ``'box'``: whose middle heatmaps are
            mirrored about.

    Raises:
        ValueError: If ``mirror`` is neither.
    """

    label_mapping_table = dict(
        keypoint_labels='keypoint_labels', keypoint_weights='keypoint_weights'
    )
    support_batch_decoding = True

    def __init__(
        self,
        input_size: tuple[int, int],
        mirror: Literal['image', 'box'] = 'image',
    ) -> None:
        super().__init__()
        if mirror not in ('image', 'box'):
            raise ValueError(f"mirror is {mirror!r}, expected 'image' or 'box'")
        self.input_size = input_size
        self.shift = 0.5 if mirror == 'box' else 0.0  # pixels

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None) -> dict[str, Array]:
        """From pixels of the crop to the grid.

        Args:
            keypoints (np.ndarray): (N, K, 2), pixels; 0 is the centre of the
                first one.
            keypoints_visible (np.ndarray, optional): (N, K), 0 for points
                without a label. Defaults to all labelled.

        Returns:
            dict: ``keypoint_labels`` (N, K, 2), and ``keypoint_weights``
            (N, K), 1 for labelled points within the crop and 0 for others.
        """
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2])
        encoded = self.batch_encode(
            torch.from_numpy(np.array(keypoints)), torch.from_numpy(np.array(keypoints_visible))
        )
        return {name: each.numpy() for name, each in encoded.items()}

    @torch.no_grad()
    def batch_encode(self, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """As :meth:`encode`, with tensors on the device of the points.

        Args:
            keypoints (Tensor): (B, K, 2), pixels of the crop.
            visible (Tensor): (B, K), 0 for points without a label.

        Returns:
            dict: ``keypoint_labels`` (B, K, 2) and ``keypoint_weights``
            (B, K), float32.

        Raises:
            ValueError: If the shapes do not fit together.
        """
        check_points(keypoints, visible)
        weights = visible > 0
        labels = []
        for along, size in zip(keypoints.unbind(-1), self.input_size):
            weights = weights & (along >= -0.5) & (along <= size - 0.5)
            labels.append((2 * (along - self.shift) + 1) / size - 1)
        return dict(
            keypoint_labels=torch.stack(labels, -1).float(), keypoint_weights=weights.float()
        )

    def decode(self, encoded: Array) -> tuple[Array, Array]:
        """From one face's heatmaps to pixels of the crop.

        Args:
            encoded (np.ndarray): (K, H, W), the sum of each is 1.

        Returns:
            tuple[np.ndarray, np.ndarray]: (1, K, 2) points in pixels, and
            (1, K) scores from 0 to 1.
        """
        points, scores = self.batch_decode(torch.from_numpy(encoded)[None])
        return points[0], scores[0]

    @torch.no_grad()
    def decode_on_device(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        """Points of a batch of heatmaps, left on its device.

        Args:
            heatmaps (Tensor): (B, K, H, W), the sum of each is 1.

        Returns:
            tuple[Tensor, Tensor]: Points (B, K, 2) in pixels of the crop, and
            scores (B, K) from 0 to 1; float32.
        """
        heatmaps = heatmaps.detach().float()
        means = soft_argmax(heatmaps)
        with torch.autocast(heatmaps.device.type, enabled=False):
            scores = self._scores(heatmaps, means)
        return to_pixels(means, self.input_size) + self.shift, scores

    def batch_decode(self, heatmaps: Tensor) -> tuple[list[Array], list[Array]]:
        """As :meth:`decode_on_device`, on the host: lists of points
        (1, K, 2) and scores (1, K), one each for every face."""
        points, scores = lists_on_host(*self.decode_on_device(heatmaps))
        return points, scores

    @staticmethod
    def _scores(heatmaps: Tensor, means: Tensor) -> Tensor:
        """The share of each heatmap near its mean: (B, K)."""
        height, width = heatmaps.shape[2:]
        near_x, near_y = (
            ((grid(size, means) - mean[..., None]).abs() <= _SCORE_RADIUS).to(means.dtype)
            for size, mean in ((width, means[..., 0]), (height, means[..., 1]))
        )
        near = near_y[..., None, :] @ heatmaps @ near_x[..., None]
        return near[..., 0, 0].clamp(0, 1)
