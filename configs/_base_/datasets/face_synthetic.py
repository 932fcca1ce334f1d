# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces: loaders without pipelines, and WFLW's table. The faces
are drawn as they are needed; those of the test have another seed."""
from mmengine.dataset import DefaultSampler

from mmpose_face.datasets import SyntheticFaces
from mmpose_face.evaluation import SubsetNME

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(type=SyntheticFaces, num_faces=2500, seed=0))
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False, round_up=False),
    dataset=dict(type=SyntheticFaces, num_faces=500, seed=1, test_mode=True))

val_evaluator = dict(
    type=SubsetNME,
    subsets=('test', 'pose', 'illumination', 'occlusion', 'blur', 'makeup',
             'expression'),
    threshold=0.10)
test_evaluator = val_evaluator
