# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 + DARK at 128 pixels, from scratch, with three small
deconvolutions."""

from mmengine.config import read_base
from mmpose.models.backbones import ResNet

with read_base():
    from .topdown_heatmap import *

input_size = (128, 128)
codec.update(sigma=1.5, unbiased=True)
loss.update(loss_weight=100.0)

model.merge(
    dict(
        backbone=dict(type=ResNet, depth=18),
        head=dict(
            in_channels=512, deconv_out_channels=(128, 128, 128), deconv_kernel_sizes=(4, 4, 4)
        ),
    )
)
