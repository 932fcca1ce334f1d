# SPDX-License-Identifier: Apache-2.0
"""MMEngine's checkpoint hook, safe against a kill at any moment."""

import os.path as osp
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """Removes a checkpoint only after its successor is written.

    MMEngine removes outdated checkpoints before it writes new ones, and never
    validates the epoch at which a run is resumed. Here

    - each checkpoint names the checkpoints that it replaces; these are
      removed after it is written, if necessary by the resumed run;
    - each checkpoint records the last validation, and a resumed run does the
      validation that is missing.

    The arguments are those of MMEngine's hook.
    """

    file_backend: Any

    def before_train(self, runner) -> None:
        if self.out_dir is None:
            _move_paths(runner)
        super().before_train(runner)
        hub = runner.message_hub
        self.last_ckpt = hub.get_info('last_ckpt')
        outdated = hub.get_info('outdated_ckpts', [])
        hub.update_info('outdated_ckpts', outdated)
        self.file_backend = _DeferredRemoval(self.file_backend, self.out_dir, outdated)
        self.file_backend.remove_outdated()
        if is_main_process():
            for partial in Path(self.out_dir).glob('*.pth.partial'):
                partial.unlink()
        if runner.iter:
            self._validate_if_missed(runner)

    def after_val_epoch(self, runner, metrics: dict[str, float]) -> None:
        runner.message_hub.update_info('last_validation', (runner.iter, dict(metrics)))
        super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner, *args, **kwargs) -> None:
        super()._save_checkpoint_with_step(runner, *args, **kwargs)
        self.file_backend.remove_outdated()

    def _save_best_checkpoint(self, runner, metrics) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self.file_backend.remove_outdated()

    def _validate_if_missed(self, runner) -> None:
        done, metrics = runner.message_hub.get_info('last_validation', (0, {}))
        if done == runner.iter:
            runner.logger.info(f'Already validated: {metrics}')
        elif self._validation_is_due(runner):
            runner.val_loop.run()

    def _validation_is_due(self, runner) -> bool:
        """The condition under which MMEngine's loops validate."""
        loop = runner.train_loop
        if self.by_epoch != isinstance(loop, EpochBasedTrainLoop):
            return False
        loop._decide_current_val_interval()
        done, end = (loop.epoch, loop.max_epochs) if self.by_epoch else (loop.iter, loop.max_iters)
        return (
            runner.val_loop is not None
            and done >= loop.val_begin
            and (done % loop.val_interval == 0 or done == end)
        )


class _DeferredRemoval:
    """A file backend that removes checkpoints in :meth:`remove_outdated`, not
    in :meth:`remove`.

    Args:
        backend (BaseStorageBackend): MMEngine's file backend.
        out_dir (str): The folder of the checkpoints.
        outdated (list[str]): Names of the checkpoints to remove; saved in the
            next checkpoint.
    """

    def __init__(self, backend: Any, out_dir: str, outdated: list[str]) -> None:
        self._backend = backend
        self._out_dir = out_dir
        self._outdated = outdated

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._outdated.append(osp.basename(path))

    def remove_outdated(self) -> None:
        for name in self._outdated:
            path = self._backend.join_path(self._out_dir, name)
            if is_main_process() and self._backend.isfile(path):
                self._backend.remove(path)
        self._outdated.clear()


def _move_paths(runner) -> None:
    """Set the paths of a run's checkpoints to its work dir, which may have
    been moved."""
    hub = runner.message_hub
    for key, path in hub.runtime_info.items():
        if key == 'last_ckpt' or key.startswith('best_ckpt'):
            hub.update_info(key, osp.join(runner.work_dir, osp.basename(path)))
