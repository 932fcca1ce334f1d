# SPDX-License-Identifier: Apache-2.0
"""300-W: the loaders and the metric of the table; a row adds the training
pipeline. The test is the public and the private set together, all columns of
the table in one run."""
from mmengine.config import read_base

from mmpose_face.datasets import Face300W
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

data_root = 'data/300w/'

train_dataloader.update(
    dataset=dict(
        type=Face300W,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_300w_train.json',
        data_prefix=dict(img='images/')))
val_dataloader.update(
    dataset=dict(
        type=Face300W,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_300w_valid.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = dict(
    val_dataloader,
    dataset=dict(
        val_dataloader['dataset'],
        ann_file=[
            'annotations/face_landmarks_300w_valid.json',
            'annotations/face_landmarks_300w_test.json'
        ]))

val_evaluator = dict(
    type=SubsetNME, subsets=('full', 'common', 'challenge'), threshold=0.08)
test_evaluator = dict(
    val_evaluator,
    subsets=('full', 'common', 'challenge', 'test'),
    bootstrap=1000)
