# SPDX-License-Identifier: Apache-2.0
"""One hourglass of 52 layers, from scratch, and a 1 x 1 convolution."""

from mmengine.config import read_base
from mmpose.models.backbones import HourglassNet

from mmpose_face.models import FaceCPMHead

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(type=HourglassNet, num_stacks=1),
        head=dict(type=FaceCPMHead, in_channels=256, num_stages=1, deconv_out_channels=None),
    )
)
