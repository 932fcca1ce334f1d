# SPDX-License-Identifier: Apache-2.0
"""STAR loss that lets heatmaps be wide until they are in the right place."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class EigenWeightWarmupHook(Hook):
    """Raises the weight of the eigenvalues in STAR loss linearly from
    ``start`` to what the loss has.

    A large weight from the beginning makes heatmaps narrow before they have
    found their landmark, and a narrow heatmap in the wrong place stays there.

    Args:
        iterations (int): Length of the warm-up.
        start (float): The weight at its beginning.

    Raises:
        ValueError: If there is no iteration.
    """

    def __init__(self, iterations: int, start: float = 0.0) -> None:
        if iterations < 1:
            raise ValueError(f'expected 1 iteration or more, got {iterations}')
        self.iterations = iterations
        self.start = start
        self._end: float | None = None

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | tuple | list | None = None
    ) -> None:
        """A function of the iteration alone, so that a resumed training goes
        on with the weight that it had."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        options = model.head.loss_module.options
        if self._end is None:
            self._end = options['eigen_weight']
        share = min(1.0, runner.iter / self.iterations)
        options['eigen_weight'] = self.start + share * (self._end - self.start)
