# SPDX-License-Identifier: Apache-2.0
"""STAR's schedule: Adam for 500 epochs at 1e-3, divided by 10 after 200, 350
and 450, for a batch of 4 GPUs x 32, and ``ema``, the hook that averages the
weights.

The paper synchronises the batch normalisation of the GPUs: by
--cfg-options sync_bn=torch"""

from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import MultiStepLR, OptimWrapper
from torch.optim import Adam

max_epochs = 500
train_cfg = dict(by_epoch=True, max_epochs='${max_epochs}', val_interval=10)

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=1e-3))

lr_steps = dict(
    type=MultiStepLR,
    begin=0,
    end='${max_epochs}',
    milestones=[200, 350, 450],
    gamma=0.1,
    by_epoch=True,
)
param_scheduler = ['${lr_steps}']

auto_scale_lr = dict(base_batch_size=128)

# After 10,000 faces half of the average is new. MMEngine's momentum is the
# share of the new weights; statistics of batch normalisation are averaged
# too.
ema = dict(
    type=EMAHook,
    ema_type=ExponentialMovingAverage,
    momentum=1 - 0.5 ** (128 / 10000),
    update_buffers=True,
)
