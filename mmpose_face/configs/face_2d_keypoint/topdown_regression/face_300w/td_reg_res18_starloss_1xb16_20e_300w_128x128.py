# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 + STARLoss on 300-W, from scratch: minutes on two CPU cores.

mim train mmpose_face td-reg_res18_starloss_1xb16-20e_300w-128x128.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_300w import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_integral import *
    from mmpose_face.configs._base_.models.star_losses import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

# Cells; chosen on training faces that were held out (docs/en/star.md).
regularizer.update(sigma=0.7)
# As MMPose's heatmaps have it, for labels that count pixels from 1.
codec.update(mirror='box')

box_jitter.update(rotate_factor=40, scale_factor=(0.85, 1.15))

train_dataloader.update(batch_size=16)
custom_hooks.append('${check_loss}')
