# SPDX-License-Identifier: Apache-2.0
"""Batches of heatmaps against MMPose's codec, map by map, and against DARK's
formula in double precision."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.utils import generate_unbiased_gaussian_heatmaps
from scipy.ndimage import correlate1d

from mmpose_face.codecs import decode_heatmaps

# 1e-3 pixels of a crop with four pixels in a cell.
CLOSE = dict(rtol=0, atol=1e-3 / 4)


def of_mmpose(heatmaps, unbiased=False, blur_kernel_size=11):
    """Its codec with a crop of the size of the heatmaps: points in cells."""
    size = heatmaps.shape[:1:-1]
    codec = MSRAHeatmap(size, size, sigma=2, unbiased=unbiased, blur_kernel_size=blur_kernel_size)
    with np.errstate(all='ignore'):  # It divides by maxima of 0.
        decoded = [codec.decode(each) for each in heatmaps]
    return [np.concatenate(each) for each in zip(*decoded)]


def of_ours(heatmaps, *args, **kwargs):
    points, scores = decode_heatmaps(torch.from_numpy(heatmaps), *args, **kwargs)
    assert points.dtype == scores.dtype == torch.float32
    return points.numpy(), scores.numpy()


def assert_as_mmpose(heatmaps, **kwargs):
    ours, theirs = of_ours(heatmaps, **kwargs), of_mmpose(heatmaps, **kwargs)
    np.testing.assert_allclose(ours[0], theirs[0], **CLOSE)
    np.testing.assert_array_equal(ours[1], theirs[1])


def dark(heatmap, kernel_size=11):
    """A point by the paper's formula, with MMPose's choices, in double
    precision."""
    heatmap = heatmap.astype(np.float64)
    height, width = heatmap.shape
    y, x = divmod(heatmap.argmax(), width)
    if heatmap.max() <= 0:
        return np.array([-1.0, -1.0])
    if not (1 < x < width - 2 and 1 < y < height - 2):
        return np.array([x, y], float)
    gradient, hessian = derivatives(heatmap, kernel_size)
    if hessian[0, 0] * hessian[1, 1] == hessian[0, 1] ** 2:
        return np.array([x, y], float)
    return np.array([x, y]) - np.linalg.solve(hessian, gradient)


def derivatives(heatmap, kernel_size=11):
    """Of the logarithm of a blurred heatmap, at its maximum: (2, ) and
    (2, 2)."""
    y, x = divmod(heatmap.argmax(), heatmap.shape[1])
    kernel = cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)[:, 0]
    blurred = heatmap
    for axis in (0, 1):
        blurred = correlate1d(blurred, kernel.astype(float), axis, mode='constant')
    logs = np.log(np.maximum(blurred * (heatmap.max() / blurred.max()), 1e-10))

    def at(right, down):
        return logs[y + down, x + right]

    gradient = np.array([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)]) / 2
    dxy = at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)
    hessian = (
        np.array(
            [[at(2, 0) - 2 * at(0, 0) + at(-2, 0), dxy], [dxy, at(0, 2) - 2 * at(0, 0) + at(0, -2)]]
        )
        / 4
    )
    return gradient, hessian


def assert_as_formula(heatmaps, **kwargs):
    """To the precision of float32: where the Hessian is near singular, points
    are thousands of cells away."""
    points, _ = of_ours(heatmaps, unbiased=True)
    maps = heatmaps.reshape(-1, *heatmaps.shape[2:])
    expected = np.array([dark(each) for each in maps])
    np.testing.assert_allclose(points.reshape(-1, 2), expected, rtol=2e-6, atol=1e-4)


def gaussians(faces=2, points=40, width=64, height=64, seed=0):
    """Around points everywhere on the map and a bit outside."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-3, (width + 3, height + 3), (faces, points, 2))
    return np.stack(
        [
            generate_unbiased_gaussian_heatmaps(
                (width, height), each[None].astype(np.float32), np.ones((1, points)), 2.0
            )[0]
            for each in at
        ]
    )


def noisy(faces=2, points=40, width=64, height=64, seed=0):
    """As a network gives them: of all heights, negative in places."""
    rng = np.random.default_rng(seed)
    maps = gaussians(faces, points, width, height, seed)
    maps *= rng.uniform(0.05, 1.2, (faces, points, 1, 1))
    return maps + rng.normal(0, 0.004, maps.shape).astype(np.float32)


both = pytest.mark.parametrize('unbiased', [False, True])


@both
@pytest.mark.parametrize('make', [gaussians, noisy])
def test_as_mmpose(make, unbiased):
    assert_as_mmpose(make(), unbiased=unbiased)


