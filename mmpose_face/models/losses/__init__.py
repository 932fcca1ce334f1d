# SPDX-License-Identifier: Apache-2.0
"""Losses, one file each."""

from .gaussian_divergence_loss import GaussianDivergenceLoss
from .soft_argmax_loss import SoftArgmaxLoss
from .star_loss import STARLoss
from .weighted_adaptive_wing_loss import WeightedAdaptiveWingLoss

__all__ = [
    'GaussianDivergenceLoss',
    'STARLoss',
    'SoftArgmaxLoss',
    'WeightedAdaptiveWingLoss',
]
