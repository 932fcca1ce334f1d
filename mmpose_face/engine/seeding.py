# SPDX-License-Identifier: Apache-2.0
"""Random numbers as a function of seed, epoch and sample.

MMEngine seeds once, at the start, and saves no random state, so a resumed
training has other augmentations and dropout; the state of a loader's workers
could not be saved at all. Here each sample is seeded from ``(seed, rank,
epoch, position in the epoch)`` and each iteration from ``(seed, rank,
iteration)``: nothing needs saving, and the number of workers does not matter.
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
        key (int): Numbers of at least 0. Each key gives random numbers that
            are independent of those of any other.
    """
    # NumPy pads short keys with zeros, so (1, 2) would equal (1, 2, 0).
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
        dict: The config with its data set and sampler wrapped.
    """
    sampler = dict(type=SeededSampler, sampler=dataloader['sampler'], run=(seed, rank))
    dataset = dict(type=SeededDataset, dataset=dataloader['dataset'])
    return dict(dataloader, dataset=dataset, sampler=sampler)


class SeedHook(Hook):
    """Seeds each training iteration in the main process.

    Seeding each epoch would not do: whether a loader draws from torch's
    generator depends on whether its workers are running already.
    """

    def before_train_iter(self, runner, *args, **kwargs) -> None:
        seed_from(runner.seed, runner.rank, runner.iter)


class _Draw(int):
    """The index of a sample, with the key to seed it from."""

    key: tuple[int, ...]


class _Wrapped:
    """Forwards all attributes that are not its own to the wrapped object."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __len__(self) -> int:
        return len(self._wrapped)

    def __getattr__(self, name: str) -> Any:
        # pickle and torch ask for special methods, which are not forwarded.
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(self._wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # For example, hooks replace the pipeline of a data set.
        own = name.startswith('_') or '_wrapped' not in self.__dict__
        setattr_ = super().__setattr__ if own else self._wrapped.__setattr__
        setattr_(name, value)


class SeededDataset(_Wrapped):
    """A data set that seeds the process before it loads a sample.

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
    """A sampler whose indices carry the key to seed their samples from.

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
                # Some samplers check the class of the data set.
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
