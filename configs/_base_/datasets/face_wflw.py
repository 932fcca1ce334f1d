# SPDX-License-Identifier: Apache-2.0
"""WFLW: the loaders and the metric of the table; a row adds the training
pipeline."""
from mmengine.config import read_base

from mmpose_face.datasets import FaceWFLW

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *
    from .wflw_columns import *

data_root = 'data/wflw/'

train_dataloader.update(
    dataset=dict(
        type=FaceWFLW,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_wflw_train.json',
        data_prefix=dict(img='images/')))
val_dataloader.update(
    dataset=dict(
        type=FaceWFLW,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_wflw_test.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader
