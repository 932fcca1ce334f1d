# SPDX-License-Identifier: Apache-2.0
"""Heads, one file each."""
from .integral_heatmap_head import IntegralHeatmapHead

__all__ = ['IntegralHeatmapHead']
