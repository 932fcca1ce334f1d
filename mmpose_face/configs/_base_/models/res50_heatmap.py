# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 with three deconvolutions."""

from mmengine.config import read_base
from mmpose.models.backbones import ResNet

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=ResNet,
            depth=50,
            # By name: after the class, MMPose's ResNet sets weights of what
            # it has loaded to 0.
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
        ),
        head=dict(in_channels=2048),
    )
)
