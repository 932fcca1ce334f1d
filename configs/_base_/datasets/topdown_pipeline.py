# SPDX-License-Identifier: Apache-2.0
"""The steps of a top-down face pipeline that do not depend on the codec."""
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomBBoxTransform

from mmpose_face.datasets.transforms import LoadFaceImage, RandomFaceFlip

load_face = [dict(type=LoadFaceImage), dict(type=GetBBoxCenterScale)]
augment_face = [
    dict(type=RandomFaceFlip, direction='horizontal'),
    dict(
        type=RandomBBoxTransform,
        shift_prob=0,
        rotate_factor=60,
        scale_factor=(0.75, 1.25)),
]
