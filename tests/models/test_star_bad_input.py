# SPDX-License-Identifier: Apache-2.0
"""What STAR loss refuses, and what is defined though it is unusual."""

import math

import pytest
import torch
from test_star_loss import MODES, at, by_solver, degenerate, exact_axes, noise  # noqa: F401

from mmpose_face.models import GaussianDivergenceLoss, SoftArgmaxLoss, STARLoss
from mmpose_face.models.losses.heatmap_moments import moments
from mmpose_face.models.losses.star_loss import star_loss

N, K, SIDE = 2, 3, 8


def batch() -> tuple:
    """Heatmaps, targets and weights without a fault."""
    torch.manual_seed(0)
    heatmaps = noise(N, K, SIDE, SIDE).float()
    return heatmaps, torch.rand(N, K, 2), torch.ones(N, K)


def faulty(which: int, value: float, *at) -> tuple:
    given = batch()
    given[which][(1, 2, *at)] = value
    return given


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize(
    'given',
    [faulty(0, NAN, 4, 4), faulty(0, INF, 4, 4), faulty(1, NAN, 0), faulty(1, INF, 1)],
)
def test_what_is_no_number_is_seen_in_the_loss(given, mode):
    assert not STARLoss(mode)(*given).isfinite()


LOSSES = [
    STARLoss(),
    GaussianDivergenceLoss(),
    SoftArgmaxLoss(dict(type='SmoothL1Loss', use_target_weight=True)),
]


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize(
    'change, message',
    [
        (lambda p, y, w: (p[0], y, w), r'heatmaps \(N, K, H, W\).*got \(3, 8, 8'),
        (lambda p, y, w: (p, y[..., 0], w), r'targets \(N, K, 2\).*and \(2, 3\)'),
        (lambda p, y, w: (p, y[:, :1], w), r'targets \(N, K, 2\).* \(2, 1, 2\)'),
        (lambda p, y, w: (p, y, w[..., None]), r'weights \(2, 3\).*\(2, 3, 1\)'),
        (lambda p, y, w: (p, y, w[:, :1]), r'weights \(2, 3\).*\(2, 1\)'),
        (lambda p, y, w: (p[:0], y[:0], w[:0]), r'got none.*\(0, 3, 8, 8\)'),
        (lambda p, y, w: (p[..., :0], y, w), r'got none.*\(2, 3, 8, 0\)'),
        (lambda p, y, w: (p.long(), y, w), 'floating point type, got torch.int64'),
        (lambda p, y, w: (p.cfloat(), y, w), 'floating point type, got torch.com'),
        (lambda p, y, w: (p, y.cfloat(), w), 'real targets, got torch.complex64'),
        (lambda p, y, w: (p, y, w.cfloat()), 'real weights, got torch.complex64'),
        (lambda p, y, w: (p, y.to('meta'), w), 'on cpu, the targets on meta'),
        (lambda p, y, w: (p, y, w.to('meta')), 'on cpu, the weights on meta'),
    ],
)
def test_what_does_not_fit_together(loss, change, message):
    with pytest.raises(ValueError, match=message):
        loss(*change(*batch()))


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('far', [1.2, -3.0, 100.0])
def test_targets_outside_the_heatmap(mode, far, exact_axes):  # noqa: F811
    """Count as any other."""
    heatmaps = batch()[0].double().requires_grad_()
    target = torch.full((N, K, 2), far, dtype=torch.float64)
    found = STARLoss(mode)(heatmaps, target)
    expected = by_solver(heatmaps, target, mode).mean()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    found.backward()
    assert heatmaps.grad.isfinite().all() and heatmaps.grad.any()


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('mass', [0.0, 1e-7, 0.3])
def test_an_empty_heatmap_counts_as_a_flat_one(mode, mass):
    """And pulls at nothing, where it would by up to 1e14."""
    heatmaps, targets, _ = batch()
    heatmaps[1, 2] = mass / SIDE**2
    heatmaps.requires_grad_()
    losses = star_loss(heatmaps, targets, mode)
    losses.sum().backward()
    assert heatmaps.grad[1, 2].abs().max() == 0
    assert (heatmaps.grad.abs().amax((-2, -1)) > 0).sum() == N * K - 1
    flat = star_loss(torch.full((1, 1, 256, 256), 256**-2), targets[1:, 2:], mode)
    torch.testing.assert_close(losses[1, 2], flat[0, 0], rtol=1e-2, atol=0)
    torch.testing.assert_close(STARLoss(mode)(heatmaps, targets), losses.mean())


def test_moments_of_an_empty_heatmap():
    found = moments(torch.zeros(1, 1, 5, 5))
    assert [float(v) for v in found] == pytest.approx([0, 0, 1 / 3, 0, 1 / 3])
    # As of a fine flat one.
    assert float(moments(degenerate('uniform')).xx) == pytest.approx(1 / 3, rel=0.1)


def test_nan_is_not_taken_for_empty():
    heatmaps, targets, _ = faulty(0, NAN, 4, 4)
    assert star_loss(heatmaps, targets).isnan().tolist() == [[False] * 3, [False, False, True]]


@pytest.mark.parametrize('dtype', [torch.int64, torch.bool, torch.float16])
def test_weights_of_any_type(dtype):
    heatmaps, targets, weights = batch()
    weights[0, 1] = 0
    expected = STARLoss()(heatmaps, targets, weights)
    assert STARLoss()(heatmaps, targets, weights.to(dtype)) == expected


@pytest.mark.parametrize('dtype', [torch.int64, torch.float16])
def test_targets_of_any_type(dtype):
    heatmaps, targets = batch()[0], torch.tensor([[[-1, 1], [0, 0], [1, 0]]] * N)
    assert STARLoss()(heatmaps, targets.to(dtype)) == STARLoss()(heatmaps, targets.float())


@pytest.mark.parametrize('mode', MODES)
def test_compiled_in_one_piece(mode):
    """With the value and the gradient of the loss."""
    torch._dynamo.reset()
    loss = STARLoss(mode)
    compiled = torch.compile(loss, backend='aot_eager', fullgraph=True)
    heatmaps, targets, weights = batch()
    results = []
    for each in (loss, compiled):
        given = heatmaps.clone().requires_grad_()
        value = each(given, targets, weights)
        value.backward()
        results.append((value.detach(), given.grad))
    torch.testing.assert_close(*results)


def test_under_autocast():
    """Half precision comes in, and nothing is computed in it."""
    heatmaps, targets, weights = batch()
    with torch.autocast('cpu', torch.bfloat16):
        value = STARLoss()(heatmaps, targets, weights)
    assert value.dtype == torch.float32
    assert value == STARLoss()(heatmaps, targets, weights)


def test_a_point_is_not_moved_to_another_device():
    """A hidden copy from the host would wait for the device."""
    heatmaps = batch()[0].to('meta')
    with pytest.raises(ValueError, match='on meta, the targets on cpu'):
        star_loss(heatmaps, at((0.0, 0.0)).expand(N, K, 2))
