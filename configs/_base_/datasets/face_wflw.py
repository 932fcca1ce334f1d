# SPDX-License-Identifier: Apache-2.0
"""WFLW: loaders without pipelines, and the metric of the table."""
from mmengine.config import read_base

from mmpose_face.datasets import FaceWFLW

with read_base():
    from .face_loaders import *
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
        test_mode=True))
test_dataloader = val_dataloader
