# SPDX-License-Identifier: Apache-2.0
"""Heads, one file each."""
from .attention_hourglass_head import AttentionHourglassHead
from .integral_heatmap_head import IntegralHeatmapHead

__all__ = ['AttentionHourglassHead', 'IntegralHeatmapHead']
