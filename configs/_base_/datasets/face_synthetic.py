# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces: loaders without pipelines, and WFLW's table. The faces
are drawn as they are needed; those of the test have another seed."""
from mmengine.config import read_base

from mmpose_face.datasets import SyntheticFaces
from mmpose_face.evaluation import SubsetNME

with read_base():
    from .face_loaders import *

train_dataloader.update(
    batch_size=16, dataset=dict(type=SyntheticFaces, num_faces=2500, seed=0))
val_dataloader.update(
    dataset=dict(type=SyntheticFaces, num_faces=500, seed=1, test_mode=True))
test_dataloader = val_dataloader

val_evaluator = dict(
    type=SubsetNME,
    subsets=('test', 'pose', 'illumination', 'occlusion', 'blur', 'makeup',
             'expression'),
    threshold=0.10)
test_evaluator = dict(val_evaluator, bootstrap=1000)
