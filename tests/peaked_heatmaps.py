# SPDX-License-Identifier: Apache-2.0
"""Untrained networks whose outputs depend on the image and whose heatmaps have
one peak each."""

from collections.abc import Sequence
from functools import cache, partial

import torch
from torch import Tensor, nn


def give_peaks(head: nn.Module, mirror: Sequence[int] = ()) -> None:
    """Add a Gaussian to each heatmap of a head, and scale the network's output
    to a tenth.

    Without it the heatmaps are noise: the last bit decides which of nearly
    equal cells is the highest, and where DARK finds the maximum.

    Args:
        head (nn.Module): A head of MMPose's or ours; heads without heatmaps
            are not changed.
        mirror (Sequence[int]): The mirror partner of each landmark. With it,
            the mean of a flip test that shifts heatmaps has one peak instead
            of two, equally high for landmarks in the middle.
    """
    layers = list(getattr(head, 'multi_final_layers', ()))
    if hasattr(head, 'final_layer'):
        layers.append(head.final_layer)
    for layer in layers:
        add_peaks(layer, mirror)


def add_peaks(layer: nn.Module, mirror: Sequence[int] = ()) -> None:
    """Add a Gaussian to each map that a layer returns; see :func:`give_peaks`."""
    layer.register_forward_hook(partial(_with_peaks, tuple(mirror)))


@torch.no_grad()
def give_weights(model: nn.Module, images: Tensor, seed: int = 0) -> None:
    """Draw random weights that keep the differences between images through all
    layers.

    With the usual initial weights, the outputs of a network are nearly the
    same for all images.

    Args:
        model (nn.Module): A pose estimator of MMPose's or ours.
        images (Tensor): Inputs of the network ``(B, 3, H, W)``, whose
            statistics the batch normalisations get.
        seed (int): Seed of the weights.
    """
    torch.manual_seed(seed)
    norms = []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, nn.Linear):
            # Of a regression, whose points are some pixels about a mean face.
            nn.init.normal_(module.weight, std=0.02 * module.in_features**-0.5)
            nn.init.uniform_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            norms.append(module)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            module.momentum = 1.0
    model.eval()
    for norm in norms:
        norm.train()
    model.head(model.extract_feat(images))
    model.eval()


def _with_peaks(mirror: tuple, layer: nn.Module, inputs: tuple, heatmaps: Tensor) -> Tensor:
    # Of each image alone, whatever batch it is in.
    largest = heatmaps.abs().amax((1, 2, 3), keepdim=True)
    peaks = _peaks(*map(int, heatmaps.shape[1:]), mirror)
    return peaks.to(heatmaps) + heatmaps / largest / 10


@cache  # a constant where the network is traced after a run
def _peaks(points: int, height: int, width: int, mirror: tuple) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, points, 1, generator=rng) * 0.6 + 0.2
    for left, right in enumerate(mirror):
        x[right], y[right] = 1 - x[left], y[left]
        if left == right:
            # Of the mean, cells at both sides are equally high: the point is
            # where decoders take no step towards one of them.
            x[left], y[left] = 0.5, -1 / height
    columns, rows = _gaussian(x * width, width), _gaussian(y * height, height)
    return rows[..., None] * columns[:, None]


def _gaussian(center: Tensor, size: int, sigma: float = 2.0) -> Tensor:
    steps = (torch.arange(size) - center) / sigma
    return (-steps.square() / 2).exp()
