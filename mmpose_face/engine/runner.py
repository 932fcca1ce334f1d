# SPDX-License-Identifier: Apache-2.0
"""MMEngine's runner with checkpoints that are checked and written whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import torch
import torch.nn as nn
from mmengine import fileio
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import RUNNERS
from torch.utils.data import DataLoader

from ..compat import cpu_model_wrapper
from ..compat.config_references import brought_up_to_date
from ..files import written_whole
from .config_checks import check_config, check_heatmaps
from .fast_path import with_fast_path
from .orphans import WorkerInit
from .resume import resumed
from .seeding import SeedHook, seeded
from .weights import misfit_explained, missing_start_explained


@RUNNERS.register_module()
class FaceRunner(Runner):
    """A runner whose checkpoints must fit the model when it tests or resumes.

    MMEngine loads with ``strict=False``: a checkpoint of another architecture
    is tested with random weights and a long warning. Here testing and
    resuming are strict. Fine-tuning (``load_from`` in training) is not, so
    that a head of another size can be trained.

    A checkpoint is written under another name and then renamed, so that a
    failed write leaves no incomplete checkpoint. A resumed run goes on as if
    it had never stopped: see :mod:`~mmpose_face.engine.seeding`,
    :mod:`~mmpose_face.engine.resume` and
    :class:`~mmpose_face.engine.SafeCheckpointHook`. With ``fast=False`` in the
    config MMPose's classes replace ours: see
    :mod:`~mmpose_face.engine.fast_path`.
    """

    _strict = False
    _train_dataloader: DataLoader | dict

    @classmethod
    def from_cfg(cls, cfg: Config) -> FaceRunner:
        """As in MMEngine, after a check that the parts of the config agree.

        Raises:
            ValueError: If two parts disagree; the message names both.
        """
        if cfg.get('resume'):
            cfg = resumed(cfg)
        cfg = brought_up_to_date(cfg)
        check_config(cfg)
        return super().from_cfg(with_fast_path(cfg))

    def build_model(self, model: nn.Module | dict) -> nn.Module:
        """As in MMEngine.

        Raises:
            ValueError: If its heatmaps do not have the size of its codec.
        """
        built = super().build_model(model)
        check_heatmaps(built, self.cfg)
        return built

    def register_hooks(self, *args, **kwargs) -> None:
        super().register_hooks(*args, **kwargs)
        self.register_hook(SeedHook(), 'VERY_HIGH')

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args, **kwargs) -> DataLoader:
        if isinstance(dataloader, dict):
            dataloader = dict(dataloader)
            if not torch.cuda.is_available():  # torch warns that it has no use
                dataloader['pin_memory'] = False
            if isinstance(dataloader.get('collate_fn'), str):
                dataloader['collate_fn'] = dict(type=dataloader['collate_fn'])
        loader = Runner.build_dataloader(dataloader, *args, **kwargs)
        loader.worker_init_fn = WorkerInit(loader.worker_init_fn)
        return loader

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        if isinstance(loop, dict) and isinstance(self._train_dataloader, dict):
            self._train_dataloader = seeded(self._train_dataloader, self.seed, self.rank)
        return super().build_train_loop(loop)

    def _init_model_weights(self) -> None:
        with missing_start_explained(self.model):
            super()._init_model_weights()

    def test(self) -> dict[str, float]:
        with self._loading_strictly():
            return super().test()

    def resume(self, *args, **kwargs) -> None:
        with self._loading_strictly():
            super().resume(*args, **kwargs)

    @contextmanager
    def _loading_strictly(self) -> Iterator[None]:
        before, self._strict = self._strict, True
        try:
            yield
        finally:
            self._strict = before

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable = 'cpu',
        strict: bool = False,
        revise_keys: list = [(r'^module.', '')],
    ) -> Any:
        """As in MMEngine, but strict in testing and resuming.

        Raises:
            ValueError: If the checkpoint does not fit the model.
        """
        with misfit_explained(filename):
            return super().load_checkpoint(
                filename, map_location, strict or self._strict, revise_keys
            )

    @master_only
    def save_checkpoint(
        self, out_dir: str, filename: str, file_client_args: dict | None = None, *args, **kwargs
    ) -> None:
        """As in MMEngine; a local file appears only when it is complete."""
        backend = fileio.get_file_backend(out_dir, backend_args=kwargs.get('backend_args'))
        if file_client_args or not isinstance(backend, fileio.LocalBackend):
            return super().save_checkpoint(out_dir, filename, file_client_args, *args, **kwargs)
        with written_whole(os.path.join(out_dir, filename)) as partial:
            super().save_checkpoint(
                out_dir, os.path.basename(partial), file_client_args, *args, **kwargs
            )

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """As in MMEngine, also for processes without a GPU."""
        if self.distributed and model_wrapper_cfg is None:
            model_wrapper_cfg = cpu_model_wrapper(self.cfg)
        return super().wrap_model(model_wrapper_cfg, model)
