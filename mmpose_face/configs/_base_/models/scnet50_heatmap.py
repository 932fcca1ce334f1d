# SPDX-License-Identifier: Apache-2.0
"""SCNet-50 with three deconvolutions."""

from mmengine.config import read_base
from mmpose.models.backbones import SCNet

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=SCNet,
            depth=50,
            # By name: after the class, MMPose's ResNet sets weights of what
            # it has loaded to 0.
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://download.openmmlab.com/mmpose/'
                'pretrain_models/scnet50-7ef0a199.pth',
            ),
        ),
        head=dict(in_channels=2048),
    )
)
