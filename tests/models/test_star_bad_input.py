# SPDX-License-Identifier: Apache-2.0
"""What STAR loss refuses, when, and what is defined though it is unusual."""

import copy
import math
from collections import deque

import pytest
import torch
from test_star_loss import ALL, MODES, at, by_solver, degenerate, noise
from torch import Tensor

from mmpose_face.models import GaussianDivergenceLoss, SoftArgmaxLoss, STARLoss
from mmpose_face.models.losses import moments, star_loss
from mmpose_face.models.losses.input_checks import LateCheck

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


@pytest.mark.parametrize(
    'given, found',
    [
        (faulty(0, NAN, 4, 4), 'NaN or infinite cells: its sum is nan'),
        (faulty(0, INF, 4, 4), 'NaN or infinite cells: its sum is inf, its small'),
        (faulty(0, -INF, 4, 4), 'NaN or infinite cells: .* cell -inf'),
        (faulty(0, -0.25, 4, 4), 'no cell of a heatmap below 0, got -0.25'),
        (faulty(0, -8.0, 4, 4), 'no cell of a heatmap below 0, got -8'),
        (faulty(0, 0.5, slice(None), slice(None)), 'sums to 1, .* a sum of 32'),
        (faulty(1, NAN, 0), r'a target, or weight 0 where .* got \(nan, '),
        (faulty(1, -INF, 1), r'a target, or weight 0 where .*, -inf\)'),
        (faulty(2, NAN), 'a weight of 0 or more, got nan'),
        (faulty(2, INF), 'a weight of 0 or more, got inf'),
        (faulty(2, -0.5), 'a weight of 0 or more, got -0.5'),
    ],
)
@pytest.mark.parametrize('mode', MODES)
def test_what_is_refused(given, found, mode):
    with pytest.raises(ValueError, match=f'^sample 1, landmark 2: .*{found}'):
        STARLoss(mode)(*given)


def test_how_many_are_at_fault():
    heatmaps, targets, _ = batch()
    heatmaps[:, 1, 0, 0] = NAN
    with pytest.raises(ValueError, match='^sample 0, landmark 1 and 1 more: '):
        STARLoss()(heatmaps, targets)
    heatmaps[0, 1] = 0
    with pytest.raises(ValueError, match='^sample 1, landmark 1: '):
        STARLoss()(heatmaps, targets)


def test_logits_in_place_of_a_softmax():
    torch.manual_seed(0)
    with pytest.raises(ValueError, match='below 0'):
        STARLoss()(torch.randn(N, K, SIDE, SIDE), torch.rand(N, K, 2))


def test_a_broken_heatmap_is_refused_whatever_its_weight():
    heatmaps, targets, weights = faulty(0, NAN, 0, 0)
    weights[1, 2] = 0
    with pytest.raises(ValueError, match='NaN'):
        STARLoss()(heatmaps, targets, weights)


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


@pytest.mark.parametrize('mode, distance', ALL)
@pytest.mark.parametrize('far', [1.2, -3.0, 100.0])
def test_targets_outside_the_heatmap(mode, distance, far):
    """Count as any other."""
    heatmaps = batch()[0].double().requires_grad_()
    target = torch.full((N, K, 2), far, dtype=torch.float64)
    found = STARLoss(mode, distance, axis_eps=0)(heatmaps, target)
    expected = by_solver(heatmaps, target, mode, distance).mean()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    found.backward()
    assert heatmaps.grad.isfinite().all() and heatmaps.grad.any()


@pytest.mark.parametrize('mode, distance', ALL)
@pytest.mark.parametrize('mass', [0.0, 1e-7, 0.3])
def test_an_empty_heatmap_counts_as_a_flat_one(mode, distance, mass):
    """And pulls at nothing, where it would by up to 1e14."""
    heatmaps, targets, _ = batch()
    heatmaps[1, 2] = mass / SIDE**2
    heatmaps.requires_grad_()
    losses = star_loss(heatmaps, targets, mode, distance)
    losses.sum().backward()
    assert heatmaps.grad[1, 2].abs().max() == 0
    assert (heatmaps.grad.abs().amax((-2, -1)) > 0).sum() == N * K - 1
    flat = star_loss(torch.full((1, 1, 256, 256), 256**-2), targets[1:, 2:], mode, distance)
    torch.testing.assert_close(losses[1, 2], flat[0, 0], rtol=1e-2, atol=0)
    torch.testing.assert_close(STARLoss(mode, distance)(heatmaps, targets), losses.mean())


