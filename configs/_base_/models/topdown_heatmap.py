# SPDX-License-Identifier: Apache-2.0
"""A top-down model with a heatmap head, and its codec: Gaussians of sigma 2
on 64 x 64 cells for 256 x 256 pixels. A model adds the backbone and the
head's channels, a row ``out_channels`` and the ``decoder``."""
from mmengine.config import read_base
from mmpose.models.losses import KeypointMSELoss

from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.models import FaceHeatmapHead, FacePoseEstimator

with read_base():
    from .face_preprocessor import *

codec = dict(
    type=FaceMSRAHeatmap,
    input_size=(256, 256),
    heatmap_size=(64, 64),
    sigma=2)

model = dict(
    type=FacePoseEstimator,
    network=dict(amp=False, channels_last=False, compile=False),
    data_preprocessor=data_preprocessor,
    head=dict(
        type=FaceHeatmapHead,
        loss=dict(type=KeypointMSELoss, use_target_weight=True)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True))
