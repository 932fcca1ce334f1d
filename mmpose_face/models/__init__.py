# SPDX-License-Identifier: Apache-2.0
"""What networks are made of, where MMPose does not have it."""
from .backbones import AttentionHourglass
from .heads import AttentionHourglassHead, IntegralHeatmapHead
from .losses import (GaussianDivergenceLoss, SoftArgmaxLoss, STARLoss,
                     WeightedAdaptiveWingLoss)

__all__ = [
    'AttentionHourglass', 'AttentionHourglassHead', 'GaussianDivergenceLoss',
    'IntegralHeatmapHead', 'STARLoss', 'SoftArgmaxLoss',
    'WeightedAdaptiveWingLoss'
]
