# SPDX-License-Identifier: Apache-2.0
"""AFLW: the loaders and the metric of the table."""

from mmengine.config import read_base

from mmpose_face.datasets import FaceAFLW
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_type = 'AFLWDataset'
dataset_class = FaceAFLW
data_root = 'data/aflw/'
train_file = 'annotations/face_landmarks_aflw_train.json'
test_file = 'annotations/face_landmarks_aflw_test.json'
scheme = 'aflw19'
num_points = 19

val_evaluator = dict(type=SubsetNME, benchmark='aflw')
test_evaluator = dict(val_evaluator, bootstrap=1000)
