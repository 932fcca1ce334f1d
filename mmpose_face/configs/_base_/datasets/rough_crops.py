# SPDX-License-Identifier: Apache-2.0
"""Faces that come as a detector and a camera give them: in boxes of any size
somewhere about the face, blurred, dark or bright, and without colour."""

from mmcv.transforms import RandomApply, RandomGrayscale
from mmengine.config import read_base

from mmpose_face.datasets.transforms import BoxBlur, RandomGamma

with read_base():
    from .topdown_pipeline import *

box_jitter.update(shift_factor=0.12, shift_prob=0.5, rotate_factor=40, scale_factor=(0.75, 1.3))
blur = dict(type=RandomApply, prob=0.3, transforms=[dict(type=BoxBlur, largest=0.04)])
gamma = dict(
    type=RandomApply,
    prob=0.3,
    transforms=[dict(type=RandomGamma, brighter=(0.4, 1.0), darker=(1.0, 2.5))],
)
grayscale = dict(type=RandomGrayscale, prob=0.2, keep_channels=True)

train_pipeline = [
    '${load_image}',
    '${face_box}',
    '${flip}',
    '${box_jitter}',
    '${warp}',
    '${blur}',
    '${gamma}',
    '${grayscale}',
    '${target}',
    '${pack}',
]
