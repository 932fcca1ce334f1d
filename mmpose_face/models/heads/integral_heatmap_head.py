# SPDX-License-Identifier: Apache-2.0
"""A heatmap head whose heatmaps are probabilities."""

from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptConfigType, OptSampleList
from torch import Tensor

from ..precision import full_precision
from ..targets import labels_of
from .base import FullPrecisionHead


@MODELS.register_module()
class IntegralHeatmapHead(FullPrecisionHead, HeatmapHead):
    """MMPose's heatmap head with a softmax over each heatmap.

    Its loss gets the heatmaps and the coordinates, (N, K, H, W) and
    (N, K, 2), as :class:`~mmpose_face.models.losses.STARLoss` and
    :class:`~mmpose_face.models.losses.SoftArgmaxLoss` do; the decoder is
    :class:`~mmpose_face.codecs.SoftArgmax`, which has the same grid.

    MMPose's ``IntegralRegressionHead`` gives only coordinates to its loss,
    and its grid ends one cell before the right and the lower border.

    Args:
        *args, **kwargs: Those of MMPose's ``HeatmapHead``.
        regularizer (dict, optional): Config of a second loss of the same
            form, ``loss_heatmap``. Defaults to none.
    """

    def __init__(self, *args, regularizer: OptConfigType = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.regularizer = regularizer and MODELS.build(regularizer)

    def forward(self, feats: tuple[Tensor]) -> Tensor:
        """Heatmaps (N, K, H, W) in float32 from feature maps; the sum of each
        is 1."""
        logits = super().forward(feats)
        # In half precision the sum would be wrong by some per cent.
        return logits.flatten(2).float().softmax(-1).unflatten(-1, logits.shape[2:])

    def loss(
        self, feats: tuple[Tensor], batch_data_samples: OptSampleList, train_cfg: ConfigType = {}
    ) -> dict:
        """``loss_kpt`` of a batch, and ``loss_heatmap`` with a
        regularizer."""
        batch = self(feats), *labels_of(batch_data_samples)
        with full_precision(batch[0]):
            losses = dict(loss_kpt=self.loss_module(*batch))
            if self.regularizer:
                losses['loss_heatmap'] = self.regularizer(*batch)
        return losses