def test_moments_of_an_empty_heatmap():
    found = moments(torch.zeros(1, 1, 5, 5))
    assert [float(v) for v in found] == pytest.approx([0, 0, 1 / 3, 0, 1 / 3])
    # As of a fine flat one.
    assert float(moments(degenerate('uniform')).xx) == pytest.approx(1 / 3, rel=0.1)


def test_nan_is_not_taken_for_empty():
    """The function does not look at values."""
    heatmaps, targets, _ = faulty(0, NAN, 4, 4)
    assert star_loss(heatmaps, targets).isnan().tolist() == [[False] * 3, [False, False, True]]


@pytest.mark.parametrize('dtype', [torch.int64, torch.bool, torch.float16])
def test_weights_of_any_type(dtype):
    heatmaps, targets, weights = batch()
    weights[0, 1] = 0
    expected = STARLoss()(heatmaps, targets, weights)
    assert STARLoss()(heatmaps, targets, weights.to(dtype)) == expected


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64, torch.float16])
def test_targets_of_any_type(dtype):
    """Pixels, which these hold exactly: they are not made coordinates in half
    precision."""
    heatmaps = batch()[0]
    pixels = torch.tensor([[[0, 7], [3, 5], [6, 1]]] * N)
    loss = STARLoss(target_range=(0, 7))
    expected = loss(heatmaps, pixels.float())
    assert loss(heatmaps, pixels.to(dtype)) == expected


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(beta=0), 'beta is 0, expected a number above 0'),
        (dict(beta=NAN), 'beta is nan, expected a number above 0'),
        (dict(eps=-1e-5), 'eps is -1e-05, expected a number above 0'),
        (dict(target_range=(1, 1)), r'target_range is \(1, 1\), expected two'),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        STARLoss(**options)


# Late checks.


class Event:
    """Of a copy from a device that is under way until it is waited for."""

    def __init__(self, done: bool = False) -> None:
        self.done = done

    def query(self) -> bool:
        return self.done

    def synchronize(self) -> None:
        self.done = True


def look(values: Tensor):
    return f'{values.item()} is bad' if values < 0 else None


def under_way(value: float) -> LateCheck:
    """A check of a value that has not arrived."""
    check = LateCheck(look)
    check.calls = 1
    check.pending.append((Event(), torch.tensor(value), 1))
    return check


def test_a_fault_is_raised_when_it_arrives():
    check, good = under_way(-1.0), torch.tensor(1.0)
    check(good)
    check(good)
    check.pending[0][0].done = True
    with pytest.raises(ValueError, match='^-1.0 is bad; 3 calls ago$'):
        check(good)
    check(good)


def test_what_is_under_way_is_looked_at_in_order():
    check = under_way(1.0)
    check.pending.append((Event(True), torch.tensor(-1.0), 1))
    check.finish(wait=False)
    assert len(check.pending) == 2
    with pytest.raises(ValueError, match='bad'):
        check.finish()
    assert not check.pending


def test_an_epoch_ends_with_a_look():
    """At the beginning of the next one, or of a validation."""
    for training in (True, False):
        model = torch.nn.Sequential(STARLoss())
        model[0].check_values = under_way(-1.0)
        with pytest.raises(ValueError, match='bad'):
            model.train(training)
        assert model.train(training)[0].training == training


def test_a_copy_of_the_model_waits_for_nothing():
    loss = STARLoss()
    loss.check_values = under_way(-1.0)
    copied = copy.deepcopy(loss)
    assert copied.check_values.pending == deque()
    assert len(loss.check_values.pending) == 1
    copied.eval()


def test_values_on_the_host_are_looked_at_at_once():
    with pytest.raises(ValueError, match='^-1.0 is bad$'):
        LateCheck(look)(torch.tensor(-1.0))


@pytest.mark.parametrize('mode', MODES)
def test_compiled_in_one_piece(mode):
    """With the value and the gradient of the loss; NaN is not refused."""
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
    assert compiled(*faulty(0, NAN, 0, 0)).isnan()


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
