# SPDX-License-Identifier: Apache-2.0
"""The row with STARLoss with WingLoss on the heatmaps' means in its place.

    mim train mmpose_face td-reg_res50_integral-wingloss_8xb64-210e_wflw-256x256.py
"""  # noqa: E501
from mmengine.config import read_base
from mmpose.models.losses import WingLoss

from mmpose_face.models import SoftArgmaxLoss

with read_base():
    from mmpose_face.configs._base_.datasets.face_wflw import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res50_integral import *
    from mmpose_face.configs._base_.schedules.adam_210e import *

# In pixels of the crop, which the loss is meant for.
loss = dict(
    type=SoftArgmaxLoss,
    scale='${input_size.0 // 2}',
    loss=dict(type=WingLoss, use_target_weight=True))

# As the row with WingLoss has it. Off by
# --cfg-options box_jitter.shift_prob=0
box_jitter.update(shift_prob=0.3)
default_hooks['checkpoint'].update(interval=10)
