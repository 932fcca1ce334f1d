# SPDX-License-Identifier: Apache-2.0
"""Network parts that MMPose lacks: losses, heads, backbones, and batches on the device."""

from .backbones import AttentionHourglass
from .data_preprocessors import FacePreprocessor
from .heads import (
    AttentionHourglassHead,
    FaceCPMHead,
    FaceHeatmapHead,
    FaceRegressionHead,
    IntegralHeatmapHead,
)
from .losses import GaussianDivergenceLoss, SoftArgmaxLoss, STARLoss, WeightedAdaptiveWingLoss
from .pose_estimators import FacePoseEstimator

__all__ = [
    'AttentionHourglass',
    'AttentionHourglassHead',
    'FaceCPMHead',
    'FaceHeatmapHead',
    'FacePoseEstimator',
    'FacePreprocessor',
    'FaceRegressionHead',
    'GaussianDivergenceLoss',
    'IntegralHeatmapHead',
    'STARLoss',
    'SoftArgmaxLoss',
    'WeightedAdaptiveWingLoss',
]
