# SPDX-License-Identifier: Apache-2.0
"""STAR loss on a GPU: the same figures, and no waiting for it."""

import pytest
import torch
from test_star_loss import MODES, by_solver, exact_axes, noise  # noqa: F401
from torch import Tensor

from mmpose_face.models import STARLoss
from mmpose_face.models.losses.heatmap_moments import sums
from mmpose_face.models.losses.star_loss import star_loss

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')


def batch(dtype=torch.float32) -> tuple:
    torch.manual_seed(0)
    given = noise(4, 7, 64, 64), torch.rand(4, 7, 2), torch.ones(4, 7)
    return tuple(tensor.to(dtype) for tensor in given)


def on_gpu(given: tuple) -> tuple:
    return tuple(tensor.cuda() for tensor in given)


def value_and_gradient(loss, heatmaps: Tensor, *others: Tensor) -> tuple:
    heatmaps = heatmaps.clone().requires_grad_()
    value = loss(heatmaps, *others)
    value.backward()
    return value.detach().cpu(), heatmaps.grad.cpu()


@pytest.mark.parametrize('mode', MODES)
def test_equals_the_cpu(mode):
    loss = STARLoss(mode)
    torch.testing.assert_close(
        value_and_gradient(loss, *on_gpu(batch())),
        value_and_gradient(loss, *batch()),
        rtol=1e-4,
        atol=1e-5,
    )


def test_equals_the_gpus_solver(exact_axes):  # noqa: F811
    """Whose eigenvectors are its columns, as of any solver; those on the CPU
    are symmetric for 2 x 2, so that rows would do there."""
    heatmaps, targets, _ = on_gpu(batch(torch.float64))
    torch.testing.assert_close(
        star_loss(heatmaps, targets),
        by_solver(heatmaps, targets, 'per_axis'),
        rtol=1e-6,
        atol=1e-7,
    )


def test_rows_of_the_gpus_solver(record_property):
    """For the record: whether a port that takes rows for columns is right by
    luck, or not."""
    torch.manual_seed(0)
    roots = torch.randn(1000, 2, 2, dtype=torch.float64, device='cuda')
    matrices = roots @ roots.mT
    values, vectors = torch.linalg.eigh(matrices)
    torch.testing.assert_close(vectors @ values.diag_embed() @ vectors.mT, matrices)
    equal = (vectors - vectors.mT).abs().amax((-2, -1)) < 1e-12
    record_property('share of symmetric eigenvectors', float(equal.double().mean()))


def test_whole_numbers_are_not_rounded_to_tf32():
    """Of the narrowest heatmaps at the border the covariance stays right to
    the heatmaps' own rounding."""
    heatmaps = torch.zeros(1, 1, 64, 64)
    heatmaps[..., 61:, 61:] = torch.eye(3) / 4 + 1 / 36
    exact = sums(heatmaps.double())
    precision = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision('high')
        found = sums(heatmaps.cuda())
    finally:
        torch.set_float32_matmul_precision(precision)
    for value, expected in zip(found, exact):
        assert float(value) == pytest.approx(float(expected), rel=1e-3)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_autocast(dtype):
    given = on_gpu(batch())
    with torch.autocast('cuda', dtype):
        found = STARLoss()(*given)
    assert found.dtype == torch.float32
    assert found == STARLoss()(*given)


def test_no_iteration_waits():
    loss, (heatmaps, targets, weights) = STARLoss(), on_gpu(batch())
    heatmaps.requires_grad_()
    loss(heatmaps, targets, weights).backward()
    torch.cuda.set_sync_debug_mode('error')
    try:
        loss(heatmaps, targets, weights).backward()
        loss(heatmaps, targets).backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')


def test_recorded_as_a_graph():
    loss, given = STARLoss(), on_gpu(batch())
    with torch.no_grad():
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            expected = loss(*given)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            found = loss(*given)
        graph.replay()
    torch.testing.assert_close(found, expected)
