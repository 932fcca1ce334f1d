# SPDX-License-Identifier: Apache-2.0
"""COFW: the loaders and the metric of the table."""

from mmengine.config import read_base

from mmpose_face.datasets import FaceCOFW
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_type = 'COFWDataset'
dataset_class = FaceCOFW
data_root = 'data/cofw/'
train_file = 'annotations/cofw_train.json'
test_file = 'annotations/cofw_test.json'
scheme = 'cofw29'
num_points = 29

val_evaluator = dict(type=SubsetNME, benchmark='cofw')
test_evaluator = dict(val_evaluator, bootstrap=1000)
