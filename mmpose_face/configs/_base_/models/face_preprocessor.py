# SPDX-License-Identifier: Apache-2.0
"""ImageNet's mean and standard deviation, in RGB."""

from mmpose_face.models import FacePreprocessor

data_preprocessor = dict(
    type=FacePreprocessor,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
