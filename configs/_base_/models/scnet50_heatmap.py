# SPDX-License-Identifier: Apache-2.0
"""SCNet-50 with three deconvolutions."""
from mmengine.config import read_base
from mmengine.model import PretrainedInit
from mmpose.models.backbones import SCNet

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=SCNet,
            depth=50,
            init_cfg=dict(
                type=PretrainedInit,
                checkpoint='https://download.openmmlab.com/mmpose/'
                'pretrain_models/scnet50-7ef0a199.pth')),
        head=dict(in_channels=2048)))
