# SPDX-License-Identifier: Apache-2.0
"""Heatmaps kept like narrow Gaussians (DSNT, Nibali et al., 2018)."""

from __future__ import annotations

from typing import Literal

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from ...codecs.soft_argmax import grid
from .input_checks import check_form, check_positive
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


def divergence(heatmaps: Tensor, others: Tensor) -> Tensor:
    """Jensen-Shannon divergence of heatmaps (N, K, H, W) that sum to 1, in
    nats: (N, K), from 0 for equal ones to log 2."""
    mean = (heatmaps + others) / 2
    entropies = [
        -torch.xlogy(p, p.clamp(min=torch.finfo(p.dtype).tiny)).sum((-2, -1))
        for p in (mean, heatmaps, others)
    ]
    return entropies[0] - (entropies[1] + entropies[2]) / 2


def kl_divergence(heatmaps: Tensor, others: Tensor) -> Tensor:
    """Kullback-Leibler divergence of others (N, K, H, W), the truth, from
    heatmaps, both of sum 1, in nats: (N, K), from 0 for equal ones. That of a
    softmax goes on growing where the heatmap is elsewhere, and pulls it
    over, where the Jensen-Shannon divergence levels off."""
    log = heatmaps.clamp(min=torch.finfo(heatmaps.dtype).tiny).log()
    return (torch.xlogy(others, others) - others * log).sum((-2, -1))


KINDS = dict(js=divergence, kl=kl_divergence)


@MODELS.register_module()
class GaussianDivergenceLoss(nn.Module):
    """Divergence between heatmaps and Gaussians around the targets: the
    regularisation of `DSNT <https://arxiv.org/abs/1801.07372>`_ (section
    4.5).

    Args:
        sigma (float): Standard deviation of the Gaussians, cells.
        loss_weight (float): Factor of the loss.
        kind (str): ``'js'`` for the Jensen-Shannon divergence, DSNT's, or
            ``'kl'`` for that of Kullback and Leibler.
    """

    def __init__(
        self, sigma: float = 1.0, loss_weight: float = 1.0, kind: Literal['js', 'kl'] = 'js'
    ):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}, expected 'js' or 'kl'")
        check_positive('sigma', sigma)
        self.sigma = sigma
        self.loss_weight = loss_weight
        self.divergence = KINDS[kind]

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean over all landmarks; the arguments are those of
        :class:`~mmpose_face.models.losses.SoftArgmaxLoss`.

        Raises:
            ValueError: If shapes, types or devices do not fit.
        """
        check_form(heatmaps, targets, weights)
        # In half precision much of a heatmap is 0.
        heatmaps = heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32))
        targets = only_labelled(targets, weights).to(heatmaps.dtype)
        losses = self.divergence(heatmaps, gaussians(targets, *heatmaps.shape[-2:], self.sigma))
        return weighted_mean(losses, weights) * self.loss_weight
