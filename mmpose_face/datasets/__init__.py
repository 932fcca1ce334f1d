# SPDX-License-Identifier: Apache-2.0
"""Face data sets, as classes for MMPose's registries and readers of the raw
releases (:mod:`mmpose_face.datasets.converters`)."""
from .face_300w import Face300W
from .metainfo import scheme_metainfo
from .transforms import LoadFaceImage

__all__ = ['Face300W', 'LoadFaceImage', 'scheme_metainfo']
