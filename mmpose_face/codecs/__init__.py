# SPDX-License-Identifier: Apache-2.0
"""Between points and what a network is trained on."""
from .face_msra_heatmap import FaceMSRAHeatmap

__all__ = ['FaceMSRAHeatmap']