@both
@pytest.mark.parametrize(
    'width, height', [(64, 48), (20, 33), (15, 15), (16, 8), (5, 9), (4, 5), (1, 1), (1, 30)]
)
def test_sizes(width, height, unbiased):
    """Not square, and smaller than DARK's blur reaches."""
    assert_as_mmpose(noisy(2, 20, width, height, seed=width), unbiased=unbiased)


@both
@pytest.mark.parametrize('faces, points', [(0, 5), (1, 1), (3, 1), (1, 7)])
def test_batches(faces, points, unbiased):
    maps = noisy(max(faces, 1), points)[:faces]
    ours, scores = of_ours(maps, unbiased=unbiased)
    assert ours.shape == (faces, points, 2)
    assert scores.shape == (faces, points)
    if faces:
        assert_as_mmpose(maps, unbiased=unbiased)


def at_every_cell(width=17, height=16):
    """A peak on each cell, with different neighbours on all sides."""
    maps = np.zeros((1, height * width, height, width), np.float32)
    bump = np.random.default_rng(0).uniform(0.1, 0.9, (height * width, 3, 3))
    for i in range(height * width):
        y, x = divmod(i, width)
        whole = np.zeros((height + 2, width + 2))
        whole[y : y + 3, x : x + 3] = bump[i]
        maps[0, i] = whole[1:-1, 1:-1]
        maps[0, i, y, x] = 1
    return maps


@both
def test_peak_on_every_cell(unbiased):
    """MMPose's conditions at the borders, which differ from side to side."""
    assert_as_mmpose(at_every_cell(), unbiased=unbiased)


def test_patches_at_both_ends_of_memory():
    """A map alone, whose patches reach beyond what there is to read."""
    rest = np.random.default_rng(0).uniform(0, 0.5, (12, 14)).astype(np.float32)
    for y in range(12):
        for x in range(14):
            maps = rest[None, None].copy()
            maps[..., y, x] = 1
            points, _ = of_ours(maps, unbiased=True)
            np.testing.assert_allclose(points[0, 0], dark(maps[0, 0]), rtol=2e-6, atol=1e-4)


@both
@pytest.mark.parametrize('value', [0.0, 1.0, -1.0, 1e-12, -1e-12])
def test_flat(value, unbiased):
    maps = np.full((1, 2, 20, 24), value, np.float32)
    assert_as_mmpose(maps, unbiased=unbiased)
    points, scores = of_ours(maps, unbiased=unbiased)
    assert np.all(points == (0 if value > 0 else -1))
    assert np.all(scores == maps[..., 0, 0])


@both
def test_nothing_above_zero(unbiased):
    """Peaks in the middle, yet MMPose calls it no point."""
    assert_as_mmpose(gaussians() - 1.5, unbiased=unbiased)
    points, _ = of_ours(gaussians() - 1.5, unbiased=unbiased)
    assert np.all(points == -1)


@both
def test_zero_is_not_above_zero(unbiased):
    maps = np.full((1, 1, 16, 16), -1.0, np.float32)
    maps[..., 8, 8] = 0
    points, scores = of_ours(maps, unbiased=unbiased)
    assert points.tolist() == [[[-1, -1]]] and scores == 0


