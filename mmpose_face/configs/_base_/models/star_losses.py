# SPDX-License-Identifier: Apache-2.0
"""What a head whose heatmaps are probabilities learns from in the rows of
STAR: its Mahalanobis form with the widths of the heatmaps taken as given, and
the divergence from narrow Gaussians, which sets them (docs/en/star.md). The
paper's loss, which itself says how wide they are, by

    --cfg-options loss.mode=per_axis loss.restriction=value regularizer=None
"""

from mmdet.engine.hooks import CheckInvalidLossHook

from mmpose_face.models import GaussianDivergenceLoss, STARLoss

loss = dict(type=STARLoss, mode='mahalanobis', restriction='detach')
regularizer = dict(type=GaussianDivergenceLoss, sigma=1.0)

# Ends a training whose loss is NaN or infinite; waits for the device once in
# 50 iterations, as the log does.
check_loss = dict(type=CheckInvalidLossHook, interval=50)
