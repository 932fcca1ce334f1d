# SPDX-License-Identifier: Apache-2.0
"""MMPose's regression head without a wait for the device."""

from mmpose.models.heads import RegressionHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptSampleList
from torch import Tensor

from ..accuracy import coordinate_accuracy
from ..precision import full_precision
from ..targets import labels_of
from .base import DeviceAccuracyHead, in_float32


@MODELS.register_module()
class FaceRegressionHead(DeviceAccuracyHead, RegressionHead):
    """MMPose's ``RegressionHead`` with a loss on the device and in float32.

    ``compute_acc=False`` in the model's ``train_cfg`` leaves the accuracy
    out, as with ``HeatmapHead``; MMPose's class always computes it.
    """

    def forward(self, feats: tuple[Tensor]) -> Tensor:
        """Coordinates (B, K, 2) in float32, shares of the crop's sides."""
        return in_float32(super().forward(feats))

    def loss(
        self, inputs: tuple[Tensor], batch_data_samples: OptSampleList, train_cfg: ConfigType = {}
    ) -> dict[str, Tensor]:
        """``loss_kpt`` and, where due, ``acc_pose``."""
        points = self(inputs)
        with full_precision(points):
            labels, weights = labels_of(batch_data_samples)
            losses = dict(loss_kpt=self.loss_module(points, labels, weights[..., None]))
            if self.wants_accuracy(train_cfg):
                losses['acc_pose'] = coordinate_accuracy(points, labels, weights)
        return losses
