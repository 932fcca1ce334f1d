# SPDX-License-Identifier: Apache-2.0
"""Face data sets, as classes for MMPose's registries and readers of the raw
releases (:mod:`mmpose_face.datasets.converters`)."""
from .face_300w import Face300W
from .face_dataset import FaceDataset
from .face_wflw import FaceWFLW
from .metainfo import scheme_metainfo
from .synthetic import SyntheticFaces, SyntheticFaces68
from .transforms import LoadFaceImage, PackFaceInputs

__all__ = [
    'Face300W', 'FaceDataset', 'FaceWFLW', 'LoadFaceImage', 'PackFaceInputs',
    'SyntheticFaces', 'SyntheticFaces68', 'scheme_metainfo'
]
