# SPDX-License-Identifier: Apache-2.0
"""The small model that comes with the package: three stages of a ResNet-18 of
3/4 of its width + DARK, trained on synthetic faces alone. An hour on two CPU
cores:

    mim train mmpose_face td-hm_res18-w48_dark-1xb32-4e_synthetic-128x128.py
"""
from mmcv.transforms import RandomApply, RandomGrayscale
from mmengine.config import read_base

from mmpose_face.datasets.transforms import BoxBlur, FaceTarget, RandomGamma

with read_base():
    from ...._base_.datasets.face_synthetic import *
    from ...._base_.default_runtime import *
    from ...._base_.models.res18_heatmap import *
    from ...._base_.schedules.adam_20e import *

# The fourth stage holds three quarters of the network's numbers; at 128
# pixels the third sees all of the crop.
model.merge(
    dict(
        backbone=dict(
            base_channels=48,
            stem_channels=48,
            num_stages=3,
            strides=(1, 2, 2),
            dilations=(1, 1, 1),
            out_indices=(2, )),
        head=dict(
            in_channels=192,
            deconv_out_channels=(64, 64),
            deconv_kernel_sizes=(4, 4),
            out_channels=98,
            decoder=codec)))

# Boxes as rough as a detector's, and pictures of every kind.
augment_face[-1].update(
    shift_factor=0.12,
    shift_prob=0.5,
    rotate_factor=40,
    scale_factor=(0.75, 1.3))
crop.update(input_size=codec['input_size'])
augment_crop = [
    dict(
        type=RandomApply,
        prob=0.3,
        transforms=[dict(type=BoxBlur, largest=0.04)]),
    dict(
        type=RandomApply,
        prob=0.3,
        transforms=[
            dict(type=RandomGamma, brighter=(0.4, 1.), darker=(1., 2.5))
        ]),
    dict(type=RandomGrayscale, prob=0.2, keep_channels=True),
]
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
