# SPDX-License-Identifier: Apache-2.0
"""HRNetv2-w18 + DARK on WFLW as in MMPose's model zoo.

mim train mmpose_face td-hm_hrnetv2-w18_dark-8xb64-60e_wflw-256x256.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_wflw import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.hrnetv2_w18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_60e import *

codec.update(unbiased=True)  # DARK
