# SPDX-License-Identifier: Apache-2.0
"""HRNetv2-w18 on AFLW as in MMPose's model zoo.

    mim train mmpose_face td-hm_hrnetv2-w18_8xb64-60e_aflw-256x256.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_aflw import *
    from ...._base_.default_runtime import *
    from ...._base_.models.hrnetv2_w18_heatmap import *
    from ...._base_.schedules.adam_60e import *

model.merge(dict(head=dict(out_channels=19, decoder=codec)))

target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
train_dataloader.merge(dict(dataset=dict(pipeline=train_pipeline)))
