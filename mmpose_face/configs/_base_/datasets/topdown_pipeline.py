# SPDX-License-Identifier: Apache-2.0
"""The steps of a top-down face pipeline, each under a name, by which a config
changes it or puts it elsewhere. Crop and target follow the codec."""

from mmpose.datasets.transforms import GetBBoxCenterScale

from mmpose_face.datasets.transforms import (
    FaceTarget,
    LoadFaceImage,
    PackFaceInputs,
    RandomFaceBox,
    RandomFaceFlip,
    WarpFace,
)

load_image = dict(type=LoadFaceImage)
face_box = dict(type=GetBBoxCenterScale)
flip = dict(type=RandomFaceFlip, direction='horizontal')
# Moved by shift_factor of its side, turned by up to rotate_factor degrees,
# and of that size.
box_jitter = dict(type=RandomFaceBox, shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25))
warp = dict(type=WarpFace, input_size='${codec.input_size}')
target = dict(type=FaceTarget, encoder='${codec}')
pack = dict(type=PackFaceInputs)

train_pipeline = [
    '${load_image}',
    '${face_box}',
    '${flip}',
    '${box_jitter}',
    '${warp}',
    '${target}',
    '${pack}',
]
val_pipeline = ['${load_image}', '${face_box}', '${warp}', '${pack}']
