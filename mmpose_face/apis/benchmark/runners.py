# SPDX-License-Identifier: Apache-2.0
"""Runners of a row that stand before their first iteration."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any
from unittest import mock

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data._utils.pin_memory import pin_memory

from ...engine import FaceRunner
from ...engine.seeding import seed_from
from .environment import set_threads
from .loop import WaitingLoop
from .memory_faces import MemoryFaces
from .options import Options
from .results import OURS
from .sides import configs
from .variants import changes_of

# Of batches; a way takes them in turn.
BATCHES = 3
# Batches of an epoch, at whose end more is done than at that of most
# iterations.
_EPOCH = 100

_numbers = count()


@lru_cache(maxsize=1)
def runners(row: str, options: Options) -> dict[str, Runner]:
    """Build a row from our config and from MMPose's, with the same weights.

    The data set is replaced by :class:`.MemoryFaces`; model, pipelines,
    collation, optimiser, hooks and metric are the configs'. Asked for the
    same again, the runners are those of the last time, with the weights that
    they have by now.

    Args:
        row (str): Name of the row.
        options (Options): What is asked for.

    Returns:
        dict[str, Runner]: By side, and by name of a variant of ours.
    """
    made = {side: _ready(side, cfg, options) for side, cfg in configs(row).items()}
    for name in options.variants:
        cfg = configs(row)[OURS]
        cfg.merge_from_dict(changes_of(name))
        made[name] = _ready(OURS, cfg, options)
    set_threads(options.threads)
    share_weights(made)
    return made


def _ready(side: str, cfg: Config, options: Options) -> Runner:
    for part in ('train', 'test'):
        batch = options.network_batch(training=part == 'train')
        loader = cfg[f'{part}_dataloader']
        # In this process: loading is not what is timed.
        loader.update(batch_size=batch, num_workers=0, persistent_workers=False)
        loader.dataset = _in_memory(cfg, part, _EPOCH * batch)
    cfg.train_cfg = dict(type=WaitingLoop.__name__, max_epochs=cfg.train_cfg.max_epochs)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    _own_names(cfg, options, side)
    # It asks compilers for their versions, which takes seconds.
    with mock.patch('mmengine.runner.runner.collect_env', dict):
        runner = (FaceRunner if side == OURS else Runner).from_cfg(cfg)
        runner.train()
    return runner


def _in_memory(cfg: Config, part: str, faces: int) -> dict:
    dataset = cfg[f'{part}_dataloader'].dataset
    cls = dataset.type
    cls = DATASETS.get(cls) if isinstance(cls, str) else cls
    return dict(
        type=MemoryFaces.__name__,
        num_faces=faces,
        metainfo=cls.METAINFO,
        subsets=cfg.test_evaluator.get('subsets', ('test',)),
        test_mode=part == 'test',
        pipeline=dataset.pipeline,
    )


def _own_names(cfg: Config, options: Options, side: str) -> None:
    """MMEngine keeps loggers and visualizers by name."""
    name = f'{side}_{next(_numbers)}'
    cfg.work_dir = str(options.folder / 'runs')
    cfg.experiment_name = name
    cfg.visualizer.name = name
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)


def share_weights(made: dict[str, Runner]) -> None:
    """Give all runners the weights of the first."""
    first = next(iter(made.values())).model.state_dict()
    for runner in made.values():
        runner.model.load_state_dict(first)


def loader_of(runner: Runner, part: str) -> DataLoader:
    """A runner's loader.

    Args:
        runner (Runner): A runner.
        part (str): ``'train'`` or ``'test'``.

    Returns:
        DataLoader: The loader, built.
    """
    loop = runner.train_loop if part == 'train' else runner.test_loop
    return loop.dataloader


def faces_of(
    runner: Runner, part: str, number: int = BATCHES, size: int | None = None
) -> list[list[dict]]:
    """Packed samples in batches, in the order of the data set; each is drawn
    from its own seed, the same for all runners.

    Args:
        runner (Runner): A runner.
        part (str): ``'train'`` or ``'test'``.
        number (int): Of batches.
        size (int, optional): Of a batch. Defaults to the loader's.

    Returns:
        list[list[dict]]: Lists of samples.
    """
    loader = loader_of(runner, part)
    size = size or loader.batch_size
    return [[_face(loader.dataset, i * size + j) for j in range(size)] for i in range(number)]


def _face(dataset: Any, index: int) -> dict:
    seed_from(index)
    return dataset[index]


def collated(loader: DataLoader, faces: list[dict]) -> Any:
    """A batch on the host, as the loader hands it out."""
    batch = loader.collate_fn(faces)
    pinned = loader.pin_memory and torch.cuda.is_available()
    return pin_memory(batch) if pinned else batch


def batches(runner: Runner, part: str, number: int = BATCHES) -> list[Any]:
    """Batches of a runner, collated on the host.

    Args:
        runner (Runner): A runner.
        part (str): ``'train'`` or ``'test'``.
        number (int): Of batches.

    Returns:
        list: The batches.
    """
    loader = loader_of(runner, part)
    return [collated(loader, faces) for faces in faces_of(runner, part, number)]


def network_inputs(runner: Runner, batch: Any) -> Tensor:
    """The images of a batch as the network takes them, on its device."""
    model = runner.model
    with torch.no_grad():
        return model.data_preprocessor(batch, training=False)['inputs']
