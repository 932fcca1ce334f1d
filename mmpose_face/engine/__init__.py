# SPDX-License-Identifier: Apache-2.0
"""Training and testing: MMEngine's runner with checkpoints checked."""
from .runner import FaceRunner

__all__ = ['FaceRunner']
