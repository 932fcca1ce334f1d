# SPDX-License-Identifier: Apache-2.0
"""What a head whose heatmaps are probabilities learns from in the rows of
STAR: STAR loss, and a tenth of the divergence from narrow Gaussians, without
which the heatmaps stay about as wide as the loss likes them best
(docs/en/star.md). STAR alone by

    --cfg-options model.head.regularizer=None
"""
from mmpose_face.models import GaussianDivergenceLoss, STARLoss

star_losses = dict(
    loss=dict(type=STARLoss),
    regularizer=dict(
        type=GaussianDivergenceLoss, kind='kl', sigma=1.0, loss_weight=0.1))
