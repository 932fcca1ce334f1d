# SPDX-License-Identifier: Apache-2.0
"""STAR with its paper's network, four hourglasses, on WFLW.

    mim train mmpose_face td-reg_star-hourglass_4xb32-500e_wflw-256x256.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_wflw import *
    from ...._base_.datasets.star_augmentation import *
    from ...._base_.default_runtime import *
    from ...._base_.models.star_hourglass import *
    from ...._base_.schedules.adam_500e import *

model.merge(
    dict(
        backbone=dict(scheme='wflw98'),
        head=dict(scheme='wflw98', out_channels=98)))

target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [
    *load_face, *star_augment_face, crop, *star_augment_crop, target, pack_face
]
train_dataloader.merge(
    dict(batch_size=32, drop_last=True, dataset=dict(pipeline=train_pipeline)))
custom_hooks.append(ema)
default_hooks['checkpoint'].update(interval=10)
