# SPDX-License-Identifier: Apache-2.0
"""Adam for 60 epochs at 2e-3, divided by 10 after 40 and 55, for a batch of
8 GPUs x 32."""

from mmengine.config import read_base

with read_base():
    from .adam_60e import *

# MMPose's value, beyond the last epoch; 60 trains the same.
lr_steps.update(end=210)
auto_scale_lr.update(base_batch_size=256)
