# SPDX-License-Identifier: Apache-2.0
"""Adaptive wing loss with its weight map (Wang et al., ICCV 2019)."""

import torch
from mmpose.models.losses import AdaptiveWingLoss
from mmpose.registry import MODELS
from torch import Tensor
from torch.nn.functional import max_pool2d

# Weight of a cell of the foreground beyond 1, and the threshold of the
# foreground.
_WEIGHT = 10.0
_THRESHOLD = 0.2


def foreground(target: Tensor) -> Tensor:
    """Cells of maps (N, K, H, W) that count more: those whose 3 x 3
    neighbourhood reaches 0.2, as bool."""
    return max_pool2d(target, 3, stride=1, padding=1) >= _THRESHOLD


@MODELS.register_module()
class WeightedAdaptiveWingLoss(AdaptiveWingLoss):
    """MMPose's ``AdaptiveWingLoss`` with the weight map of its paper, which
    MMPose leaves out: cells on and around the target count 11 times.
    """

    def criterion(self, pred: Tensor, target: Tensor) -> Tensor:
        """The mean over all cells of weighted losses.

        Args:
            pred, target (Tensor): (N, K, H, W).

        Returns:
            Tensor: A number.
        """
        # MMPose's criterion is a mean, to which a cell without error adds 0.
        masked = torch.where(foreground(target), pred, target)
        return super().criterion(pred, target) + _WEIGHT * super().criterion(masked, target)
