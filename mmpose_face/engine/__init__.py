# SPDX-License-Identifier: Apache-2.0
"""Training and testing: MMEngine's runner with checked checkpoints and
trainings that survive being killed."""

from .checkpoint_hook import SafeCheckpointHook
from .eigen_weight_hook import EigenWeightWarmupHook
from .heatmap_width_hook import HeatmapWidthHook
from .runner import FaceRunner
from .runtime_info_hook import FaceRuntimeInfoHook

__all__ = [
    'EigenWeightWarmupHook',
    'FaceRunner',
    'FaceRuntimeInfoHook',
    'HeatmapWidthHook',
    'SafeCheckpointHook',
]
