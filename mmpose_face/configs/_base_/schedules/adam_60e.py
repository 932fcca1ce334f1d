# SPDX-License-Identifier: Apache-2.0
"""Adam for 60 epochs at 2e-3, divided by 10 after 40 and 55, for a batch of
8 GPUs x 64."""

from mmengine.optim import LinearLR, MultiStepLR, OptimWrapper
from torch.optim import Adam

max_epochs = 60
train_cfg = dict(by_epoch=True, max_epochs='${max_epochs}', val_interval=1)

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=2e-3))

warmup = dict(type=LinearLR, begin=0, end=500, start_factor=0.001, by_epoch=False)
lr_steps = dict(
    type=MultiStepLR, begin=0, end='${max_epochs}', milestones=[40, 55], gamma=0.1, by_epoch=True
)
param_scheduler = ['${warmup}', '${lr_steps}']

auto_scale_lr = dict(base_batch_size=512)
