# SPDX-License-Identifier: Apache-2.0
"""The small 300-W model, trained on synthetic faces alone and tested on
300-W's real ones: how real the synthetic faces are.

    mim train mmpose_face td-hm_res18_dark-1xb16-5e_synthetic-300w-128x128.py
"""
from mmengine.config import read_base

from mmpose_face.datasets import SyntheticFaces68
from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_300w import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res18_heatmap import *
    from ...._base_.schedules.adam_20e import *

model.merge(dict(head=dict(out_channels=68, decoder=codec)))

augment_face[-1].update(rotate_factor=40, scale_factor=(0.85, 1.15))
crop.update(input_size=codec['input_size'])
target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
val_pipeline = [*load_face, crop, pack_face]

# As many faces as the real training set has where this was measured.
train_dataloader.merge(
    dict(
        batch_size=16,
        dataset=dict(
            _delete_=True,
            type=SyntheticFaces68,
            num_faces=2336,
            pipeline=train_pipeline)))
val_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))
test_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))

train_cfg.update(max_epochs=5, val_interval=1)
param_scheduler[-1].update(end=5, T_max=5)
