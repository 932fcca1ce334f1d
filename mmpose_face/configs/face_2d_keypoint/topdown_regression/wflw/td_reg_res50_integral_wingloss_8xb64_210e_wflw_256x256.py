# SPDX-License-Identifier: Apache-2.0
"""The row with STARLoss with WingLoss on the heatmaps' means in its place.

mim train mmpose_face td-reg_res50_integral-wingloss_8xb64-210e_wflw-256x256.py
"""

from mmengine.config import read_base
from mmpose.models.losses import WingLoss

from mmpose_face.models import SoftArgmaxLoss

with read_base():
    from mmpose_face.configs.face_2d_keypoint.topdown_regression.wflw.td_reg_res50_starloss_8xb64_210e_wflw_256x256 import *

# In pixels of the crop, which the loss is meant for.
loss = dict(
    type=SoftArgmaxLoss,
    scale='${input_size.0 // 2}',
    loss=dict(type=WingLoss, use_target_weight=True),
)
regularizer = None
