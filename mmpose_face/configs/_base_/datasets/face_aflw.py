# SPDX-License-Identifier: Apache-2.0
"""AFLW: the loaders and the metric of the table."""

from mmengine.config import read_base

from mmpose_face.datasets import FaceAFLW
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_type = 'AFLWDataset'
data_root = 'data/aflw/'
scheme = 'aflw19'
num_points = 19

train_dataloader.update(
    dataset=dict(
        type=FaceAFLW,
        ann_file='annotations/face_landmarks_aflw_train.json',
        data_prefix=dict(img='images/'),
    )
)
val_dataloader.update(
    dataset=dict(
        type=FaceAFLW,
        ann_file='annotations/face_landmarks_aflw_test.json',
        data_prefix=dict(img='images/'),
    )
)
test_dataloader.update(
    dataset=dict(
        type=FaceAFLW,
        ann_file='annotations/face_landmarks_aflw_test.json',
        data_prefix=dict(img='images/'),
    )
)

val_evaluator = dict(type=SubsetNME, benchmark='aflw')
test_evaluator = dict(val_evaluator, bootstrap=1000)
