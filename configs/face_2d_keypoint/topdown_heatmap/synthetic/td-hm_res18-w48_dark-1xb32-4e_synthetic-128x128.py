# SPDX-License-Identifier: Apache-2.0
"""The small model that comes with the package, trained on synthetic faces
alone; an hour on two CPU cores:

    mim train mmpose_face td-hm_res18-w48_dark-1xb32-4e_synthetic-128x128.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_synthetic import *
    from ...._base_.datasets.rough_crops import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res18_w48_heatmap import *
    from ...._base_.schedules.adam_20e import *

model.merge(dict(head=dict(out_channels=98, decoder=codec)))

crop.update(input_size=codec['input_size'])
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [
    *load_face, *augment_face, crop, *augment_crop, target, pack_face
]
val_pipeline = [*load_face, crop, pack_face]

# Images of 192 pixels are as sharp as the crops of 128 need.
train_dataloader.merge(
    dict(
        batch_size=32,
        dataset=dict(num_faces=16000, size=192, pipeline=train_pipeline)))
val_dataloader.merge(dict(dataset=dict(size=192, pipeline=val_pipeline)))
test_dataloader = val_dataloader

train_cfg.update(max_epochs=4, val_interval=1)
optim_wrapper['optimizer'].update(lr=2.5e-3)
param_scheduler[-1].update(end=4, T_max=4)
