# SPDX-License-Identifier: Apache-2.0
"""How STAR augments faces, in two parts: what comes before the crop of 256
pixels, and what comes after it, in this order.

The numbers are those of the authors' code (ZhenglinZhou/STAR at 9b12574).
Two things differ: boxes of odd size only blur, as even ones move the image by
half a pixel, and the mirrored image has its points mirrored about its middle,
for COFW as for the others.
"""
from mmcv.transforms import RandomApply, RandomGrayscale

from mmpose_face.datasets.transforms import (BlackRectangle, BlendNoise,
                                             BoxBlur, NormalBBoxTransform,
                                             RandomFaceFlip, RandomGamma)

star_augment_face = [
    dict(type=RandomFaceFlip, direction='horizontal', prob=0.5),
    # Standard deviations: 0.05 * 256 = 12.8 pixels of the crop per axis, 18
    # degrees, a tenth of the size.
    dict(type=NormalBBoxTransform, shift=0.05, rotation=18., scale=0.1),
]
star_augment_crop = [
    # Shares of the crop's height and width.
    dict(
        type=RandomApply,
        prob=0.4,
        transforms=[
            dict(type=BlackRectangle, height=(0.1, 0.4), width=(0., 0.5))
        ]),
    # 0.05 * 256 = 12.8 pixels: boxes of 3, 5, 7, 9 and 11.
    dict(
        type=RandomApply,
        prob=0.3,
        transforms=[dict(type=BoxBlur, largest=0.05)]),
    dict(
        type=RandomApply,
        prob=0.2,
        transforms=[
            dict(type=RandomGamma, brighter=(0.25, 1.), darker=(1., 4.))
        ]),
    dict(
        type=RandomApply,
        prob=0.2,
        transforms=[dict(type=BlendNoise, largest=0.5)]),
    # ITU-R BT.601's weights, which OpenCV's grey has, for blue, green, red.
    dict(
        type=RandomGrayscale,
        prob=0.2,
        keep_channels=True,
        channel_weights=(0.114, 0.587, 0.299)),
]
