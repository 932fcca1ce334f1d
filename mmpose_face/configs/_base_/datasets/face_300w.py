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
dataset_class = Face300W
data_root = 'data/300w/'
train_file = 'annotations/face_landmarks_300w_train.json'
test_file = [
    'annotations/face_landmarks_300w_valid.json',
    'annotations/face_landmarks_300w_test.json',
]
scheme = 'ibug68'
num_points = 68

# The validation has no faces of the private set.
val_dataloader.update(dataset=dict(ann_file='annotations/face_landmarks_300w_valid.json'))
val_evaluator = dict(type=SubsetNME, benchmark='300w', subsets=('full', 'common', 'challenge'))
test_evaluator = dict(type=SubsetNME, benchmark='300w', bootstrap=1000)
