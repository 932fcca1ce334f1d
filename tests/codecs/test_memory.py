# SPDX-License-Identifier: Apache-2.0
"""Memory that is used again, but never while someone sees it."""

import gc

import numpy as np
import pytest
import torch

from mmpose_face.codecs import memory


@pytest.fixture
def recycler():
    return memory.Recycler()


def test_used_again(recycler):
    first = recycler.empty((4, 5))
    place = first.data_ptr()
    del first
    again = recycler.empty((4, 5))
    assert again.data_ptr() == place
    assert again.shape == (4, 5) and again.dtype == torch.float32


@pytest.mark.parametrize(
    'keep',
    [
        lambda result: result,
        lambda result: result[1:, 2],
        lambda result: result.detach().view(-1),
        lambda result: result.numpy()[2:],
        lambda result: result.unbind(0)[3],
        lambda result: memoryview(result.numpy()),
    ],
)
def test_not_while_someone_sees_it(recycler, keep):
    kept = keep(recycler.empty((4, 5)).fill_(7))
    gc.collect()
    recycler.empty((4, 5)).fill_(0)
    recycler.empty((2, 5)).fill_(0)
    assert np.all(np.asarray(kept) == 7)


def test_smaller_results_fit(recycler):
    place = recycler.empty((4, 5)).data_ptr()
    assert recycler.empty((2, 5)).data_ptr() == place
    assert recycler.empty((4, 5)).data_ptr() == place
    larger = recycler.empty((5, 5))
    assert larger.fill_(1).sum() == 25


def test_only_large_results_on_the_host(monkeypatch):
    monkeypatch.setattr(memory, 'LARGE', 4 * 100)
    place = memory.empty((10, 11), torch.device('cpu')).data_ptr()
    assert memory.empty((10, 11), torch.device('cpu')).data_ptr() == place
    small = memory.empty((10, 10), torch.device('cpu'))
    assert small.data_ptr() != place and small.shape == (10, 10)
    elsewhere = memory.empty((10, 11), torch.device('meta'))
    assert elsewhere.device.type == 'meta'
