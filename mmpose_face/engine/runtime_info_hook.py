# SPDX-License-Identifier: Apache-2.0
"""MMEngine's hook for logged values, without a wait for the device."""

from __future__ import annotations

from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.logging import MessageHub
from mmengine.runner import LogProcessor, Runner
from mmpose.registry import HOOKS
from torch import Tensor

from .deferred_history import DeferredHistory

_ACCURACY = 'acc_pose'


@HOOKS.register_module()
class FaceRuntimeInfoHook(RuntimeInfoHook):
    """MMEngine's ``RuntimeInfoHook`` for trainings on a device.

    In each iteration MMEngine fetches the losses from the device and waits
    for them. Here they are fetched when they are read: by the log, once in 50
    iterations, or by a checkpoint. Heads of this package compute the accuracy
    only in iterations that are logged, since the log shows its last value; in
    all iterations if the log processor averages it.
    """

    def before_train(self, runner: Runner) -> None:
        # Here: importing the package must not import networks.
        from ..models.heads.base import DeviceAccuracyHead

        super().before_train(runner)
        modules = runner.model.modules()
        self._heads = [module for module in modules if isinstance(module, DeviceAccuracyHead)]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | tuple | list | None = None
    ) -> None:
        super().before_train_iter(runner, batch_idx, data_batch)
        due = accuracy_is_read(runner, batch_idx)
        for head in self._heads:
            head.accuracy_is_due = due

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: dict | None = None,
    ) -> None:
        for key, value in (outputs or {}).items():
            record(runner.message_hub, f'train/{key}', value)


def record(hub: MessageHub, key: str, value: Tensor | float) -> None:
    """Keep a value without fetching it.

    Args:
        hub (MessageHub): The hub to keep it in.
        key (str): Its name, with the prefix ``train/``, ``val/`` or
            ``test/``.
        value (Tensor | float): A number, or a tensor of one number.
    """
    if not isinstance(value, Tensor):
        return hub.update_scalar(key, value)
    history = hub.log_scalars.get(key)
    if not isinstance(history, DeferredHistory):
        history = hub.log_scalars[key] = DeferredHistory(history)
        # As in update_scalar, so that checkpoints contain the history.
        hub._set_resumed_keys(key, True)
    history.update(value)


def accuracy_is_read(runner: Runner, batch_idx: int) -> bool:
    """Whether the accuracy of a training iteration is logged or averaged."""
    return is_smoothed(runner.log_processor) or any(
        is_logged(hook, runner, batch_idx) for hook in runner.hooks if isinstance(hook, LoggerHook)
    )


def is_logged(hook: LoggerHook, runner: Runner, batch_idx: int) -> bool:
    """Whether a hook logs a training iteration, by the condition of MMEngine's
    hook; a hook with its own condition may log any."""
    if type(hook).after_train_iter is not LoggerHook.after_train_iter:
        return True
    if hook.every_n_inner_iters(batch_idx, hook.interval):
        return True
    loader = runner.train_dataloader
    return hook.end_of_epoch(loader, batch_idx) and not (
        hook.ignore_last and len(loader) > hook.interval
    )


def is_smoothed(processor: LogProcessor) -> bool:
    """Whether the log shows more than the last value of the accuracy."""
    return bool(processor.mean_pattern.search(_ACCURACY)) or any(
        _ACCURACY in cfg['data_src'] for cfg in processor.custom_cfg
    )
