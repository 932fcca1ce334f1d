# SPDX-License-Identifier: Apache-2.0
"""COCO-WholeBody-Face: loaders without pipelines, and the metric of the
table."""
from mmengine.config import read_base

from mmpose_face.datasets import FaceCocoWholeBody
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *

data_root = 'data/coco/'

train_dataloader.update(
    batch_size=32,
    dataset=dict(
        type=FaceCocoWholeBody,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/coco_wholebody_train_v1.0.json',
        data_prefix=dict(img='train2017/')))
val_dataloader.update(
    dataset=dict(
        type=FaceCocoWholeBody,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/coco_wholebody_val_v1.0.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True))
test_dataloader = val_dataloader

# MMPose's table has ratios, not per cent.
val_evaluator = dict(
    type=SubsetNME, subsets=('val', ), threshold=0.10, unit='ratio')
test_evaluator = dict(val_evaluator, bootstrap=1000)
