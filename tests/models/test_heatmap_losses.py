# SPDX-License-Identifier: Apache-2.0
"""Losses that stand beside STAR: coordinates alone, and narrow heatmaps."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy, norm

from mmpose_face.codecs import soft_argmax
from mmpose_face.models import GaussianDivergenceLoss, SoftArgmaxLoss
from mmpose_face.models.losses.gaussian_divergence_loss import gaussians, kl_divergence


def test_gaussian_by_hand():
    """Five cells, the point in the middle, sigma 1: exp(-d^2 / 2)."""
    found = gaussians(torch.zeros(1, 1, 2), 5, 5, sigma=1.0)[0, 0]
    row = torch.tensor([math.exp(-d * d / 2) for d in (-2, -1, 0, 1, 2)])
    torch.testing.assert_close(found, row[:, None] * row / row.sum() ** 2)


def batch(dtype=torch.float64) -> tuple:
    """Logits (2, 3, 6, 9), targets, one of them outside, and weights."""
    torch.manual_seed(0)
    targets = torch.rand(2, 3, 2) * 2 - 1
    targets[0, 1] = 1.2
    weights = torch.tensor([[1.0, 0, 1], [1, 0.5, 1]])
    return tuple(each.to(dtype) for each in (torch.randn(2, 3, 6, 9) * 2, targets, weights))


def softmax(logits: torch.Tensor) -> torch.Tensor:
    return logits.flatten(2).softmax(-1).view_as(logits)


def bell(x: float, y: float, sigma: float) -> np.ndarray:
    """A Gaussian on 6 x 9 cells by SciPy, its middle on the grid from -1 to
    1."""
    rows = norm.pdf(np.arange(6), (y + 1) / 2 * 5, sigma)
    columns = norm.pdf(np.arange(9), (x + 1) / 2 * 8, sigma)
    density = np.outer(rows, columns)
    return density / density.sum()


@pytest.mark.parametrize('sigma', [0.7, 2.0])
def test_divergence_by_scipy(sigma):
    logits, targets, weights = batch()
    heatmaps = softmax(logits)
    expected = [
        weight * entropy(bell(x, y, sigma).ravel(), p.ravel())
        for p, (x, y), weight in zip(
            heatmaps.flatten(0, 1).numpy(),
            targets.flatten(0, 1).tolist(),
            weights.flatten().tolist(),
        )
    ]
    loss = GaussianDivergenceLoss(sigma, loss_weight=3.0)
    assert float(loss(heatmaps, targets, weights)) == pytest.approx(3 * np.mean(expected))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_heatmaps_in_half_precision(dtype):
    logits, targets, weights = batch(torch.float32)
    loss, heatmaps = GaussianDivergenceLoss(), softmax(logits / 2)
    expected = loss(heatmaps, targets, weights)
    with torch.autocast('cpu', torch.bfloat16):
        found = loss(heatmaps.to(dtype), targets.double(), weights)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=0)


def test_gaussian_is_where_the_target_is():
    target = torch.tensor([[[0.3, -0.4]]])
    found = soft_argmax(gaussians(target, 48, 64, sigma=2.0))
    torch.testing.assert_close(found, target, rtol=0, atol=1e-4)


def test_kl_divergence_by_hand():
    """The truth in one cell against 1/4 there; halves against 3/4 and 1/4."""
    p, q = torch.zeros(2, 1, 1, 1, 2, dtype=torch.float64)
    p[..., 0] = 1
    q[..., 0], q[..., 1] = 0.25, 0.75
    assert kl_divergence(q, p).item() == pytest.approx(math.log(4))
    assert kl_divergence(p, p).item() == 0
    half = torch.full_like(q, 0.5)
    expected = (math.log(2) + math.log(2 / 3)) / 2
    assert kl_divergence(q, half).item() == pytest.approx(expected)


def test_a_heatmap_is_pulled_over():
    """A narrow heatmap at the other end of the map."""
    logits = torch.full((1, 1, 1, 32), 0.0)
    logits[..., 31] = 30
    logits.requires_grad_()
    loss = GaussianDivergenceLoss()
    loss(logits.softmax(-1), torch.tensor([[[-1.0, 0.0]]])).backward()
    # Of the softmax: what is there less what should be, half of the Gaussian
    # at the border.
    assert -logits.grad[..., 0].item() == pytest.approx(0.57, abs=0.01)


def test_divergence_gradient():
    torch.manual_seed(0)
    logits = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    target = torch.rand(2, 2, 2, dtype=torch.float64) * 2 - 1
    loss = GaussianDivergenceLoss()
    assert torch.autograd.gradcheck(
        lambda x: loss(x.flatten(2).softmax(-1).view_as(x), target), logits
    )


@pytest.mark.parametrize(
    'make',
    [
        lambda: GaussianDivergenceLoss(),
        lambda: SoftArgmaxLoss(dict(type='SmoothL1Loss', use_target_weight=True)),
    ],
)
def test_points_without_a_label(make):
    torch.manual_seed(0)
    heatmaps = torch.rand(2, 3, 8, 8).flatten(2).softmax(-1).view(2, 3, 8, 8)
    heatmaps.requires_grad_()
    target, weights = torch.rand(2, 3, 2), torch.ones(2, 3)
    weights[1, 2] = 0
    loss = make()
    value = loss(heatmaps, target, weights)
    value.backward()
    assert heatmaps.grad[1, 2].abs().max() == 0
    assert heatmaps.grad[0, 0].abs().max() > 0
    target[1, 2] = 7.0
    assert loss(heatmaps, target, weights) == value


def test_one_hot_heatmap_has_a_finite_gradient():
    logits = torch.zeros(1, 1, 16, 16)
    logits[..., 3, 4] = 1000
    logits.requires_grad_()
    heatmaps = logits.flatten(2).softmax(-1).view_as(logits)
    loss = GaussianDivergenceLoss()
    loss(heatmaps, torch.zeros(1, 1, 2)).backward()
    assert logits.grad.isfinite().all()


def test_scale_is_the_unit_of_the_loss():
    """0.5 pixels of 128 in smooth-L1 with beta 1: 0.5^2 / 2."""
    heatmaps = torch.zeros(1, 1, 3, 3)
    heatmaps[..., 1, 1] = 1
    target = torch.full((1, 1, 2), 0.5 / 64)
    loss = SoftArgmaxLoss(dict(type='SmoothL1Loss'), scale=64.0)
    assert float(loss(heatmaps, target)) == pytest.approx(0.125)


def test_wrong_sigma():
    with pytest.raises(ValueError, match='sigma is 0, expected a number'):
        GaussianDivergenceLoss(sigma=0)
