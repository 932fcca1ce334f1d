# SPDX-License-Identifier: Apache-2.0
"""Heatmaps with a peak each, from a network that is not trained."""
import torch
from torch import Tensor, nn


def give_peaks(head: nn.Module) -> None:
    """Let the heatmaps of a head have a Gaussian each, to which the network
    adds a tenth.

    Without it they are noise, in which it is a matter of the last bit which
    of nearly equal cells is the highest, and where DARK puts the maximum.

    Args:
        head (nn.Module): One of MMPose's or ours; those without heatmaps stay
            as they are.
    """
    layers = list(getattr(head, 'multi_final_layers', ()))
    if hasattr(head, 'final_layer'):
        layers.append(head.final_layer)
    for layer in layers:
        layer.register_forward_hook(_with_peaks)


def _with_peaks(layer: nn.Module, inputs: tuple, heatmaps: Tensor) -> Tensor:
    _, points, height, width = heatmaps.shape
    rng = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, points, 1, generator=rng) * .6 + .2
    columns, rows = _gaussian(x * width, width), _gaussian(y * height, height)
    # Of each image alone, whatever batch it is in.
    largest = heatmaps.abs().amax((1, 2, 3), keepdim=True)
    return rows[..., None] * columns[:, None] + heatmaps / largest / 10


def _gaussian(center: Tensor, size: int, sigma: float = 2.) -> Tensor:
    steps = (torch.arange(size) - center) / sigma
    return (-steps.square() / 2).exp()
