# SPDX-License-Identifier: Apache-2.0
"""What a head whose heatmaps are probabilities learns from in the rows of
STAR: STAR loss with the widths of the heatmaps taken as given, and the
divergence from narrow Gaussians, which sets them (docs/en/star.md). STAR
alone, where the loss itself says how wide they are, by

    --cfg-options loss.restriction=value regularizer=None
"""

from mmpose_face.models import GaussianDivergenceLoss, STARLoss

loss = dict(type=STARLoss, restriction='detach')
regularizer = dict(type=GaussianDivergenceLoss, kind='kl', sigma=1.0)
