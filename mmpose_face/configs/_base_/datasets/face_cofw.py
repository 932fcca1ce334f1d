# SPDX-License-Identifier: Apache-2.0
"""COFW: the loaders and the metric of the table."""

from mmengine.config import read_base

from mmpose_face.datasets import FaceCOFW
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *

dataset_type = 'COFWDataset'
data_root = 'data/cofw/'
scheme = 'cofw29'
num_points = 29

train_dataloader.update(
    dataset=dict(
        type=FaceCOFW, ann_file='annotations/cofw_train.json', data_prefix=dict(img='images/')
    )
)
val_dataloader.update(
    dataset=dict(
        type=FaceCOFW, ann_file='annotations/cofw_test.json', data_prefix=dict(img='images/')
    )
)
test_dataloader.update(
    dataset=dict(
        type=FaceCOFW, ann_file='annotations/cofw_test.json', data_prefix=dict(img='images/')
    )
)

val_evaluator = dict(type=SubsetNME, benchmark='cofw')
test_evaluator = dict(val_evaluator, bootstrap=1000)
