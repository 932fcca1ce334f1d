# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 with three deconvolutions."""
from mmengine.config import read_base
from mmengine.model import PretrainedInit
from mmpose.models.backbones import ResNet

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=ResNet,
            depth=50,
            init_cfg=dict(
                type=PretrainedInit, checkpoint='torchvision://resnet50')),
        head=dict(in_channels=2048)))
