# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 + STARLoss on 300-W, on one GPU.

mim train mmpose_face td-reg_res50_starloss_1xb64-210e_300w-256x256.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_300w import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res50_integral import *
    from mmpose_face.configs._base_.models.star_losses import *
    from mmpose_face.configs._base_.schedules.adam_210e import *

# As MMPose's heatmaps have it, for labels that count pixels from 1.
codec.update(mirror='box')

# As the row on WFLW.
box_jitter.update(shift_prob=0.3)
custom_hooks.append('${check_loss}')
auto_scale_lr = dict(base_batch_size=64)
default_hooks['checkpoint'].update(interval=10)
