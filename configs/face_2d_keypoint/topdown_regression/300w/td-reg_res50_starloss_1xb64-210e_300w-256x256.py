# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 + STARLoss on 300-W, on one GPU.

    mim train mmpose_face td-reg_res50_starloss_1xb64-210e_300w-256x256.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_300w import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res50_integral import *
    from ...._base_.models.star_losses import *
    from ...._base_.schedules.adam_210e import *

# As MMPose's heatmaps have it, for labels that count pixels from 1.
codec.update(mirror='box')
model.merge(dict(head=dict(out_channels=68, decoder=codec, **star_losses)))

# As the row on WFLW.
augment_face[1].update(shift_prob=0.3)
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
train_dataloader.merge(dict(dataset=dict(pipeline=train_pipeline)))
auto_scale_lr = dict(base_batch_size=64)
default_hooks['checkpoint'].update(interval=10)
