# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 + STARLoss on 300-W, from scratch: minutes on two CPU cores.

    mim train mmpose_face td-reg_res18_starloss_1xb16-20e_300w-128x128.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_300w import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res18_integral import *
    from ...._base_.models.star_losses import *
    from ...._base_.schedules.adam_20e import *

# Cells; chosen on training faces that were held out (docs/en/star.md).
star_losses['regularizer'].update(sigma=0.7)
# As MMPose's heatmaps have it, for labels that count pixels from 1.
codec.update(mirror='box')
model.merge(dict(head=dict(out_channels=68, decoder=codec, **star_losses)))

augment_face[-1].update(rotate_factor=40, scale_factor=(0.85, 1.15))
crop.update(input_size=codec['input_size'])
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
val_pipeline = [*load_face, crop, pack_face]

train_dataloader.merge(
    dict(batch_size=16, dataset=dict(pipeline=train_pipeline)))
val_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))
test_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))
