# SPDX-License-Identifier: Apache-2.0
"""HRNetv2-w18 on COFW as in MMPose's model zoo.

    mim train mmpose_face td-hm_hrnetv2-w18_8xb64-60e_cofw-256x256.py
"""
from mmengine.config import read_base

from mmpose_face.datasets.transforms import FaceTarget

with read_base():
    from ...._base_.datasets.face_cofw import *
    from ...._base_.default_runtime import *
    from ...._base_.models.hrnetv2_w18_heatmap import *
    from ...._base_.schedules.adam_60e import *

# With sigma 1.5 MMPose draws points on the first five columns or rows one
# cell off, and the released weights were trained so. Drawn where they are by
# --cfg-options train_dataloader.dataset.pipeline.5.encoder.border_shift=False
codec.update(sigma=1.5)
model.merge(dict(head=dict(out_channels=29, decoder=codec)))

target = dict(type=FaceTarget, encoder=codec)
train_pipeline = [*load_face, *augment_face, crop, target, pack_face]
train_dataloader.merge(dict(dataset=dict(pipeline=train_pipeline)))

# MMPose's schedule stops at epoch 50, so that its step at 55 is never taken.
# Taken by --cfg-options param_scheduler.1.end=60
param_scheduler[1].update(end=50)
