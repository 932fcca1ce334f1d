# SPDX-License-Identifier: Apache-2.0
"""MMPose's multi-stage head without a wait for the device."""

from collections.abc import Sequence

import torch.nn as nn
from mmpose.models.heads import CPMHead
from mmpose.registry import MODELS
from mmpose.utils.typing import OptConfigType, OptSampleList
from torch import Tensor

from ..accuracy import heatmap_accuracy
from ..precision import full_precision
from ..targets import heatmaps_of
from .base import DeviceAccuracyHead, in_float32


@MODELS.register_module()
class FaceCPMHead(DeviceAccuracyHead, CPMHead):
    """MMPose's ``CPMHead`` with a loss on the device and in float32.

    ``compute_acc=False`` in the model's ``train_cfg`` leaves the accuracy
    out, as with ``HeatmapHead``; MMPose's class always computes it.
    """

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The heatmaps (B, K, H, W) of each stage, in float32."""
        return [in_float32(each) for each in super().forward(feats)]

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = {},
    ) -> dict[str, Tensor]:
        """``loss_kpt``, the sum over the stages, and, where due, ``acc_pose``
        of the last one."""
        stages, modules = self(feats), self.loss_module
        if not isinstance(modules, nn.ModuleList):
            modules = [modules] * len(stages)
        with full_precision(stages[-1]):
            targets = heatmaps_of(batch_data_samples)
            losses = dict(loss_kpt=sum(loss(maps, *targets) for loss, maps in zip(modules, stages)))
            if self.wants_accuracy(train_cfg):
                losses['acc_pose'] = heatmap_accuracy(stages[-1], *targets)
        return losses
