# SPDX-License-Identifier: Apache-2.0
"""Pipeline steps for faces; everything else is MMPose's."""
from .boxes import PerturbFaceBox
from .flipping import RandomFaceFlip
from .formatting import PackFaceInputs
from .loading import LoadFaceImage

__all__ = [
    'LoadFaceImage', 'PackFaceInputs', 'PerturbFaceBox', 'RandomFaceFlip'
]
