# SPDX-License-Identifier: Apache-2.0
"""COFW: loaders without pipelines, and the metric of the table."""
from mmengine.config import read_base

from mmpose_face.datasets import FaceCOFW
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *

data_root = 'data/cofw/'

train_dataloader.update(
    dataset=dict(
        type=FaceCOFW,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/cofw_train.json',
        data_prefix=dict(img='images/')))
val_dataloader.update(
    dataset=dict(
        type=FaceCOFW,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/cofw_test.json',
        data_prefix=dict(img='images/'),
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = dict(type=SubsetNME, subsets=('test', ), threshold=0.10)
test_evaluator = dict(val_evaluator, bootstrap=1000)
