# SPDX-License-Identifier: Apache-2.0
"""Losses on heatmaps that sum to 1, one file each."""
from .gaussian_divergence_loss import GaussianDivergenceLoss
from .soft_argmax_loss import SoftArgmaxLoss
from .star_loss import STARLoss, moments, star_loss

__all__ = [
    'GaussianDivergenceLoss', 'STARLoss', 'SoftArgmaxLoss', 'moments',
    'star_loss'
]