@both
@pytest.mark.parametrize('levels', [1, 3])
def test_ties(levels, unbiased):
    """The first of equal maxima, in rows from the top, as NumPy has it."""
    maps = np.random.default_rng(0).integers(0, levels + 1, (2, 20, 24, 20)).astype(np.float32)
    points, _ = of_ours(maps)
    first = maps.reshape(2, 20, -1).argmax(-1)
    np.testing.assert_allclose(points[..., 0], first % 20, atol=0.25)
    np.testing.assert_allclose(points[..., 1], first // 20, atol=0.25)
    assert_as_mmpose(maps) if not unbiased else assert_as_formula(maps)


def test_plateau():
    """No step where both neighbours are equal."""
    maps = np.zeros((1, 1, 9, 9), np.float32)
    maps[..., 4, 3:6] = 1
    points, _ = of_ours(maps)
    assert points.tolist() == [[[3.25, 4.0]]]


@pytest.mark.parametrize('scale', [1e-30, 1e-12, 1e-9, 1e-4, 1e4, 1e30])
def test_any_scale(scale):
    """DARK scales to the old maximum, which is cut at 1e-10."""
    maps = gaussians() * np.float32(scale)
    assert_as_mmpose(maps, unbiased=True)
    assert_as_mmpose(maps)


def test_values_below_zero_around_the_peak():
    """What the blur leaves below 1e-10 is cut; the whole map says what it is
    scaled by, which may be negative."""
    rng = np.random.default_rng(0)
    for maps in (
        gaussians() - 0.9,
        gaussians() - 0.3,
        rng.normal(size=(2, 60, 40, 30)),
        rng.normal(size=(2, 60, 40, 30)) * 1e-9,
        np.where(gaussians() < 0.98, 0, 1),
    ):
        assert_as_formula(maps.astype(np.float32))


def test_single_peaks_among_lower_ones():
    """Blurred, all is below 0, and so is the factor."""
    maps = np.full((1, 1, 30, 30), -1.0, np.float32)
    maps[..., 10, 12] = 0.5
    blurred = np.array(cv2.GaussianBlur(maps[0, 0], (11, 11), 0))
    assert blurred.max() < 0
    assert_as_mmpose(maps, unbiased=True)


@pytest.mark.parametrize('seed', range(3))
def test_random_maps_as_formula(seed):
    """Where MMPose's single precision loses tenths of a pixel."""
    rng = np.random.default_rng(seed)
    maps = rng.random((3, 98, 64, 64), np.float32)
    assert_as_formula(maps)
    assert not np.allclose(
        of_mmpose(maps, unbiased=True)[0], of_ours(maps, unbiased=True)[0], **CLOSE
    )


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 24),
    st.integers(1, 24),
    st.sampled_from([3, 5, 7, 9, 11, 17]),
    st.floats(-1.0, 1.0),
)
def test_any_maps(seed, width, height, kernel_size, above):
    """Of any size, kernel and level."""
    maps = noisy(1, 5, width, height, seed) + np.float32(above)
    assert_as_mmpose(maps)
    points, _ = of_ours(maps, unbiased=True, blur_kernel_size=kernel_size)
    expected = [dark(each, kernel_size) for each in maps[0]]
    np.testing.assert_allclose(points[0], expected, rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize('kernel_size', [3, 7, 11, 17])
def test_kernels(kernel_size):
    assert_as_mmpose(noisy(), unbiased=True, blur_kernel_size=kernel_size)


def test_a_kernel_of_one_cell():
    """No blur; MMPose cannot do without."""
    maps = gaussians(1, 10)
    points, _ = of_ours(maps, unbiased=True, blur_kernel_size=1)
    expected = [dark(each, 1) for each in maps[0]]
    np.testing.assert_allclose(points[0], expected, rtol=2e-6, atol=1e-4)


@both
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_other_precision(dtype, unbiased):
    """Heatmaps as they come under AMP: as if they were single."""
    maps = torch.from_numpy(noisy()).to(dtype)
    ours = decode_heatmaps(maps, unbiased)
    expected = of_mmpose(maps.float().numpy(), unbiased)
    np.testing.assert_allclose(ours[0].numpy(), expected[0], **CLOSE)
    np.testing.assert_array_equal(ours[1].numpy(), expected[1])


def test_double_precision_is_single():
    """What differs in double precision alone is a tie."""
    maps = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    maps[..., 4, 3], maps[..., 4, 5] = 1, 1 + 1e-12
    assert decode_heatmaps(maps)[0].tolist() == [[[3.0, 4.0]]]


@both
def test_order_of_memory(unbiased):
    """Networks with channels last, and slices, give the same."""
    maps = torch.from_numpy(noisy())
    expected = decode_heatmaps(maps, unbiased)
    for other in (
        maps.contiguous(memory_format=torch.channels_last),
        torch.stack((maps, maps), -1)[..., 0],
    ):
        assert not other.is_contiguous()
        for a, b in zip(decode_heatmaps(other, unbiased), expected):
            assert torch.equal(a, b)


@both
def test_not_a_number(unbiased):
    """Where the network has failed, point and score say so. MMPose gives a
    point at the NaN, or NaN too. Other maps are not touched by it."""
    maps = noisy()
    expected = of_ours(maps, unbiased=unbiased)
    maps[0, 3, 2, 50] = maps[1, 1, 30, 20] = maps[1, 1, 40, 5] = np.nan
    maps[1, 5:8] = np.nan
    failed = np.isnan(maps).any((2, 3))
    for ours, each in zip(of_ours(maps, unbiased=unbiased), expected):
        np.testing.assert_array_equal(ours[~failed], each[~failed])
        assert np.isnan(ours[failed]).all()


@both
def test_leaves_the_heatmaps(unbiased):
    maps = torch.from_numpy(noisy()).requires_grad_()
    before = maps.detach().clone()
    points, scores = decode_heatmaps(maps, unbiased)
    assert torch.equal(maps, before)
    assert not points.requires_grad and not scores.requires_grad


def test_bad_input():
    with pytest.raises(ValueError, match=r'got \(3, 8, 8\)'):
        decode_heatmaps(torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match=r'got \(1, 3, 0, 8\)'):
        decode_heatmaps(torch.zeros(1, 3, 0, 8))
    for size in (10, 0, -1):
        with pytest.raises(ValueError, match=f'odd, got {size}'):
            decode_heatmaps(torch.zeros(1, 3, 8, 8), True, size)
