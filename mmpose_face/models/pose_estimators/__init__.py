# SPDX-License-Identifier: Apache-2.0
"""Pose estimators: images to points."""

from .face_pose_estimator import FacePoseEstimator

__all__ = ['FacePoseEstimator']
