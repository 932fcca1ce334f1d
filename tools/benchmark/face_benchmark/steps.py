# SPDX-License-Identifier: Apache-2.0
"""An iteration of the training and of the test, with the hooks of the config."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import lru_cache, partial
from io import StringIO
from typing import Any
from unittest import mock

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpose.registry import LOOPS
from torch import nn

from mmpose_face.engine import FaceRunner
from mmpose_face.zoo import find_row

from .pipeline import collated, samples
from .sides import Options, configs_with_faces
from .timing import MMPOSE, OURS, Pair

# Batches that the rounds take in turn.
_BATCHES = 3


@LOOPS.register_module()
class WaitingLoop(EpochBasedTrainLoop):
    """Does what comes before the first iteration of a training. After
    ``runner.train()``, ``runner.train_loop.run_iter`` does one, with all
    hooks."""

    def run(self) -> nn.Module:
        """Get ready; gives the model."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        return self.runner.model


def step(options: Options) -> Iterator[Pair]:
    """An iteration of the training loop, from collated samples on the host
    to changed weights."""
    made = _with_same_weights(options)
    size = options.batch or (64 if options.on_gpu else 4)
    loaded = _batches(made, 'train', size)
    ways = {side: partial(_step, runner, loaded[side]) for side, runner in made.items()}
    ours, theirs = (_loss(made[side], loaded[side][0]) for side in (OURS, MMPOSE))
    apart = abs(ours - theirs) / abs(theirs)
    yield Pair(_case(options, size), size, ways, apart, 'of the loss', 0.01)


def test(options: Options) -> Iterator[Pair]:
    """An iteration of the test loop, from collated samples on the host to
    points on the host and the metric, with the flip test of the config."""
    made = _with_same_weights(options)
    size = options.batch or (32 if options.on_gpu else 4)
    loaded = _batches(made, 'test', size)
    ways = {side: partial(_test, runner, loaded[side]) for side, runner in made.items()}
    ours, theirs = (_predictions(made[side], loaded[side][0]) for side in (OURS, MMPOSE))
    # The median: on the maps of a network that is not trained one rounding
    # can choose another peak.
    apart = float(np.median(np.abs(ours - theirs)))
    yield Pair(_case(options, size), size, ways, apart, 'px', 0.1)


def _case(options: Options, size: int) -> str:
    return f'{find_row(options.row).alias}, {size} faces'


def _with_same_weights(options: Options) -> dict[str, Runner]:
    made = _runners(options)
    made[OURS].model.load_state_dict(made[MMPOSE].model.state_dict())
    return made


@lru_cache(maxsize=1)
def _runners(options: Options) -> dict[str, Runner]:
    """Runners of the row that stand before their first iteration, built from
    our config and from MMPose's."""
    cfgs = configs_with_faces(options)
    return {side: _ready(side, cfg, options) for side, cfg in cfgs.items()}


def _ready(side: str, cfg: Config, options: Options) -> Runner:
    cfg.train_cfg = dict(type=WaitingLoop.__name__, max_epochs=cfg.train_cfg.max_epochs)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    # MMEngine keeps loggers and visualizers by name.
    cfg.experiment_name = cfg.visualizer.name = f'benchmark_{side}'
    cfg.work_dir = str(options.out / 'runs')
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)
    # collect_env asks compilers for their versions, which takes seconds; and
    # COCO's reader prints.
    with mock.patch('mmengine.runner.runner.collect_env', dict), redirect_stdout(StringIO()):
        runner = (FaceRunner if side == OURS else Runner).from_cfg(cfg)
        runner.train()
        runner._test_loop = runner.build_test_loop(runner._test_loop)
    return runner


def _batches(made: dict[str, Runner], part: str, size: int) -> dict[str, list]:
    """Batches of both sides, collated on the host."""
    loaders = {side: getattr(runner, f'{part}_loop').dataloader for side, runner in made.items()}
    return {
        side: [collated(loader, samples(loader.dataset, size, i)) for i in range(_BATCHES)]
        for side, loader in loaders.items()
    }


def _step(runner: Runner, loaded: list, i: int) -> None:
    runner.model.train()
    runner.train_loop.run_iter(i, loaded[i % _BATCHES])


def _test(runner: Runner, loaded: list, i: int) -> None:
    runner.model.eval()
    runner.test_loop.run_iter(i, loaded[i % _BATCHES])
    for metric in runner.test_loop.evaluator.metrics:
        metric.results.clear()  # it would grow with every round


@torch.no_grad()
def _loss(runner: Runner, batch: Any) -> float:
    model = runner.model.train()
    losses = model(**model.data_preprocessor(batch, True), mode='loss')
    return float(model.parse_losses(losses)[0])


@torch.no_grad()
def _predictions(runner: Runner, batch: Any) -> np.ndarray:
    """Points (B, K, 2), pixels of the images."""
    found = runner.model.eval().test_step(batch)
    return np.concatenate([face.pred_instances.keypoints for face in found])
