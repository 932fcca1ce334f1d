# SPDX-License-Identifier: Apache-2.0
"""300-W: loaders without pipelines, and the metric of the table."""
from mmengine.dataset import DefaultSampler
from mmpose.evaluation.metrics import NME

from mmpose_face.datasets import Face300W

data_root = 'data/300w/'

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(
        type=Face300W,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_300w_train.json',
        data_prefix=dict(img='images/')))
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False, round_up=False),
    dataset=dict(
        type=Face300W,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/face_landmarks_300w_valid.json',
        data_prefix=dict(img='images/'),
        test_mode=True))

# Inter-ocular: the distance of the outer eye corners.
val_evaluator = dict(type=NME, norm_mode='keypoint_distance')
test_evaluator = val_evaluator
