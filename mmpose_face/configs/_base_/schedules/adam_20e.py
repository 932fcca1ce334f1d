# SPDX-License-Identifier: Apache-2.0
"""Adam for 20 epochs at 1e-3, falling as a cosine, for a batch of 16."""

from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from torch.optim import Adam

max_epochs = 20
train_cfg = dict(by_epoch=True, max_epochs='${max_epochs}', val_interval=4)

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=1e-3))

warmup = dict(type=LinearLR, begin=0, end=100, start_factor=0.01, by_epoch=False)
lr_fall = dict(
    type=CosineAnnealingLR,
    begin=0,
    end='${max_epochs}',
    T_max='${max_epochs}',
    by_epoch=True,
    convert_to_iter_based=True,
)
param_scheduler = ['${warmup}', '${lr_fall}']

auto_scale_lr = dict(base_batch_size=16)
