# SPDX-License-Identifier: Apache-2.0
"""Training and testing: MMEngine's runner with checked checkpoints and
trainings that survive being killed."""

from .checkpoint_hook import SafeCheckpointHook
from .runner import FaceRunner
from .runtime_info_hook import FaceRuntimeInfoHook

__all__ = [
    'FaceRunner',
    'FaceRuntimeInfoHook',
    'SafeCheckpointHook',
]
