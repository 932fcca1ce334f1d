# SPDX-License-Identifier: Apache-2.0
"""Backbones that MMPose lacks, one file each."""

from .attention_hourglass import AttentionHourglass, StackMaps

__all__ = ['AttentionHourglass', 'StackMaps']
