# SPDX-License-Identifier: Apache-2.0
"""300-W: the loaders and the metric of the table. The test is the public and
the private set together, all columns of the table in one run."""

from mmengine.config import read_base

from mmpose_face.datasets import Face300W
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_type = 'Face300WDataset'
data_root = 'data/300w/'
scheme = 'ibug68'
num_points = 68

train_dataloader.update(
    dataset=dict(
        type=Face300W,
        ann_file='annotations/face_landmarks_300w_train.json',
        data_prefix=dict(img='images/'),
    )
)
val_dataloader.update(
    dataset=dict(
        type=Face300W,
        ann_file='annotations/face_landmarks_300w_valid.json',
        data_prefix=dict(img='images/'),
    )
)
test_dataloader.update(
    dataset=dict(
        type=Face300W,
        ann_file=[
            'annotations/face_landmarks_300w_valid.json',
            'annotations/face_landmarks_300w_test.json',
        ],
        data_prefix=dict(img='images/'),
    )
)

# The validation has no faces of the private set.
val_evaluator = dict(type=SubsetNME, benchmark='300w', subsets=('full', 'common', 'challenge'))
test_evaluator = dict(type=SubsetNME, benchmark='300w', bootstrap=1000)
