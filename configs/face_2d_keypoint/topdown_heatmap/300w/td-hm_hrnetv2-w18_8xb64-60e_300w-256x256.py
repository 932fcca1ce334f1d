# SPDX-License-Identifier: Apache-2.0
"""HRNetv2-w18 on 300-W, the experiment of MMPose's model zoo.

    mim train mmpose_face td-hm_hrnetv2-w18_8xb64-60e_300w-256x256.py
"""
from mmengine.config import read_base
from mmpose.codecs import MSRAHeatmap
from mmpose.datasets.transforms import GenerateTarget, TopdownAffine

from mmpose_face.datasets.transforms import PackFaceInputs

with read_base():
    from ...._base_.datasets.face_300w import *
    from ...._base_.datasets.topdown_pipeline import *
    from ...._base_.default_runtime import *
    from ...._base_.models.hrnetv2_w18_heatmap import *
    from ...._base_.schedules.adam_60e import *

# With sigma 1.5 MMPose draws points within 4 cells of the left or upper
# border one cell off (upstream behaviour, kept: the released weights were
# trained so).
codec = dict(
    type=MSRAHeatmap, input_size=(256, 256), heatmap_size=(64, 64), sigma=1.5)
model.merge(dict(head=dict(out_channels=68, decoder=codec)))

crop = dict(type=TopdownAffine, input_size=codec['input_size'])
train_pipeline = [
    *load_face, *augment_face, crop,
    dict(type=GenerateTarget, encoder=codec),
    dict(type=PackFaceInputs)
]
val_pipeline = [*load_face, crop, dict(type=PackFaceInputs)]

train_dataloader.merge(dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))
test_dataloader.merge(dict(dataset=dict(pipeline=val_pipeline)))
