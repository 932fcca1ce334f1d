# SPDX-License-Identifier: Apache-2.0
"""A narrow ResNet-18 + STARLoss on synthetic faces: minutes on two CPU cores,
without any data.

    mim train mmpose_face td-reg_res18-w32_starloss-1xb16-5e_synthetic-128x128.py
"""  # noqa: E501
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_synthetic import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res18_integral import *
    from ...._base_.models.star_losses import *
    from ...._base_.schedules.adam_20e import *

# Half of ResNet-18's width.
model.merge(
    dict(
        backbone=dict(base_channels=32),
        head=dict(
            in_channels=256,
            deconv_out_channels=(64, 64, 64),
            out_channels=98,
            **star_losses)))

# The faces come in many poses and places already.
flip = augment_face[0]
crop.update(input_size=codec['input_size'])
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, flip, crop, target, pack_face]
val_pipeline = [*load_face, crop, pack_face]

# Images of 192 pixels are as sharp as the crops of 128 need.
train_dataloader.merge(dict(dataset=dict(size=192, pipeline=train_pipeline)))
val_dataloader.merge(dict(dataset=dict(size=192, pipeline=val_pipeline)))
test_dataloader = val_dataloader

train_cfg.update(max_epochs=5, val_interval=1)
param_scheduler[0].update(end=50)
param_scheduler[1].update(end=5, T_max=5)
