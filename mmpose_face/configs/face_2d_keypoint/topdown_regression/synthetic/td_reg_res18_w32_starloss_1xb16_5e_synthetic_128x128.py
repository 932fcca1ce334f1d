# SPDX-License-Identifier: Apache-2.0
"""A narrow ResNet-18 + STARLoss on synthetic faces: minutes on two CPU cores,
without any data.

    mim train mmpose_face td-reg_res18-w32_starloss-1xb16-5e_synthetic-128x128.py
"""

from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_synthetic import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_integral import *
    from mmpose_face.configs._base_.models.star_losses import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

# Half of ResNet-18's width.
model['backbone'].update(base_channels=32)
model['head'].update(in_channels=256, deconv_out_channels=(64, 64, 64))

# The faces come in many poses and places already.
train_pipeline = ['${load_image}', '${face_box}', '${flip}', '${warp}', '${target}', '${pack}']

max_epochs = 5
train_cfg.update(val_interval=1)
warmup.update(end=50)
custom_hooks.append('${check_loss}')
