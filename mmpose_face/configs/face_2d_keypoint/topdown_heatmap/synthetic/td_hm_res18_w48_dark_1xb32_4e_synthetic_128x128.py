# SPDX-License-Identifier: Apache-2.0
"""The small model that comes with the package, trained on synthetic faces
alone; an hour on two CPU cores:

    mim train mmpose_face td-hm_res18-w48_dark-1xb32-4e_synthetic-128x128.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_synthetic import *
    from mmpose_face.configs._base_.datasets.rough_crops import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_w48_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

train_dataloader.update(batch_size=32, dataset=dict(num_faces=16000))

max_epochs = 4
train_cfg.update(val_interval=1)
optim_wrapper['optimizer'].update(lr=2.5e-3)
