# SPDX-License-Identifier: Apache-2.0
"""The codecs on a GPU, where there is one: the results of the processor, and
no waiting before the copy to the host."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from mmpose_face.codecs import (
    FaceMSRAHeatmap,
    FaceRegressionLabel,
    SoftArgmax,
    decode_heatmaps,
    gaussian_heatmaps,
)
from mmpose_face.codecs.decoding import as_maps, decode_once

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')

both = pytest.mark.parametrize('unbiased', [False, True])


@contextmanager
def waiting_is_an_error():
    torch.cuda.set_sync_debug_mode('error')
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode('default')


@pytest.fixture(params=[False, True], ids=['full', 'tf32'], autouse=True)
def tf32(request, monkeypatch):
    """What users may allow, in neither of which the results differ."""
    monkeypatch.setattr(torch.backends.cuda.matmul, 'allow_tf32', request.param)


@pytest.fixture
def points():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand((8, 98, 2), generator=generator) * 70 - 3
    points[0, :40] = points[0, :40].round() + 0.5
    return points


@pytest.fixture
def heatmaps(points):
    drawn, _ = gaussian_heatmaps(points, torch.ones(8, 98), (64, 64), 2, True)
    generator = torch.Generator().manual_seed(1)
    drawn = drawn + 0.004 * torch.randn(drawn.shape, generator=generator)
    drawn[1, :9] = drawn[1, :9].round()  # ties
    drawn[2, :9] = 0
    drawn[3, :9] -= 0.95  # for the slower way
    return drawn


@both
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
def test_decodes_as_the_processor(heatmaps, unbiased, dtype):
    heatmaps = heatmaps.to(dtype)
    expected, scores = decode_heatmaps(heatmaps, unbiased)
    for given in (heatmaps.cuda(), heatmaps.cuda().to(memory_format=torch.channels_last)):
        ours = decode_heatmaps(given, unbiased)
        torch.testing.assert_close(ours[0].cpu(), expected, rtol=2e-6, atol=1e-4)
        assert torch.equal(ours[1].cpu(), scores)


@both
def test_random_maps(unbiased):
    maps = torch.rand(8, 98, 64, 64)
    expected, _ = decode_heatmaps(maps, unbiased)
    points, _ = decode_heatmaps(maps.cuda(), unbiased)
    torch.testing.assert_close(points.cpu(), expected, rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize('sigma', [2, 1.5])
@pytest.mark.parametrize(
    'kwargs',
    [
        dict(),
        dict(border_shift=False),
        dict(unbiased=True),
    ],
)
def test_draws_as_the_processor(points, kwargs, sigma):
    # Cells that are no power of two wide: a division must be one.
    codec = FaceMSRAHeatmap((200, 180), (64, 48), sigma, **kwargs)
    visible = (torch.arange(8 * 98).view(8, 98) % 5 > 0).float()
    expected = codec.batch_encode(3 * points, visible)
    encoded = codec.batch_encode(3 * points.cuda(), visible.cuda())
    torch.testing.assert_close(encoded['heatmaps'].cpu(), expected['heatmaps'], rtol=0, atol=1e-6)
    assert torch.equal(encoded['keypoint_weights'].cpu(), expected['keypoint_weights'])


def codecs():
    sizes = dict(input_size=(256, 256), heatmap_size=(64, 64), sigma=2)
    return {
        'plain': FaceMSRAHeatmap(**sizes),
        'dark': FaceMSRAHeatmap(unbiased=True, **sizes),
        'mean': SoftArgmax((256, 256)),
        'regression': FaceRegressionLabel((256, 256)),
    }


def given_to(name, heatmaps, points):
    """What a network gives to this codec."""
    if name == 'regression':
        return points / 70
    if name == 'mean':
        return (9 * heatmaps).flatten(2).softmax(-1).view_as(heatmaps)
    return heatmaps


@pytest.mark.parametrize('name', codecs())
def test_lists_of_the_host(heatmaps, points, name):
    given = given_to(name, heatmaps, points)
    codec = codecs()[name]
    for ours, expected in zip(codec.batch_decode(given.cuda()), codec.batch_decode(given)):
        np.testing.assert_allclose(np.stack(ours), np.stack(expected), rtol=2e-6, atol=1e-3)


@both
def test_decoding_does_not_wait(heatmaps, unbiased):
    given = heatmaps.cuda()
    decode_once(as_maps(given), unbiased, 11)  # makes its tables
    with waiting_is_an_error():
        decode_once(as_maps(given), unbiased, 11)
    # And what is said to wait is noticed.
    with pytest.raises(RuntimeError), waiting_is_an_error():
        given.sum().item()


@pytest.mark.parametrize('name', ['plain', 'mean', 'regression'])
def test_points_on_the_device_do_not_wait(heatmaps, points, name):
    codec = codecs()[name]
    given = given_to(name, heatmaps, points).cuda()
    codec.decode_on_device(given)
    with waiting_is_an_error():
        codec.decode_on_device(given)


@pytest.mark.parametrize('name', codecs())
def test_targets_do_not_wait(points, name):
    codec, points = codecs()[name], 4 * points.cuda()
    visible = torch.ones_like(points[..., 0])
    codec.batch_encode(points, visible)
    with waiting_is_an_error():
        codec.batch_encode(points, visible)
