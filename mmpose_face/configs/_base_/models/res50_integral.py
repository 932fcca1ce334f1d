# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 with three deconvolutions, whose heatmaps are probabilities and
whose means are the points; a row says the ``loss``."""

from mmengine.config import read_base

from mmpose_face.codecs import SoftArgmax
from mmpose_face.models import IntegralHeatmapHead

with read_base():
    from .res50_heatmap import *

codec = dict(type=SoftArgmax, input_size='${input_size}')
regularizer = None
model['head'].update(type=IntegralHeatmapHead, regularizer='${regularizer}')
# The grid of the means is symmetric: a mirrored heatmap needs no shift.
model['test_cfg'].update(shift_heatmap=False)
