# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 on COCO-WholeBody-Face as in MMPose's model zoo.

mim train mmpose_face td-hm_res50_8xb32-60e_coco-wholebody-face-256x256.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_coco_wholebody_face import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res50_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_60e_8xb32 import *
