# SPDX-License-Identifier: Apache-2.0
"""How wide the heatmaps of a training are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor, nn


@HOOKS.register_module()
class HeatmapWidthHook(Hook):
    """Logs ``sigma_major`` and ``sigma_minor``: the standard deviations of
    the heatmaps along their longer and their shorter axis, in pixels of the
    crop, mean over the landmarks of a batch.

    For heads whose heatmaps sum to 1, of which the loss gets the heatmaps
    (:class:`~mmpose_face.models.IntegralHeatmapHead`). It costs a pass over
    the heatmaps each ``interval`` iterations and changes nothing.

    Args:
        interval (int): Iterations between two measurements.
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self._heatmaps: Tensor | None = None

    def before_train(self, runner: Runner) -> None:
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        # MMPose's heads are not called but asked for their loss.
        model.head.loss_module.register_forward_pre_hook(self._keep)

    def _keep(self, loss: nn.Module, args: tuple) -> None:
        self._heatmaps = args[0].detach()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Measures the batch that the iteration was made with."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        size = data_batch['data_samples'][0].metainfo['input_size']
        for name, width in zip(('major', 'minor'), widths(self._heatmaps, size)):
            runner.message_hub.update_scalar(f'train/sigma_{name}', width.mean())


def widths(heatmaps: Tensor, size: Sequence[int]) -> Tensor:
    """Standard deviations of heatmaps along their two axes.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1.
        size (Sequence[int]): Width and height of the crop, pixels.

    Returns:
        Tensor: (2, N, K), the greater first, pixels of the crop.
    """
    # Here, since importing the package imports no network.
    from ..models.losses import moments

    found = moments(heatmaps.float())
    x, y = (side / 2 for side in size)
    xx, xy, yy = found.xx * x * x, found.xy * x * y, found.yy * y * y
    middle, r = (xx + yy) / 2, ((xx - yy).square() / 4 + xy.square()).sqrt()
    return torch.stack((middle + r, middle - r)).clamp(min=0).sqrt()
