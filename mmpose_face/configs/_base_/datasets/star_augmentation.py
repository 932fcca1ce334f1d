# SPDX-License-Identifier: Apache-2.0
"""How STAR augments faces, before and after the crop of 256 pixels.

The numbers are those of the authors' code (ZhenglinZhou/STAR at 9b12574).
Two things differ: boxes of odd size only blur, as even ones move the image by
half a pixel, and the mirrored image has its points mirrored about its middle,
for COFW as for the others.
"""

from mmcv.transforms import RandomApply, RandomGrayscale
from mmengine.config import read_base

from mmpose_face.datasets.transforms import (
    BlackRectangle,
    BlendNoise,
    BoxBlur,
    NormalBBoxTransform,
    RandomGamma,
)

with read_base():
    from .topdown_pipeline import *

flip.update(prob=0.5)
# Standard deviations: 0.05 * 256 = 12.8 pixels of the crop per axis, 18
# degrees, a tenth of the size.
box_jitter = dict(type=NormalBBoxTransform, shift=0.05, rotation=18.0, scale=0.1)
# Shares of the crop's height and width.
occlusion = dict(
    type=RandomApply,
    prob=0.4,
    transforms=[dict(type=BlackRectangle, height=(0.1, 0.4), width=(0.0, 0.5))],
)
# 0.05 * 256 = 12.8 pixels: boxes of 3, 5, 7, 9 and 11.
blur = dict(type=RandomApply, prob=0.3, transforms=[dict(type=BoxBlur, largest=0.05)])
gamma = dict(
    type=RandomApply,
    prob=0.2,
    transforms=[dict(type=RandomGamma, brighter=(0.25, 1.0), darker=(1.0, 4.0))],
)
noise = dict(type=RandomApply, prob=0.2, transforms=[dict(type=BlendNoise, largest=0.5)])
# ITU-R BT.601's weights, which OpenCV's grey has, for blue, green, red.
grayscale = dict(
    type=RandomGrayscale, prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.299)
)

train_pipeline = [
    '${load_image}',
    '${face_box}',
    '${flip}',
    '${box_jitter}',
    '${warp}',
    '${occlusion}',
    '${blur}',
    '${gamma}',
    '${noise}',
    '${grayscale}',
    '${target}',
    '${pack}',
]
