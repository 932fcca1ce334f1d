# SPDX-License-Identifier: Apache-2.0
"""Adam for 210 epochs at 5e-4, divided by 10 after 170 and 200, for a batch
of 8 GPUs x 64."""

from mmengine.config import read_base

with read_base():
    from .adam_60e import *

max_epochs = 210
train_cfg.update(val_interval=10)
optim_wrapper['optimizer'].update(lr=5e-4)
lr_steps.update(milestones=[170, 200])
