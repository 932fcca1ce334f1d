# SPDX-License-Identifier: Apache-2.0
"""Data preprocessors: the loader's batch to the network's."""

from .face_preprocessor import FacePreprocessor

__all__ = ['FacePreprocessor']
