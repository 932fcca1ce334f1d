# SPDX-License-Identifier: Apache-2.0
"""The small 300-W model, trained on synthetic faces alone and tested on
300-W's real ones: how real the synthetic faces are.

    mim train mmpose_face td-hm_res18_dark-1xb16-5e_synthetic-300w-128x128.py
"""

from mmengine.config import read_base

from mmpose_face.datasets import SyntheticFaces68

with read_base():
    from mmpose_face.configs._base_.datasets.face_300w import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

box_jitter.update(rotate_factor=40, scale_factor=(0.85, 1.15))

# As many faces as the real training set has where this was measured.
train_dataloader.update(batch_size=16)
train_dataloader['dataset'] = dict(
    type=SyntheticFaces68, num_faces=2336, pipeline='${train_pipeline}'
)

max_epochs = 5
train_cfg.update(val_interval=1)
