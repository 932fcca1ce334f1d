# SPDX-License-Identifier: Apache-2.0
"""Between points and what a network is trained on."""
from .face_msra_heatmap import FaceMSRAHeatmap
from .soft_argmax import SoftArgmax, soft_argmax

__all__ = ['FaceMSRAHeatmap', 'SoftArgmax', 'soft_argmax']
