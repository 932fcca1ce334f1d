# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces: the loaders and WFLW's table. The faces are drawn as they
are needed; those of the test have another seed."""

from mmengine.config import read_base

from mmpose_face.datasets import SyntheticFaces

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *
    from .wflw_columns import *

# Images of 192 pixels are as sharp as crops of 128 need.
image_size = 192

train_dataloader.update(batch_size=16)
train_dataloader['dataset'] = dict(
    type=SyntheticFaces, num_faces=2500, seed=0, size='${image_size}', pipeline='${train_pipeline}'
)
val_dataloader['dataset'] = dict(
    type=SyntheticFaces,
    num_faces=500,
    seed=1,
    size='${image_size}',
    test_mode=True,
    pipeline='${val_pipeline}',
)
test_dataloader['dataset'] = dict(val_dataloader['dataset'])
