# SPDX-License-Identifier: Apache-2.0
"""What networks are made of, where MMPose does not have it."""
from .heads import IntegralHeatmapHead
from .losses import GaussianDivergenceLoss, SoftArgmaxLoss, STARLoss

__all__ = [
    'GaussianDivergenceLoss', 'IntegralHeatmapHead', 'STARLoss',
    'SoftArgmaxLoss'
]
