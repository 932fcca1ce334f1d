# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 + DARK at 128 pixels, from scratch, with three small
deconvolutions; a row adds ``out_channels``."""
from mmengine.config import read_base
from mmpose.codecs import MSRAHeatmap
from mmpose.models.backbones import ResNet
from mmpose.models.heads import HeatmapHead
from mmpose.models.losses import KeypointMSELoss
from mmpose.models.pose_estimators import TopdownPoseEstimator

with read_base():
    from .face_preprocessor import *  # noqa: F401,F403

codec = dict(
    type=MSRAHeatmap,
    input_size=(128, 128),
    heatmap_size=(32, 32),
    sigma=1.5,
    unbiased=True)
model = dict(
    type=TopdownPoseEstimator,
    data_preprocessor=data_preprocessor,  # noqa: F405
    backbone=dict(type=ResNet, depth=18),
    head=dict(
        type=HeatmapHead,
        in_channels=512,
        deconv_out_channels=(128, 128, 128),
        deconv_kernel_sizes=(4, 4, 4),
        decoder=codec,
        loss=dict(
            type=KeypointMSELoss, use_target_weight=True, loss_weight=100.)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True))
