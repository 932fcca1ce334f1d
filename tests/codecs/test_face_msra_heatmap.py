# SPDX-License-Identifier: Apache-2.0
"""Points near the borders, as MMPose draws them and as they should be."""

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.registry import KEYPOINT_CODECS
from test_decoding import gaussians

from mmpose_face.codecs import FaceMSRAHeatmap

# Cells of 4 pixels, more in one direction than in the other.
SIZES = dict(input_size=(256, 192), heatmap_size=(64, 48))
WIDTH, HEIGHT = SIZES['heatmap_size']


def encode(codec, *cells, visible=None):
    """The maps and weights of points that lie on these cells."""
    points = 4.0 * np.array([cells], np.float32)
    encoded = codec.encode(points, visible)
    return encoded['heatmaps'], encoded['keypoint_weights']


def peaks(codec, *cells):
    """Column and row of each map's maximum."""
    heatmaps, _ = encode(codec, *cells)
    flat = heatmaps.reshape(len(cells), -1).argmax(1)
    return np.stack([flat % WIDTH, flat // WIDTH], 1)


@pytest.fixture
def mended():
    return FaceMSRAHeatmap(sigma=1.5, border_shift=False, **SIZES)


def everywhere():
    """Points inside, on the borders and outside, between cells too."""
    x, y = np.meshgrid(np.arange(-12, WIDTH + 12, 1.3), np.arange(-12, HEIGHT + 12, 1.7))
    return np.stack([x.ravel(), y.ravel()], 1)


@pytest.mark.parametrize('cell', range(10))
def test_fault_of_mmpose(cell):
    """What this codec is there for: if this fails, MMPose is mended and the
    codec can go."""
    theirs = MSRAHeatmap(sigma=1.5, **SIZES)
    drawn = cell + 1 if cell < 5 else cell
    np.testing.assert_array_equal(peaks(theirs, (cell, 20), (20, cell)), [(drawn, 20), (20, drawn)])
    right, bottom = WIDTH - 1 - cell, HEIGHT - 1 - cell
    np.testing.assert_array_equal(
        peaks(theirs, (right, 20), (20, bottom)), [(right, 20), (20, bottom)]
    )
    # With a whole 3 * sigma there is no such fault.
    whole = MSRAHeatmap(sigma=2, **SIZES)
    np.testing.assert_array_equal(peaks(whole, (cell, cell)), [(cell, cell)])


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(sigma=1.5),
        dict(sigma=2),
        dict(sigma=1.5, unbiased=True),
        dict(sigma=1.5, unbiased=True, border_shift=False),
    ],
)
def test_draws_as_mmpose(kwargs):
    """By default, and with DARK in any case."""
    ours = FaceMSRAHeatmap(**kwargs, **SIZES)
    kwargs = {k: v for k, v in kwargs.items() if k != 'border_shift'}
    theirs = MSRAHeatmap(**kwargs, **SIZES)
    for a, b in zip(encode(ours, *everywhere()), encode(theirs, *everywhere())):
        np.testing.assert_array_equal(a, b)
    maps = np.random.default_rng(0).random((5, HEIGHT, WIDTH), np.float32)
    for a, b in zip(ours.decode(maps), theirs.decode(maps)):
        np.testing.assert_array_equal(a, b)


def test_mended_peak_is_on_the_cell(mended):
    cells = [
        (x, y)
        for x in range(WIDTH)
        for y in range(HEIGHT)
        if min(x, y, WIDTH - 1 - x, HEIGHT - 1 - y) < 6
    ]
    np.testing.assert_array_equal(peaks(mended, *cells), cells)
    heatmaps, _ = encode(mended, *cells)
    assert np.all(heatmaps.max((1, 2)) == 1)


def test_mended_patch_is_the_same_everywhere(mended):
    """Only cut by the border, as MMPose cuts it on the right and below."""
    heatmaps, _ = encode(mended, (30, 20), (2, 20), (30, 1), (61, 46), (-3, 9))
    middle = np.pad(heatmaps[0], 40)
    for heatmap, (x, y) in zip(heatmaps, [(0, 0), (-28, 0), (0, -19), (31, 26), (-33, -11)]):
        expected = middle[40 - y :, 40 - x :][:HEIGHT, :WIDTH]
        np.testing.assert_array_equal(heatmap, expected)
    # Its cells: a Gaussian of sigma 1.5, 1 at the point.
    assert heatmaps[1, 20, 0] == pytest.approx(np.exp(-(2**2) / (2 * 1.5**2)))


def test_mended_is_mmposes_away_from_the_left_and_upper_border(mended):
    """Beyond the right and the lower border too."""
    cells = [(x, y) for x, y in everywhere() if min(x, y) > 5]
    expected, _ = encode(MSRAHeatmap(sigma=1.5, **SIZES), *cells)
    heatmaps, _ = encode(mended, *cells)
    np.testing.assert_array_equal(heatmaps, expected)


def test_mended_weights_are_mmposes(mended):
    cells = everywhere()
    visible = np.random.default_rng(0).choice([0, 0.3, 1.0], (1, len(cells)))
    expected, weights = encode(MSRAHeatmap(sigma=1.5, **SIZES), *cells, visible=visible)
    before = visible.copy()
    heatmaps, ours = encode(mended, *cells, visible=visible)
    np.testing.assert_array_equal(ours, weights)
    np.testing.assert_array_equal(visible, before)
    assert 0 < (weights == 0).sum() < weights.size
    # What has no weight, or is not labelled, is not drawn.
    assert not heatmaps[ours[0] < 0.5].any()
    assert not expected[ours[0] < 0.5].any()


def test_points_of_half_precision_become_single():
    """Before they are divided by the pixels in a cell, 250 / 64 and 200 / 48."""
    codec = FaceMSRAHeatmap((250, 200), (64, 48), sigma=1.5, unbiased=True)
    points = torch.tensor([[[101.3, 77.7], [30.9, 150.1]]]).half()
    expected = codec.batch_encode(points.float(), torch.ones(1, 2))
    assert torch.equal(
        codec.batch_encode(points, torch.ones(1, 2))['heatmaps'], expected['heatmaps']
    )


def test_one_face_of_a_batch_needs_the_whole_map():
    """DARK meets values close to 0 in the maps of the second alone."""
    codec = FaceMSRAHeatmap(sigma=2, unbiased=True, **SIZES)
    maps = torch.from_numpy(gaussians(2, 9, WIDTH, HEIGHT))
    maps[1] -= 0.93
    points, _ = codec.batch_decode(maps)
    expected, _ = codec.decode_on_device(maps)
    np.testing.assert_array_equal(np.concatenate(points), expected)


def test_registered():
    codec = KEYPOINT_CODECS.build(dict(type='FaceMSRAHeatmap', sigma=1.5, **SIZES))
    assert codec.border_shift
