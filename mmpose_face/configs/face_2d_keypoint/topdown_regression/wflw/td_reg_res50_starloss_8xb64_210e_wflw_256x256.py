# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 + STARLoss on WFLW.

mim train mmpose_face td-reg_res50_starloss_8xb64-210e_wflw-256x256.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_wflw import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res50_integral import *
    from mmpose_face.configs._base_.models.star_losses import *
    from mmpose_face.configs._base_.schedules.adam_210e import *

# As the row with WingLoss has it. Off by
# --cfg-options box_jitter.shift_prob=0
box_jitter.update(shift_prob=0.3)
custom_hooks.append('${check_loss}')
default_hooks['checkpoint'].update(interval=10)
