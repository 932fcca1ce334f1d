# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces: the loaders and WFLW's table; a row adds the pipelines.
The faces are drawn as they are needed; those of the test have another
seed."""
from mmengine.config import read_base

from mmpose_face.datasets import SyntheticFaces

with read_base():
    from .face_loaders import *
    from .topdown_pipeline import *
    from .wflw_columns import *

train_dataloader.update(
    batch_size=16, dataset=dict(type=SyntheticFaces, num_faces=2500, seed=0))
val_dataloader.update(
    dataset=dict(type=SyntheticFaces, num_faces=500, seed=1, test_mode=True))
test_dataloader = val_dataloader
