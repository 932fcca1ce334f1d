# SPDX-License-Identifier: Apache-2.0
"""Backbones, one file each, where MMPose has none."""

from .attention_hourglass import AttentionHourglass, StackMaps

__all__ = ['AttentionHourglass', 'StackMaps']
