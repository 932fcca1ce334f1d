# SPDX-License-Identifier: Apache-2.0
"""STAR with its paper's network, four hourglasses, on WFLW.

mim train mmpose_face td-reg_star-hourglass_4xb32-500e_wflw-256x256.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_wflw import *
    from mmpose_face.configs._base_.datasets.star_augmentation import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.star_hourglass import *
    from mmpose_face.configs._base_.schedules.adam_500e import *

train_dataloader.update(batch_size=32, drop_last=True)
custom_hooks.extend(['${check_loss}', '${ema}'])
default_hooks['checkpoint'].update(interval=10)
