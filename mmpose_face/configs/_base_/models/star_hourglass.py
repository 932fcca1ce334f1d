# SPDX-License-Identifier: Apache-2.0
"""The network of ADNet and STAR, four hourglasses with anisotropic attention,
from scratch; the data set says the ``scheme`` and ``num_points``.

The paper tests without mirrored images; with them by
--cfg-options model.test_cfg.flip_test=True"""

from mmdet.engine.hooks import CheckInvalidLossHook

from mmpose_face.codecs import SoftArgmax
from mmpose_face.models import (
    AttentionHourglass,
    AttentionHourglassHead,
    FacePoseEstimator,
    FacePreprocessor,
    STARLoss,
    WeightedAdaptiveWingLoss,
)

input_size = (256, 256)  # width and height of the crop, pixels
codec = dict(type=SoftArgmax, input_size='${input_size}')
# One of the two forms in the paper's code; that of its equations by
# --cfg-options loss.mode=per_axis
loss = dict(type=STARLoss, mode='mahalanobis')
# Ends a training whose loss is NaN or infinite; waits for the device once in
# 50 iterations, as the log does.
check_loss = dict(type=CheckInvalidLossHook, interval=50)

model = dict(
    type=FacePoseEstimator,
    network=dict(amp=False, channels_last=False, compile=False),
    data_preprocessor=dict(  # BGR, from -1 to 1
        type=FacePreprocessor, mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]
    ),
    backbone=dict(type=AttentionHourglass, scheme='${scheme}'),
    head=dict(
        type=AttentionHourglassHead,
        scheme='${scheme}',
        out_channels='${num_points}',
        loss='${loss}',
        map_loss=dict(type=WeightedAdaptiveWingLoss, use_target_weight=True, loss_weight=10.0),
        decoder='${codec}',
    ),
    test_cfg=dict(
        flip_test=False,
        flip_mode='heatmap',
        # The grid of the means is symmetric: a mirrored heatmap needs no
        # shift.
        shift_heatmap=False,
    ),
)
