# SPDX-License-Identifier: Apache-2.0
"""Faces of one's own: the loaders and the metric; a config says the scheme and
the files (docs/en/tutorial.md)."""
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
        type=CustomFaces,
        data_root=data_root,
        ann_file='train.json',
        data_prefix=dict(img='images/')))
val_dataloader.update(
    dataset=dict(
        type=CustomFaces,
        data_root=data_root,
        ann_file='test.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type=SubsetNME, subsets=('test', ), threshold=0.10)
test_evaluator = dict(val_evaluator, bootstrap=1000)
