# SPDX-License-Identifier: Apache-2.0
"""Heatmaps kept like narrow Gaussians, as in DSNT (Nibali et al., 2018)."""

from __future__ import annotations

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from ...codecs.soft_argmax import grid
from .input_checks import check_form
from .weighting import only_labelled, weighted_mean


def gaussians(targets: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """Gaussians around points, on a grid from -1 to 1.

    Args:
        targets (Tensor): (N, K, 2), x and y.
        height, width (int): Cells of the heatmaps.
        sigma (float): Standard deviation in cells.

    Returns:
        Tensor: (N, K, height, width), the sum of each is 1.
    """
    columns, rows = (
        (
            -((grid(size, targets) - targets[..., i, None]) * ((size - 1) / 2 / sigma)).square() / 2
        ).softmax(-1)
        for i, size in enumerate((width, height))
    )
    return rows[..., None] * columns[..., None, :]


def kl_divergence(heatmaps: Tensor, truth: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the truth from heatmaps, both
    (N, K, H, W) and of sum 1, in nats: (N, K), from 0 for equal ones."""
    log = heatmaps.clamp(min=torch.finfo(heatmaps.dtype).tiny).log()
    return (torch.xlogy(truth, truth) - truth * log).sum((-2, -1))


@MODELS.register_module()
class GaussianDivergenceLoss(nn.Module):
    """Divergence between heatmaps and Gaussians around the targets: the
    regularisation of `DSNT <https://arxiv.org/abs/1801.07372>`_ (section
    4.5), with the divergence of Kullback and Leibler. For a softmax far from
    the target it keeps growing and pulls the heatmap over, while DSNT's
    divergence, of Jensen and Shannon, levels off.

    Args:
        sigma (float): Standard deviation of the Gaussians, cells.
        loss_weight (float): Factor of the loss.

    Raises:
        ValueError: If ``sigma`` is not above 0.
    """

    def __init__(self, sigma: float = 1.0, loss_weight: float = 1.0):
        super().__init__()
        if not sigma > 0:
            raise ValueError(f'sigma is {sigma}, expected a number above 0')
        self.sigma = sigma
        self.loss_weight = loss_weight

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean over all landmarks; the arguments are those of
        :class:`~mmpose_face.models.losses.SoftArgmaxLoss`.

        Raises:
            ValueError: If shapes, types or devices do not fit.
        """
        check_form(heatmaps, targets, weights)
        # Much of a heatmap is 0 in half precision.
        heatmaps = heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32))
        targets = only_labelled(targets, weights).to(heatmaps.dtype)
        height, width = heatmaps.shape[-2:]
        losses = kl_divergence(heatmaps, gaussians(targets, height, width, self.sigma))
        return weighted_mean(losses, weights) * self.loss_weight
