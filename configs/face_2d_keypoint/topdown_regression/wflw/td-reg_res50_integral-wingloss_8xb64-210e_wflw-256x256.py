# SPDX-License-Identifier: Apache-2.0
"""The row with STARLoss with WingLoss on the heatmaps' means in its place.

    mim train mmpose_face td-reg_res50_integral-wingloss_8xb64-210e_wflw-256x256.py
"""  # noqa: E501
from mmengine.config import read_base
from mmpose.models.losses import WingLoss

from mmpose_face.datasets.transforms import FaceTarget
from mmpose_face.models import SoftArgmaxLoss

with read_base():
    from ...._base_.datasets.face_wflw import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res50_integral import *
    from ...._base_.schedules.adam_210e import *

# In pixels of the crop, which the loss is meant for.
loss = dict(
    type=SoftArgmaxLoss,
    scale=codec['input_size'][0] / 2,
    loss=dict(type=WingLoss, use_target_weight=True))
model.merge(dict(head=dict(out_channels=98, loss=loss)))

# As the row with WingLoss has it. Off by
# --cfg-options train_dataloader.dataset.pipeline.3.shift_prob=0
augment_face[1].update(shift_prob=0.3)
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
train_dataloader.merge(dict(dataset=dict(pipeline=train_pipeline)))
default_hooks['checkpoint'].update(interval=10)
