# SPDX-License-Identifier: Apache-2.0
"""WFLW: the loaders and the metric of the table."""

from mmengine.config import read_base

from mmpose_face.datasets import FaceWFLW

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *
    from .wflw_columns import *

dataset_type = 'WFLWDataset'
dataset_class = FaceWFLW
data_root = 'data/wflw/'
train_file = 'annotations/face_landmarks_wflw_train.json'
test_file = 'annotations/face_landmarks_wflw_test.json'
