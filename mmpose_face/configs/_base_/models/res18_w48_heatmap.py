# SPDX-License-Identifier: Apache-2.0
"""A small network at 128 pixels with DARK: three stages of a ResNet-18 of 3/4
of its width, and two deconvolutions. The fourth stage holds three quarters of
the network's numbers; the third sees all of the crop already."""

from mmengine.config import read_base

with read_base():
    from .res18_heatmap import *

model.merge(
    dict(
        backbone=dict(
            base_channels=48,
            stem_channels=48,
            num_stages=3,
            strides=(1, 2, 2),
            dilations=(1, 1, 1),
            out_indices=(2,),
        ),
        head=dict(in_channels=192, deconv_out_channels=(64, 64), deconv_kernel_sizes=(4, 4)),
    )
)
