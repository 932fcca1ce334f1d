# SPDX-License-Identifier: Apache-2.0
"""Codecs: from landmarks to training targets, and from network outputs back to landmarks."""

from .decoding import decode_heatmaps
from .face_msra_heatmap import FaceMSRAHeatmap
from .face_regression_label import FaceRegressionLabel
from .gaussians import gaussian_heatmaps
from .soft_argmax import SoftArgmax, soft_argmax

__all__ = [
    'FaceMSRAHeatmap',
    'FaceRegressionLabel',
    'SoftArgmax',
    'decode_heatmaps',
    'gaussian_heatmaps',
    'soft_argmax',
]
