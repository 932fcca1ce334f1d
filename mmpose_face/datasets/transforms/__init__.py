# SPDX-License-Identifier: Apache-2.0
"""Pipeline steps for faces; everything else is MMPose's."""

from .blurring import BoxBlur
from .face_target import FaceTarget
from .flipping import RandomFaceFlip
from .formatting import PackFaceInputs
from .gamma import RandomGamma
from .loading import LoadFaceImage
from .noise import BlendNoise
from .normal_boxes import NormalBBoxTransform
from .occlusion import BlackRectangle
from .perturbed_box import PerturbFaceBox
from .random_boxes import RandomFaceBox
from .warping import WarpFace

__all__ = [
    'BlackRectangle',
    'BlendNoise',
    'BoxBlur',
    'FaceTarget',
    'LoadFaceImage',
    'NormalBBoxTransform',
    'PackFaceInputs',
    'PerturbFaceBox',
    'RandomFaceBox',
    'RandomFaceFlip',
    'RandomGamma',
    'WarpFace',
]
