# SPDX-License-Identifier: Apache-2.0
"""The steps of a top-down face pipeline, at 256 pixels; a row adds the target
that its codec makes."""
from mmpose.datasets.transforms import GetBBoxCenterScale

from mmpose_face.datasets.transforms import (LoadFaceImage, PackFaceInputs,
                                             RandomFaceBox, RandomFaceFlip,
                                             WarpFace)

load_face = [dict(type=LoadFaceImage), dict(type=GetBBoxCenterScale)]
augment_face = [
    dict(type=RandomFaceFlip, direction='horizontal'),
    dict(
        type=RandomFaceBox,
        shift_prob=0,
        rotate_factor=60,
        scale_factor=(0.75, 1.25)),
]
crop = dict(type=WarpFace, input_size=(256, 256))
pack_face = dict(type=PackFaceInputs)

val_pipeline = [*load_face, crop, pack_face]
