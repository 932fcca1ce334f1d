# SPDX-License-Identifier: Apache-2.0
"""Adam for 20 epochs at 1e-3, falling as a cosine, for a batch of 16."""
from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from torch.optim import Adam

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=4)

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=1e-3))

param_scheduler = [
    dict(type=LinearLR, begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type=CosineAnnealingLR,
        begin=0,
        end=20,
        T_max=20,
        by_epoch=True,
        convert_to_iter_based=True),
]

auto_scale_lr = dict(base_batch_size=16)
