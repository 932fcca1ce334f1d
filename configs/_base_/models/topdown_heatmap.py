# SPDX-License-Identifier: Apache-2.0
"""A top-down model with a heatmap head, and its codec: Gaussians of sigma 2
on 64 x 64 cells for 256 x 256 pixels. A model adds the backbone and the
head's channels, a row ``out_channels`` and the ``decoder``."""
from mmengine.config import read_base
from mmpose.codecs import MSRAHeatmap
from mmpose.models.heads import HeatmapHead
from mmpose.models.losses import KeypointMSELoss
from mmpose.models.pose_estimators import TopdownPoseEstimator

with read_base():
    from .face_preprocessor import *

codec = dict(
    type=MSRAHeatmap, input_size=(256, 256), heatmap_size=(64, 64), sigma=2)

model = dict(
    type=TopdownPoseEstimator,
    data_preprocessor=data_preprocessor,
    head=dict(
        type=HeatmapHead,
        loss=dict(type=KeypointMSELoss, use_target_weight=True)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True))
