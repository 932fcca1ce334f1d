# SPDX-License-Identifier: Apache-2.0
"""The weight of the eigenvalues rises, and is that of the loss at the end."""

from types import SimpleNamespace

import pytest
import torch

from mmpose_face.engine import EigenWeightWarmupHook
from mmpose_face.models import STARLoss


def runner(loss: STARLoss, iteration: int) -> SimpleNamespace:
    model = torch.nn.Module()
    model.head = torch.nn.Module()
    model.head.loss_module = loss
    return SimpleNamespace(model=model, iter=iteration)


def weight_at(iteration: int, loss: STARLoss = None, hook=None) -> float:
    loss = loss or STARLoss(eigen_weight=10.0)
    hook = hook or EigenWeightWarmupHook(iterations=100, start=2.0)
    hook.before_train_iter(runner(loss, iteration), 0)
    return loss.options['eigen_weight']


@pytest.mark.parametrize('iteration, weight', [(0, 2), (25, 4), (50, 6), (100, 10), (1000, 10)])
def test_linear(iteration, weight):
    assert weight_at(iteration) == pytest.approx(weight)


def test_a_resumed_training_goes_on_with_the_weight_it_had():
    """A new hook and a new loss, after 50 iterations: as if never stopped."""
    loss, hook = STARLoss(eigen_weight=10.0), EigenWeightWarmupHook(100, 2.0)
    for iteration in range(50):
        weight_at(iteration, loss, hook)
    assert weight_at(50, loss, hook) == pytest.approx(weight_at(50))


def test_the_loss_uses_it():
    """A uniform heatmap of 2 x 2 cells whose mean is the target: each
    eigenvalue is 1 / (1 - 1/4)."""
    loss, hook = STARLoss(eigen_weight=3.0), EigenWeightWarmupHook(10)
    heatmaps, targets = torch.full((1, 1, 2, 2), 0.25), torch.zeros(1, 1, 2)
    for iteration, weight in ((0, 0), (5, 1.5), (10, 3)):
        hook.before_train_iter(runner(loss, iteration), 0)
        expected = weight * 2 / (1 - 1 / 4)
        assert float(loss(heatmaps, targets)) == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_no_iterations():
    with pytest.raises(ValueError, match='expected 1 iteration or more'):
        EigenWeightWarmupHook(iterations=0)
