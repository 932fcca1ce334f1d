# SPDX-License-Identifier: Apache-2.0
"""From images to points."""

from .face_pose_estimator import FacePoseEstimator

__all__ = ['FacePoseEstimator']
