# SPDX-License-Identifier: Apache-2.0
"""HRNetv2-w18: the maps of its four branches, on the finest one's cells, and
two 1 x 1 convolutions."""

from mmengine.config import read_base
from mmpose.models.backbones import HRNet
from mmpose.models.necks import FeatureMapProcessor

with read_base():
    from .topdown_heatmap import *

model.merge(
    dict(
        backbone=dict(
            type=HRNet,
            in_channels=3,
            extra=dict(
                stage1=dict(
                    num_modules=1,
                    num_branches=1,
                    block='BOTTLENECK',
                    num_blocks=(4,),
                    num_channels=(64,),
                ),
                stage2=dict(
                    num_modules=1,
                    num_branches=2,
                    block='BASIC',
                    num_blocks=(4, 4),
                    num_channels=(18, 36),
                ),
                stage3=dict(
                    num_modules=4,
                    num_branches=3,
                    block='BASIC',
                    num_blocks=(4, 4, 4),
                    num_channels=(18, 36, 72),
                ),
                stage4=dict(
                    num_modules=3,
                    num_branches=4,
                    block='BASIC',
                    num_blocks=(4, 4, 4, 4),
                    num_channels=(18, 36, 72, 144),
                    multiscale_output=True,
                ),
                upsample=dict(mode='bilinear', align_corners=False),
            ),
            init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w18'),
        ),
        neck=dict(type=FeatureMapProcessor, concat=True),
        head=dict(
            in_channels=270,  # 18 + 36 + 72 + 144
            deconv_out_channels=None,
            conv_out_channels=(270,),
            conv_kernel_sizes=(1,),
        ),
    )
)
