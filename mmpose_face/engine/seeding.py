# SPDX-License-Identifier: Apache-2.0
"""Random numbers as a function of seed, epoch and sample.

MMEngine seeds once, at the start, and saves no random state, so that a
resumed training augments and drops out differently; in the workers of a
loader that state could not be saved at all. Here a sample is drawn from
``(seed, epoch, rank, position in the epoch)`` and an iteration from
``(seed, iteration, rank)``: nothing needs saving, and the number of workers
does not matter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Sampler


def seed_from(*key: int) -> None:
    """Seed Python's, NumPy's and torch's global generators.

    Args:
        key (int): Numbers of at least 0. Any change of one of them gives
            independent random numbers.
    """
    # NumPy fills short keys up with zeros: (1, 2) would be (1, 2, 0).
    words = np.random.SeedSequence((len(key), *key)).generate_state(7)
    random.seed(words[:3].tobytes())
    np.random.seed(words[3:6])
    torch.manual_seed(int(words[6]))


def seeded(dataloader: dict, seed: int, rank: int) -> dict:
    """The config of a training loader whose samples are seeded one by one.

    Args:
        dataloader (dict): The config of a loader.
        seed (int): The seed of the run.
        rank (int): The number of the process.

    Returns:
        dict: The same loader, data set and sampler wrapped.
    """
    sampler = dict(type=SeededSampler, sampler=dataloader['sampler'], run=(seed, rank))
    dataset = dict(type=SeededDataset, dataset=dataloader['dataset'])
    return dict(dataloader, dataset=dataset, sampler=sampler)


class SeedHook(Hook):
    """Seeds each training iteration in the main process.

    An epoch would be too long: whether its loader draws from torch's
    generator depends on whether workers are there already.
    """

    def before_train_iter(self, runner, *args, **kwargs) -> None:
        seed_from(runner.seed, runner.rank, runner.iter)


class _Draw(int):
    """The index of a sample that knows what to seed it from."""

    key: tuple[int, ...]


class _Wrapped:
    """Hands everything that is not its own on to what it wraps."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __len__(self) -> int:
        return len(self._wrapped)

    def __getattr__(self, name: str) -> Any:
        # pickle and torch ask for special methods; those are not handed on.
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(self._wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Hooks exchange the pipeline of a data set, for example.
        own = name.startswith('_') or '_wrapped' not in self.__dict__
        setattr_ = super().__setattr__ if own else self._wrapped.__setattr__
        setattr_(name, value)


class SeededDataset(_Wrapped):
    """A data set that seeds the process before it makes a sample.

    Args:
        dataset (dict | Dataset): The data set or its config.
    """

    def __init__(self, dataset: dict) -> None:
        super().__init__(DATASETS.build(dataset) if isinstance(dataset, dict) else dataset)

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, _Draw):
            seed_from(*index.key)
        return self._wrapped[int(index)]


class SeededSampler(_Wrapped, Sampler):
    """A sampler whose indices carry what to seed their samples from.

    Args:
        sampler (dict): The config of the sampler.
        run (tuple): Seed of the run and number of the process.
        dataset (Sized): The data set.
        seed (int, optional): The seed of the sampler itself.
    """

    def __init__(self, sampler: dict, run: tuple[int, int], dataset: Any, seed: int | None) -> None:
        super().__init__(
            DATA_SAMPLERS.build(
                sampler,
                # Some samplers look at the class of the data set.
                default_args=dict(dataset=getattr(dataset, '_wrapped', dataset), seed=seed),
            )
        )
        self._run = run
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        if hasattr(self._wrapped, 'set_epoch'):
            self._wrapped.set_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        for position, index in enumerate(self._wrapped):
            draw = _Draw(index)
            draw.key = (*self._run, self._epoch, position)
            yield draw
