# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 + DARK on 300-W, from scratch: minutes on two CPU cores.

mim train mmpose_face td-hm_res18_dark-1xb16-20e_300w-128x128.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_300w import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

box_jitter.update(rotate_factor=40, scale_factor=(0.85, 1.15))

train_dataloader.update(batch_size=16)
