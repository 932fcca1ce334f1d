# SPDX-License-Identifier: Apache-2.0
"""Checks of the shapes, types and devices of heatmap losses.

Values are not checked, as the host would wait for the device.
"""

from __future__ import annotations

from torch import Tensor


def check_form(heatmaps: Tensor, targets: Tensor, weights: Tensor | None) -> None:
    """Check that heatmaps (N, K, H, W), targets (N, K, 2) and weights (N, K)
    fit together.

    Raises:
        ValueError: If their shapes, types or devices do not.
    """
    shape = tuple(heatmaps.shape)
    if len(shape) != 4 or targets.shape != (*shape[:2], 2):
        raise ValueError(
            'expected heatmaps (N, K, H, W) and targets (N, K, 2), '
            f'got {shape} and {tuple(targets.shape)}'
        )
    if not heatmaps.numel():
        raise ValueError(f'expected heatmaps, got none: the shape is {shape}')
    if weights is not None and weights.shape != shape[:2]:
        raise ValueError(
            f'expected weights {shape[:2]}, one for each heatmap, got {tuple(weights.shape)}'
        )
    if not heatmaps.is_floating_point():
        raise ValueError(f'expected heatmaps of a floating point type, got {heatmaps.dtype}')
    for name, tensor in dict(targets=targets, weights=weights).items():
        if tensor is not None and tensor.is_complex():
            raise ValueError(f'expected real {name}, got {tensor.dtype}')
        if tensor is not None and tensor.device != heatmaps.device:
            raise ValueError(
                f'the heatmaps are on {heatmaps.device}, the {name} on {tensor.device}; '
                'expected the same device'
            )
