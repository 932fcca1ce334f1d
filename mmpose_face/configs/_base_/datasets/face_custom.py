# SPDX-License-Identifier: Apache-2.0
"""Faces of one's own: the loaders and the metric. A config says the points,
``scheme`` and ``num_points``, and where the files are (docs/en/configs.md)."""

from mmengine.config import read_base

from mmpose_face.datasets import CustomFaces
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_class = CustomFaces
data_root = 'data/custom/'
train_file = 'train.json'
test_file = 'test.json'

train_dataloader.update(batch_size=16, dataset=dict(scheme='${scheme}'))
val_dataloader.update(dataset=dict(scheme='${scheme}'))
test_dataloader.update(dataset=dict(scheme='${scheme}'))

val_evaluator = dict(type=SubsetNME)
test_evaluator = dict(val_evaluator, bootstrap=1000)
