# SPDX-License-Identifier: Apache-2.0
"""MMPose's heatmap head without a wait for the device."""

from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptSampleList
from torch import Tensor

from ..accuracy import heatmap_accuracy
from ..precision import full_precision
from ..targets import heatmaps_of
from .base import DeviceAccuracyHead, in_float32


@MODELS.register_module()
class FaceHeatmapHead(DeviceAccuracyHead, HeatmapHead):
    """MMPose's ``HeatmapHead`` with a loss on the device and in float32."""

    def forward(self, feats: tuple[Tensor]) -> Tensor:
        """Heatmaps (B, K, H, W) in float32."""
        return in_float32(super().forward(feats))

    def loss(
        self, feats: tuple[Tensor], batch_data_samples: OptSampleList, train_cfg: ConfigType = {}
    ) -> dict[str, Tensor]:
        """``loss_kpt`` and, where due, ``acc_pose``."""
        heatmaps = self(feats)
        with full_precision(heatmaps):
            batch = heatmaps, *heatmaps_of(batch_data_samples)
            losses = dict(loss_kpt=self.loss_module(*batch))
            if self.wants_accuracy(train_cfg):
                losses['acc_pose'] = heatmap_accuracy(*batch)
        return losses
