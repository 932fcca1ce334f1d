# SPDX-License-Identifier: Apache-2.0
"""Memory that is used again, but never while someone sees it."""

import gc

import numpy as np
import pytest
import torch

from mmpose_face.codecs import memory


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(memory, '_kept', [])
    monkeypatch.setattr(memory, 'LARGE', 0)


def empty(shape, device='cpu'):
    return memory.empty(shape, torch.device(device))


def test_used_again():
    first = empty((4, 5))
    place = first.data_ptr()
    del first
    again = empty((4, 5))
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
def test_not_while_someone_sees_it(keep):
    kept = keep(empty((4, 5)).fill_(7))
    gc.collect()
    empty((4, 5)).fill_(0)
    empty((2, 5)).fill_(0)
    assert np.all(np.asarray(kept) == 7)


def test_smaller_results_fit():
    place = empty((4, 5)).data_ptr()
    assert empty((2, 5)).data_ptr() == place
    assert empty((4, 5)).data_ptr() == place
    larger = empty((5, 5))
    assert larger.fill_(1).sum() == 25


def test_only_large_results_on_the_host(monkeypatch):
    monkeypatch.setattr(memory, 'LARGE', 4 * 100)
    place = empty((10, 11)).data_ptr()
    assert empty((10, 11)).data_ptr() == place
    small = empty((10, 10))
    assert small.data_ptr() != place and small.shape == (10, 10)
    elsewhere = empty((10, 11), 'meta')
    assert elsewhere.device.type == 'meta'
