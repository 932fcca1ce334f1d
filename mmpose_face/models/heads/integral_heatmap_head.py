# SPDX-License-Identifier: Apache-2.0
"""A heatmap head whose heatmaps are probabilities."""
from typing import Tuple

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import (ConfigType, OptConfigType, OptSampleList,
                                 SampleList)
from torch import Tensor


def labels_of(samples: SampleList) -> Tuple[Tensor, Tensor]:
    """Coordinates (N, K, 2) and weights (N, K) of a batch, as
    :class:`~mmpose_face.codecs.SoftArgmax` makes them."""
    labels = [sample.gt_instance_labels for sample in samples]
    return (torch.cat([each.keypoint_labels for each in labels]),
            torch.cat([each.keypoint_weights for each in labels]))


@MODELS.register_module()
class IntegralHeatmapHead(HeatmapHead):
    """MMPose's heatmap head with a softmax over each heatmap.

    Its loss gets the heatmaps and the coordinates, (N, K, H, W) and
    (N, K, 2), as :class:`~mmpose_face.models.losses.STARLoss` and
    :class:`~mmpose_face.models.losses.SoftArgmaxLoss` do; the decoder is
    :class:`~mmpose_face.codecs.SoftArgmax`, which has the same grid.

    MMPose's ``IntegralRegressionHead`` gives coordinates alone to its loss,
    and its grid ends one cell before the right and the lower border.

    Args:
        *args, **kwargs: Those of MMPose's ``HeatmapHead``.
        regularizer (dict, optional): Config of a second loss of the same
            form, ``loss_heatmap``. Defaults to none.
    """

    def __init__(self,
                 *args,
                 regularizer: OptConfigType = None,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.regularizer = regularizer and MODELS.build(regularizer)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Heatmaps (N, K, H, W) from feature maps; the sum of each is 1."""
        logits = super().forward(feats)
        # In half precision the sum would be off by per cents.
        return logits.flatten(2).float().softmax(-1).view_as(logits)

    def loss(self,
             feats: Tuple[Tensor],
             batch_data_samples: OptSampleList,
             train_cfg: ConfigType = {}) -> dict:
        """``loss_kpt`` of a batch, and ``loss_heatmap`` with a
        regularizer."""
        batch = self.forward(feats), *labels_of(batch_data_samples)
        losses = dict(loss_kpt=self.loss_module(*batch))
        if self.regularizer:
            losses['loss_heatmap'] = self.regularizer(*batch)
        return losses
