# SPDX-License-Identifier: Apache-2.0
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, DefaultSampler, RepeatDataset
from mmengine.runner import Runner

from mmpose_face.engine.seeding import seed_from, seeded


class Draws:
    """A data set whose samples are their index and random numbers."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        assert type(index) is int
        return [index, *draw()]


def draw():
    return [random.random(), np.random.rand(), torch.rand(()).item()]


def build(dataset=Draws, shuffle=True, seed=3, **options):
    return Runner.build_dataloader(
        seeded(
            dict(
                dataset=dict(type=dataset),
                sampler=dict(type=DefaultSampler, shuffle=shuffle),
                batch_size=2,
                **options,
            ),
            seed,
            rank=0,
        ),
        seed,
    )


def samples(loader, epoch):
    loader.sampler.set_epoch(epoch)
    return [
        tuple(map(float, row))
        for batch in loader
        for row in zip(*batch)  # collated
    ]


def test_same_key_same_numbers():
    seed_from(1, 2)
    first = draw()
    draw()
    seed_from(1, 2)
    assert draw() == first
    assert len(set(first)) == 3


def test_neighbours_are_independent():
    """Unlike with seed + epoch, where (0, 1) is (1, 0)."""
    numbers = []
    for key in [*np.ndindex(20, 20), *np.ndindex(20, 1, 1)]:
        seed_from(*key)
        numbers.append(draw())
    assert len(np.unique(numbers)) == (20 * 20 + 20) * 3
    correlation = np.corrcoef(np.transpose(numbers)) - np.eye(3)
    assert abs(correlation).max() < 0.2


@pytest.mark.parametrize(
    'options',
    [
        dict(num_workers=1),
        dict(num_workers=2, persistent_workers=True),
        dict(num_workers=1, multiprocessing_context='spawn'),
    ],
)
def test_samples_depend_on_the_epoch_alone(options):
    """Not on the workers, nor on the epochs these have seen."""
    expected = {epoch: samples(build(), epoch) for epoch in (0, 1)}
    assert len(set(sum(expected.values(), []))) == 10
    loader = build(**options)
    for epoch in (0, 1) if options['num_workers'] > 1 else (1,):
        assert samples(loader, epoch) == expected[epoch]


def test_the_fault_of_persistent_workers():
    """In MMEngine's loader a worker's numbers depend on the epochs before."""

    def loader():
        return Runner.build_dataloader(
            dict(
                dataset=dict(type=Draws),
                sampler=dict(type=DefaultSampler),
                batch_size=2,
                num_workers=1,
                persistent_workers=True,
            ),
            3,
        )

    whole, resumed = loader(), loader()
    samples(whole, 0)
    assert samples(whole, 1) != samples(resumed, 1)


def test_seeds_of_runs():
    assert samples(build(seed=3), 0) != samples(build(seed=4), 0)


class Five(BaseDataset):
    METAINFO = dict(name='five')

    def load_data_list(self):
        return [{} for _ in range(5)]


def repeated():
    pipeline = [lambda info: [info['sample_idx'], *draw()]]
    return RepeatDataset(Five(pipeline=pipeline), times=2)


def test_wrapped_data_sets():
    loader = build(dataset=repeated, shuffle=False)
    assert loader.dataset.metainfo == dict(name='five')
    assert len(loader.dataset) == 10
    rows = samples(loader, 0)
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4] * 2
    assert len({row[1] for row in rows}) == 10


def test_hooks_can_exchange_the_pipeline():
    """As MMEngine's PipelineSwitchHook does."""
    loader = build()
    loader.dataset.pipeline = 'another'
    assert loader.dataset._wrapped.pipeline == 'another'


def test_a_data_set_that_is_built_already_and_seen_by_its_sampler():
    dataset = Draws()
    loader = Runner.build_dataloader(
        seeded(
            dict(dataset=dataset, sampler=dict(type=DefaultSampler, shuffle=False), batch_size=2),
            seed=0,
            rank=0,
        ),
        0,
    )
    assert type(loader.dataset._wrapped) is Draws  # MMEngine copies it
    # MMPose's MultiSourceSampler asks for the class of the data set.
    assert type(loader.sampler._wrapped.dataset) is Draws
    assert [row[0] for row in samples(loader, 0)] == [0, 1, 2, 3, 4]
