# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 with three deconvolutions."""

from mmengine.config import read_base
from mmpose.models.backbones import MobileNetV2

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=MobileNetV2,
            widen_factor=1.0,
            out_indices=(7,),
            init_cfg=dict(type='Pretrained', checkpoint='mmcls://mobilenet_v2'),
        ),
        head=dict(in_channels=1280),
    )
)
