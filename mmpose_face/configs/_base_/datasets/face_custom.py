# SPDX-License-Identifier: Apache-2.0
"""Faces of one's own: the loaders and the metric. A config says the points,
``scheme`` and ``num_points``, and where the files are (docs/en/configs.md)."""

from mmengine.config import read_base

from mmpose_face.datasets import CustomFaces
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

data_root = 'data/custom/'

train_dataloader.update(
    batch_size=16,
    dataset=dict(
        type=CustomFaces, scheme='${scheme}', ann_file='train.json', data_prefix=dict(img='images/')
    ),
)
val_dataloader.update(
    dataset=dict(
        type=CustomFaces, scheme='${scheme}', ann_file='test.json', data_prefix=dict(img='images/')
    )
)
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset']))

val_evaluator = dict(type=SubsetNME)
test_evaluator = dict(val_evaluator, bootstrap=1000)
