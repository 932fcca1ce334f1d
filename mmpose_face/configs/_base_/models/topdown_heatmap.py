# SPDX-License-Identifier: Apache-2.0
"""A top-down model with a heatmap head, and its codec: Gaussians of sigma 2
on 64 x 64 cells for 256 x 256 pixels. A model adds the backbone and the
head's channels; the data set says ``num_points``."""

from mmengine.config import read_base
from mmpose.models.losses import KeypointMSELoss

from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.models import FaceHeatmapHead, FacePoseEstimator

with read_base():
    from .face_preprocessor import *

input_size = (256, 256)  # width and height of the crop, pixels

codec = dict(
    type=FaceMSRAHeatmap,
    input_size='${input_size}',
    heatmap_size='${codec.input_size // 4}',
    sigma=2,
)
loss = dict(type=KeypointMSELoss, use_target_weight=True)

model = dict(
    type=FacePoseEstimator,
    network=dict(amp=False, channels_last=False, compile=False),
    data_preprocessor='${data_preprocessor}',
    head=dict(
        type=FaceHeatmapHead, out_channels='${num_points}', loss='${loss}', decoder='${codec}'
    ),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
