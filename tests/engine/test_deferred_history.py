# SPDX-License-Identifier: Apache-2.0
import copy
import io

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmpose_face.engine import deferred_history
from mmpose_face.engine.deferred_history import DeferredHistory


def histories(values, before=None, max_length=1000000):
    """Ours and MMEngine's with the same values, added one by one as its
    MessageHub does."""
    plain = before and HistoryBuffer(*before)
    ours = DeferredHistory(plain)
    ours.max_length = max_length
    for value in values:
        ours.update(value)
        number = value.item() if torch.is_tensor(value) else value
        if plain:
            plain.update(number)
        else:
            plain = HistoryBuffer([number], [1], max_length)
    return ours, plain


def check_same(found, expected):
    for a, b in zip(found.data, expected.data):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


LOSSES = list(torch.rand(7))


@pytest.mark.parametrize(
    'values',
    [
        LOSSES,
        [*LOSSES, 0.5, *LOSSES],
        [LOSSES[0], torch.tensor(0.1, dtype=torch.float64), torch.tensor([3.0])],
    ],
)
@pytest.mark.parametrize('before', [None, ([1.0, 2.0], [1, 1])])
def test_numbers_are_mmengines(values, before):
    ours, plain = histories(values, before)
    check_same(ours, plain)
    for name in ('mean', 'min', 'max', 'current'):
        assert ours.statistics(name) == plain.statistics(name)
    assert ours.mean(3) == plain.mean(3)


def test_values_are_as_they_were_when_they_came():
    """With their graph they would keep what made them."""
    value = torch.tensor(1.0, requires_grad=True) * 2
    ours = DeferredHistory()
    ours.update(value)
    kept, _ = ours._waiting[0]
    assert not kept.requires_grad
    assert ours.current() == 2


def test_oldest_go():
    check_same(*histories(LOSSES, max_length=3))


def test_a_history_that_nobody_reads_does_not_grow(monkeypatch):
    monkeypatch.setattr(deferred_history, '_MOST_WAITING', 3)
    ours, plain = histories(LOSSES)
    assert len(ours._waiting) == 1
    check_same(ours, plain)


@pytest.mark.parametrize(
    'copied',
    [
        copy.deepcopy,
        lambda history: torch_copy(history),
    ],
)
def test_copies_are_mmengines(copied):
    """A checkpoint needs no class of ours to be read."""
    ours, plain = histories(LOSSES)
    made = copied(ours)
    assert type(made) is HistoryBuffer
    check_same(made, plain)
    made.update(1.0)
    assert len(ours.data[0]) == len(LOSSES)


def torch_copy(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)
