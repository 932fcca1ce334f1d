# SPDX-License-Identifier: Apache-2.0
"""Targets of a batch against MMPose's codec, face by face."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.codecs import MSRAHeatmap

from mmpose_face.codecs import FaceMSRAHeatmap, gaussian_heatmaps

SIGMAS = (2, 1.5, 1, 0.7, 3.0)
SIZE = (64, 48)


def of_mmpose(points, visible, sigma, size=SIZE, **kwargs):
    """Its codec with a crop of the size of the heatmaps."""
    codec = FaceMSRAHeatmap if 'border_shift' in kwargs else MSRAHeatmap
    encoded = [
        codec(size, size, sigma=sigma, **kwargs).encode(p[None], v[None])
        for p, v in zip(points, visible)
    ]
    return (
        np.stack([each['heatmaps'] for each in encoded]),
        np.concatenate([each['keypoint_weights'] for each in encoded]),
    )


def assert_as_mmpose(points, visible, sigma, size=SIZE, **kwargs):
    heatmaps, weights = gaussian_heatmaps(
        torch.from_numpy(points), torch.from_numpy(visible), size, sigma, **kwargs
    )
    assert heatmaps.dtype == torch.float32
    expected = of_mmpose(points, visible, sigma, size, **kwargs)
    np.testing.assert_allclose(heatmaps, expected[0], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(weights, expected[1])
    return heatmaps.numpy(), weights.numpy()


def anywhere(faces=3, points=60, size=SIZE, dtype=np.float32, seed=0):
    """Points on the map, around it and far from it; some not labelled."""
    rng = np.random.default_rng(seed)
    width, height = size
    return (
        rng.uniform(-20, (width + 20, height + 20), (faces, points, 2)).astype(dtype),
        rng.choice([0, 0.3, 0.5, 1], (faces, points)).astype(np.float32),
    )


@pytest.mark.parametrize('sigma', SIGMAS)
@pytest.mark.parametrize(
    'kwargs',
    [
        dict(),
        dict(border_shift=True),
        dict(border_shift=False),
        dict(unbiased=True),
        dict(unbiased=True, border_shift=False),
    ],
)
def test_as_mmpose(kwargs, sigma):
    heatmaps, weights = assert_as_mmpose(*anywhere(), sigma, **kwargs)
    # The drawn and the empty, the weighted and the weightless are there.
    drawn = heatmaps.any((2, 3))
    assert 20 < drawn.sum() < drawn.size - 20
    assert 20 < (weights > 0).sum() < weights.size - 20


@pytest.mark.parametrize('sigma', SIGMAS)
@pytest.mark.parametrize('border_shift', [True, False])
def test_on_and_between_cells(sigma, border_shift):
    """Whole cells and halves of cells, where the rounding is decided."""
    cells = np.arange(-16, 80, 0.5, dtype=np.float32)
    points = np.stack([cells, cells[::-1]], 1)[None]
    points = np.concatenate([points, np.stack([cells, 0 * cells + 20], 1)[None]])
    visible = np.ones(points.shape[:2], np.float32)
    assert_as_mmpose(points, visible, sigma, border_shift=border_shift)


def test_peaks_of_mmpose_are_shifted_at_the_border():
    """With sigma 1.5 by one cell, on the first five columns and rows."""
    cells = torch.arange(10.0)
    points = torch.stack([cells, cells.flip(0)], 1)[None]
    for border_shift in (True, False):
        maps, _ = gaussian_heatmaps(points, torch.ones(1, 10), SIZE, 1.5, border_shift=border_shift)
        peaks = maps[0].flatten(1).argmax(1) % SIZE[0]
        shift = [1] * 5 + [0] * 5 if border_shift else [0] * 10
        assert (peaks - cells).tolist() == shift


@pytest.mark.parametrize('unbiased', [False, True])
def test_double_precision(unbiased):
    points, visible = anywhere(dtype=np.float64)
    assert_as_mmpose(points, visible, 2, unbiased=unbiased)


@pytest.mark.parametrize('unbiased', [False, True])
def test_points_that_are_nowhere(unbiased):
    """Have no weight, and spoil nothing."""
    points = torch.tensor([[[np.nan, 5], [np.inf, 5], [5, -np.inf], [1e30, 5], [5, 5]]])
    visible = torch.ones(1, 5)
    maps, weights = gaussian_heatmaps(points, visible, SIZE, 2, unbiased=unbiased)
    assert weights.tolist() == [[0, 0, 0, 0, 1]]
    assert not maps[0, :4].any() and maps[0, 4].max() == 1
    # Where they are not labelled, the weight is what it was.
    _, weights = gaussian_heatmaps(points, 0 * visible, SIZE, 2)
    assert not weights.any()


@pytest.mark.parametrize('size', [(64, 64), (7, 30), (1, 1)])
@pytest.mark.parametrize('faces, points', [(0, 5), (1, 1), (2, 1), (2, 30)])
def test_sizes(faces, points, size):
    at, visible = anywhere(max(faces, 1), points, size)
    for unbiased in (False, True):
        maps, weights = gaussian_heatmaps(
            torch.from_numpy(at[:faces]), torch.from_numpy(visible[:faces]), size, 2.0, unbiased
        )
        assert maps.shape == (faces, points, *size[::-1])
        assert weights.shape == (faces, points)
        if faces:
            assert_as_mmpose(at, visible, 2.0, size, unbiased=unbiased)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(8, 80),
    st.booleans(),
    st.booleans(),
)
def test_any_points(seed, width, height, sigma, unbiased, border_shift):
    sigma = sigma / 20
    at, visible = anywhere(1, 10, (width, height), seed=seed)
    assert_as_mmpose(
        at, visible, sigma, (width, height), unbiased=unbiased, border_shift=border_shift
    )


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_points(dtype):
    """Drawn in single precision around the points as they are."""
    points, visible = map(torch.from_numpy, anywhere())
    maps, weights = gaussian_heatmaps(points.to(dtype), visible, SIZE, 2)
    expected, _ = gaussian_heatmaps(points.to(dtype).float(), visible, SIZE, 2)
    assert maps.dtype == torch.float32
    assert torch.equal(maps, expected)


def test_half_precision_points_are_rounded_in_single():
    """In bfloat16 129 + 0.5 is 130."""
    points = torch.tensor([[[129.0, 5.0]]]).bfloat16()
    maps, _ = gaussian_heatmaps(points, torch.ones(1, 1), (140, 9), 1)
    assert divmod(maps.argmax().item(), 140) == (5, 129)


def test_leaves_its_input():
    points, visible = map(torch.from_numpy, anywhere())
    before = points.clone(), visible.clone()
    gaussian_heatmaps(points, visible, SIZE, 2)
    assert torch.equal(points, before[0]) and torch.equal(visible, before[1])


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(points=torch.zeros(3, 2)), r'got \(3, 2\) and \(1, 3\)'),
        (dict(visible=torch.zeros(1, 4)), r'got \(1, 3, 2\) and \(1, 4\)'),
        (dict(size=(64,)), r'got \(64,\)'),
        (dict(size=(64, 0)), r'got \(64, 0\)'),
        (dict(sigma=0), 'above 0, got 0'),
        (dict(sigma=float('nan')), 'above 0, got nan'),
    ],
)
def test_bad_input(change, message):
    good = dict(points=torch.zeros(1, 3, 2), visible=torch.zeros(1, 3), size=SIZE, sigma=2)
    with pytest.raises(ValueError, match=message):
        gaussian_heatmaps(**{**good, **change})
