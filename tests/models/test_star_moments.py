# SPDX-License-Identifier: Apache-2.0
"""Sums over heatmaps: how exact they are in float32, and what they cost."""

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mmpose_face.codecs import soft_argmax
from mmpose_face.models.losses import STARLoss
from mmpose_face.models.losses.heatmap_moments import moments, sums


def narrow(sigma: float, x: float, y: float, size: int = 64) -> Tensor:
    """A Gaussian (1, 1, size, size) in float32, its middle and its deviation
    along a diagonal in cells, half that across."""
    cells = torch.arange(size, dtype=torch.float64)
    dx, dy = cells - x, cells[:, None] - y
    u, v = (dx + dy) / 2**0.5, (dx - dy) / 2**0.5
    logits = -(u / sigma).square() / 2 - (v / sigma * 2).square() / 2
    return logits.flatten().softmax(0).view(1, 1, size, size).float()


def random_maps(*shape: int, dtype=torch.float32) -> Tensor:
    torch.manual_seed(0)
    return torch.rand(shape, dtype=dtype).flatten(2).softmax(-1).view(shape)


NARROW = [
    partial(narrow, sigma, *middle)
    for sigma in (0.5, 1.0, 6.0)
    for middle in ((0, 0), (63, 0), (62.6, 63), (63, 31.5), (31.2, 30.9))
] + [partial(narrow, 0.5, 255, 255, 256)]


@pytest.mark.parametrize('make', NARROW)
def test_float32_is_exact_at_the_border(make):
    """There the mean square is 1 and the variance of half a cell 2.5e-4 (of
    256 cells 1.5e-5): their difference would have lost four digits."""
    heatmaps = make()
    found, exact = sums(heatmaps), sums(heatmaps.double())
    scale = exact.xx + exact.yy
    for name in ('mass', 'squares', 'x', 'y'):
        assert abs(getattr(found, name) - getattr(exact, name)) < 4e-7
    for name in ('xx', 'xy', 'yy'):
        error = abs(getattr(found, name) - getattr(exact, name)) / scale
        assert error < 2e-5


@pytest.mark.parametrize('make', NARROW)
def test_gradient_in_float32(make):
    target = torch.tensor([[[0.9, -0.8]]])
    grads = []
    for dtype in (torch.float32, torch.float64):
        heatmaps = make().to(dtype).requires_grad_()
        STARLoss()(heatmaps, target.to(dtype)).backward()
        grads.append(heatmaps.grad.double())
    error = (grads[0] - grads[1]).abs().max()
    assert error < 1e-3 * grads[1].abs().max()


def test_a_side_of_one_cell():
    heatmaps = random_maps(1, 1, 1, 4, dtype=torch.float64)
    found, line = moments(heatmaps), soft_argmax(heatmaps)[0, 0]
    assert float(found.x) == pytest.approx(float(line[0]))
    assert float(found.xx) > 0
    assert abs(found.xy) < 1e-12 and abs(found.yy) < 1e-12


def test_any_memory_layout():
    heatmaps = random_maps(2, 3, 8, 6)
    other = heatmaps.to(memory_format=torch.channels_last)
    target, grads = torch.rand(2, 3, 2), []
    for each in (heatmaps, other):
        each = each.detach().requires_grad_()
        STARLoss()(each, target).backward()
        grads.append(each.grad)
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_autocast_changes_nothing(dtype):
    heatmaps = random_maps(2, 3, 8, 8, dtype=dtype)
    with torch.autocast('cpu', torch.bfloat16):
        found = moments(heatmaps)
    for value, expected in zip(found, moments(heatmaps)):
        assert value.dtype == dtype
        assert torch.equal(value, expected)


class Passes(TorchDispatchMode):
    """Counts operations that read or write a whole batch of heatmaps."""

    VIEWS = {
        'view',
        '_unsafe_view',
        'expand',
        'detach',
        'alias',
        'transpose',
        'permute',
        'unsqueeze',
        'select',
        'slice',
        't',
    }

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.cells, self.names = cells, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = func.__name__.split('.')[0]
        if name not in self.VIEWS and any(
            isinstance(t, Tensor) and t.numel() >= self.cells for t in (*args, out)
        ):
            self.names.append(name)
        return out


def passes(loss, heatmaps: Tensor) -> int:
    heatmaps = heatmaps.clone().requires_grad_()
    with Passes(heatmaps.numel()) as counted:
        loss(heatmaps).backward()
    return len(counted.names)


@pytest.mark.parametrize('mode', ['mahalanobis', 'per_axis'])
def test_passes_over_the_heatmaps(mode):
    """At most two and a half times those of L1 on the means: two sums, and
    one to write the gradient."""
    heatmaps = random_maps(2, 3, 32, 32)
    target = torch.rand(2, 3, 2)
    base = passes(lambda p: (soft_argmax(p) - target).abs().mean(), heatmaps)
    assert base == 3
    loss = STARLoss(mode=mode)
    assert 4 < passes(lambda p: loss(p, target), heatmaps) <= 2.5 * base


def test_memory_kept_for_the_gradient():
    """The heatmaps, which softmax keeps anyway, and some numbers for each."""
    heatmaps, kept = random_maps(2, 3, 64, 64).requires_grad_(), {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        STARLoss()(heatmaps, torch.rand(2, 3, 2))
    assert sum(kept.values()) < 1.1 * heatmaps.untyped_storage().nbytes()
