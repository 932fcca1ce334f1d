# SPDX-License-Identifier: Apache-2.0
"""What the experiments of docs/en/star.md need and no row has; the configs of
``tools/dev/star_grid.py`` import it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.models.losses import JSDiscretLoss
from mmpose.registry import HOOKS, MODELS
from torch import Tensor, nn

from mmpose_face.models import GaussianDivergenceLoss, IntegralHeatmapHead
from mmpose_face.models.losses.gaussian_divergence_loss import gaussians
from mmpose_face.models.losses.heatmap_moments import moments


@MODELS.register_module()
class ScaledIntegralHeatmapHead(IntegralHeatmapHead):
    """:class:`IntegralHeatmapHead` whose logits are multiplied by ``beta``
    before the softmax."""

    def __init__(self, *args, beta: float = 1.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.final_layer.register_forward_hook(lambda layer, given, logits: logits * beta)


@MODELS.register_module()
class JensenShannonLoss(GaussianDivergenceLoss):
    """:class:`GaussianDivergenceLoss` with DSNT's divergence."""

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        truth = gaussians(targets, *heatmaps.shape[-2:], self.sigma)
        total = JSDiscretLoss(size_average=False)(heatmaps, truth, weights)
        return total / weights.numel() * self.loss_weight


def loss_of(runner: Runner) -> nn.Module:
    """The loss of the network's heatmaps."""
    model = runner.model
    return (model.module if is_model_wrapper(model) else model).head.loss_module


@HOOKS.register_module()
class EigenWeightWarmupHook(Hook):
    """Raises ``w`` of STAR loss linearly from 0 to what the loss has.

    A large weight from the beginning makes heatmaps narrow before they have
    found their landmark, and a narrow heatmap in the wrong place stays there.

    Args:
        iterations (int): Length of the warm-up.
    """

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations

    def before_train(self, runner: Runner) -> None:
        self._end = loss_of(runner).w

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | tuple | list | None = None
    ) -> None:
        """A function of the iteration alone, so that a resumed training goes
        on with the weight that it had."""
        loss_of(runner).w = self._end * min(1.0, runner.iter / self.iterations)


@HOOKS.register_module()
class HeatmapWidthHook(Hook):
    """Logs ``sigma_major`` and ``sigma_minor``: the standard deviations of
    the heatmaps along their longer and their shorter axis, in pixels of the
    crop, mean over the landmarks of a batch.

    Args:
        interval (int): Iterations between two measurements.
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        # MMPose's heads are not called but asked for their loss.
        loss_of(runner).register_forward_pre_hook(self._keep)

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
    found = moments(heatmaps.float())
    x, y = (side / 2 for side in size)
    xx, xy, yy = found.xx * x * x, found.xy * x * y, found.yy * y * y
    middle, r = (xx + yy) / 2, ((xx - yy).square() / 4 + xy.square()).sqrt()
    return torch.stack((middle + r, middle - r)).clamp(min=0).sqrt()
