# SPDX-License-Identifier: Apache-2.0
"""Checks of the shapes, types and devices of heatmap losses.

Values are not looked at: the host would wait for the device.
"""

from __future__ import annotations

import torch
from torch import Tensor


def check_form(heatmaps: Tensor, targets: Tensor, weights: Tensor | None) -> None:
    """Whether heatmaps (N, K, H, W), targets (N, K, 2) and weights (N, K) fit
    together.

    Raises:
        ValueError: If their shapes, types or devices do not.
    """
    shape = tuple(heatmaps.shape)
    if len(shape) != 4 or targets.shape != (*shape[:2], 2):
        raise ValueError(
            'expected heatmaps (N, K, H, W) and targets '
            f'(N, K, 2), got {shape} and {tuple(targets.shape)}'
        )
    if not heatmaps.numel():
        raise ValueError(f'expected heatmaps, got none: the shape is {shape}')
    if weights is not None and weights.shape != shape[:2]:
        raise ValueError(
            f'expected weights {shape[:2]}, one for each heatmap, got {tuple(weights.shape)}'
        )
    if not heatmaps.is_floating_point():
        raise ValueError(f'expected heatmaps of a floating point type, got {heatmaps.dtype}')
    given = dict(targets=targets)
    if weights is not None:
        given['weights'] = weights
    _check_real_and_near(heatmaps.device, given)


def _check_real_and_near(device: torch.device, given: dict[str, Tensor]) -> None:
    for name, tensor in given.items():
        if tensor.is_complex():
            raise ValueError(f'expected real {name}, got {tensor.dtype}')
        if tensor.device != device:
            raise ValueError(
                f'the heatmaps are on {device}, the {name} on '
                f'{tensor.device}; expected the same device'
            )
