# SPDX-License-Identifier: Apache-2.0
"""Coordinate losses on the means of heatmaps."""

from __future__ import annotations

from mmpose.registry import MODELS
from torch import Tensor, nn

from ...codecs.soft_argmax import soft_argmax
from .input_checks import check_form


@MODELS.register_module()
class SoftArgmaxLoss(nn.Module):
    """A loss of MMPose on coordinates, such as ``SmoothL1Loss`` or
    ``WingLoss``, given heatmaps (integral regression, Sun et al., ECCV 2018).

    Args:
        loss (dict): Its config.
        scale (float): Factor from the grid from -1 to 1 to the unit of the
            loss: half the side of the crop for pixels.
    """

    def __init__(self, loss: dict, scale: float = 1.0):
        super().__init__()
        self.loss = MODELS.build(loss)
        self.scale = scale

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The loss of the means.

        Args:
            heatmaps (Tensor): (N, K, H, W), the sum of each is 1.
            targets (Tensor): (N, K, 2), x and y on the grid from -1 to 1.
            weights (Tensor, optional): (N, K), 0 for landmarks without a
                label.

        Returns:
            Tensor: A number.

        Raises:
            ValueError: If shapes, types or devices do not fit.
        """
        check_form(heatmaps, targets, weights)
        if weights is not None:
            weights = weights[..., None]  # the shape in MMPose's heads
        return self.loss(soft_argmax(heatmaps) * self.scale, targets * self.scale, weights)
