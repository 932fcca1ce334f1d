# SPDX-License-Identifier: Apache-2.0
"""DeepPose: ResNet-50, its map's mean and one linear layer give coordinates;
a row says the ``loss``."""

from mmengine.config import read_base
from mmpose.models.backbones import ResNet
from mmpose.models.necks import GlobalAveragePooling

from mmpose_face.codecs import FaceRegressionLabel
from mmpose_face.models import FacePoseEstimator, FaceRegressionHead

with read_base():
    from .face_preprocessor import *

input_size = (256, 256)  # width and height of the crop, pixels
codec = dict(type=FaceRegressionLabel, input_size='${input_size}')

model = dict(
    type=FacePoseEstimator,
    network=dict(amp=False, channels_last=False, compile=False),
    data_preprocessor='${data_preprocessor}',
    backbone=dict(
        type=ResNet,
        depth=50,
        # By name: after the class, MMPose's ResNet sets weights of what
        # it has loaded to 0.
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type=GlobalAveragePooling),
    head=dict(
        type=FaceRegressionHead,
        in_channels=2048,
        num_joints='${num_points}',
        loss='${loss}',
        decoder='${codec}',
    ),
    test_cfg=dict(flip_test=True, shift_coords=True),
)
