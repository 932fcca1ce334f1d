# SPDX-License-Identifier: Apache-2.0
"""Heads, one file each."""

from .attention_hourglass_head import AttentionHourglassHead
from .face_cpm_head import FaceCPMHead
from .face_heatmap_head import FaceHeatmapHead
from .face_regression_head import FaceRegressionHead
from .integral_heatmap_head import IntegralHeatmapHead

__all__ = [
    'AttentionHourglassHead',
    'FaceCPMHead',
    'FaceHeatmapHead',
    'FaceRegressionHead',
    'IntegralHeatmapHead',
]
