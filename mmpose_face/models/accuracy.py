# SPDX-License-Identifier: Apache-2.0
"""The accuracy that MMPose logs in training, computed on the device."""

import torch
from torch import Tensor

from ..codecs.peaks import find_peaks


def peaks(heatmaps: Tensor) -> Tensor:
    """The cells of the maxima of heatmaps.

    Args:
        heatmaps (Tensor): (B, K, H, W).

    Returns:
        Tensor: (B, K, 2), x and y in cells; -1 where nothing is above 0.
    """
    x, y, values = (
        each.view(heatmaps.shape[:2]) for each in find_peaks(heatmaps.contiguous().flatten(0, 1))
    )
    return torch.where(values[..., None] > 0, torch.stack((x, y), -1), -1)


def landmark_accuracy(distances: Tensor, weights: Tensor) -> Tensor:
    """The share of points closer than 0.05, averaged over landmarks.

    Args:
        distances (Tensor): (B, K), float32.
        weights (Tensor): (B, K); points of weight 0 do not count.

    Returns:
        Tensor: A float64 from 0 to 1. Landmarks of which no point counts are
        left out; if that is all of them, it is 0.
    """
    counts = weights > 0
    near = ((distances < 0.05) & counts).sum(0)
    points = counts.sum(0)
    shares = near.double() / points.clamp(min=1)
    return shares.sum() / (points > 0).sum().clamp(min=1)


@torch.no_grad()
def heatmap_accuracy(heatmaps: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Equal to the average of MMPose's ``pose_pck_accuracy``.

    Args:
        heatmaps, targets (Tensor): (B, K, H, W).
        weights (Tensor): (B, K); points of weight 0 do not count.

    Returns:
        Tensor: The share of peaks that lie within 0.05 of the heatmap's side
        from the target's, averaged over landmarks. MMPose divides x by the
        height and y by the width.
    """
    distances = (peaks(heatmaps) - peaks(targets)).double()
    height, width = heatmaps.shape[-2:]
    distances[..., 0] /= height
    distances[..., 1] /= width
    # MMPose rounds to float32 before it compares.
    return landmark_accuracy(distances.norm(dim=-1).float(), weights)


@torch.no_grad()
def coordinate_accuracy(points: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Equal to the average of MMPose's ``keypoint_pck_accuracy``, as its
    ``RegressionHead`` calls it.

    Args:
        points, targets (Tensor): (B, K, 2), in shares of the crop's sides.
        weights (Tensor): (B, K); points of weight 0 do not count.

    Returns:
        Tensor: The share of points that lie within 0.05 from the target,
        averaged over landmarks.
    """
    return landmark_accuracy((points - targets).norm(dim=-1), weights)
