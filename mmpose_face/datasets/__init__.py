# SPDX-License-Identifier: Apache-2.0
"""Face data sets, as classes for MMPose's registries and readers of the raw
releases (:mod:`mmpose_face.datasets.converters`)."""
from .benchmarks import BENCHMARKS, open_benchmark
from .collating import face_collate
from .custom import CustomFaces
from .face_300w import Face300W
from .face_aflw import FaceAFLW
from .face_coco_wholebody import FaceCocoWholeBody
from .face_cofw import FaceCOFW, FaceCOFW68
from .face_dataset import FaceDataset
from .face_wflw import FaceWFLW
from .metainfo import scheme_metainfo
from .synthetic import SyntheticFaces, SyntheticFaces68
from .transforms import (FaceTarget, LoadFaceImage, PackFaceInputs,
                         PerturbFaceBox, RandomFaceBox, RandomFaceFlip,
                         WarpFace)

__all__ = [
    'BENCHMARKS', 'CustomFaces', 'Face300W', 'FaceAFLW', 'FaceCOFW',
    'FaceCOFW68', 'FaceCocoWholeBody', 'FaceDataset', 'FaceTarget', 'FaceWFLW',
    'LoadFaceImage', 'PackFaceInputs', 'PerturbFaceBox', 'RandomFaceBox',
    'RandomFaceFlip', 'SyntheticFaces', 'SyntheticFaces68', 'WarpFace',
    'face_collate', 'open_benchmark', 'scheme_metainfo'
]
