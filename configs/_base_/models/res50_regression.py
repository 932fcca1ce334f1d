# SPDX-License-Identifier: Apache-2.0
"""DeepPose: ResNet-50, its map's mean and one linear layer give coordinates;
a row adds ``num_joints``, the loss and the ``decoder``."""
from mmengine.config import read_base
from mmpose.codecs import RegressionLabel
from mmpose.models.backbones import ResNet
from mmpose.models.heads import RegressionHead
from mmpose.models.necks import GlobalAveragePooling
from mmpose.models.pose_estimators import TopdownPoseEstimator

with read_base():
    from .face_preprocessor import *

codec = dict(type=RegressionLabel, input_size=(256, 256))

model = dict(
    type=TopdownPoseEstimator,
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type=ResNet,
        depth=50,
        # By name: after the class, MMPose's ResNet sets weights of what
        # it has loaded to 0.
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(type=GlobalAveragePooling),
    head=dict(type=RegressionHead, in_channels=2048),
    test_cfg=dict(flip_test=True, shift_coords=True))
