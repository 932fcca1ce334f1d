# SPDX-License-Identifier: Apache-2.0
"""Pipeline steps for faces; everything else is MMPose's."""

from .blurring import BoxBlur as BoxBlur
from .face_target import FaceTarget as FaceTarget
from .flipping import RandomFaceFlip as RandomFaceFlip
from .formatting import PackFaceInputs as PackFaceInputs
from .gamma import RandomGamma as RandomGamma
from .loading import LoadFaceImage as LoadFaceImage
from .noise import BlendNoise as BlendNoise
from .normal_boxes import NormalBBoxTransform as NormalBBoxTransform
from .occlusion import BlackRectangle as BlackRectangle
from .perturbed_box import PerturbFaceBox as PerturbFaceBox
from .random_boxes import RandomFaceBox as RandomFaceBox
from .warping import WarpFace as WarpFace
