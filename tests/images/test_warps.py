# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mmpose.structures.bbox import get_warp_matrix
from photographs import crop_matrix, photograph

from mmpose_face.images.warps import (
    matrix_of_box,
    of_reduced,
    of_unmirrored,
    pitch,
    warp,
)

MATRIX = np.array([[2.0, 0.5, 3], [-1, 1.5, 4]])
numbers = st.floats(-4, 4).map(lambda x: round(x, 3))
matrices = st.lists(numbers, min_size=6, max_size=6).map(lambda row: np.array(row).reshape(2, 3))


@given(
    st.tuples(*[st.floats(-1e3, 1e4, width=32)] * 2),
    st.floats(1, 5000, width=32),
    st.floats(-180, 180, width=32),
    st.sampled_from([(256, 256), (128, 96), (65, 200)]),
    st.sampled_from([np.float32, float]),
)
def test_the_matrix_of_mmpose(center, width, angle, size, kind):
    center, sides = np.float32(center), np.float32([width, 3])
    np.testing.assert_array_equal(
        matrix_of_box(center, width, kind(angle), size),
        get_warp_matrix(center, sides, kind(angle), size),
    )


@pytest.mark.parametrize('axes', [(), (0,), (1,), (0, 1)])
def test_the_same_place_for_each_pixel_of_a_mirror_image(axes):
    pixels = np.arange(4 * 7).reshape(4, 7)
    mirrored = np.flip(pixels, axes)
    folded = of_unmirrored(MATRIX, axes, pixels.shape)
    for y, x in np.ndindex(4, 7):
        at = np.argwhere(mirrored == pixels[y, x])[0][::-1]
        # A thousandth of a pixel, twice as large in the crop.
        np.testing.assert_allclose(folded @ [x, y, 1], MATRIX @ [*at, 1], atol=4e-3)


@pytest.mark.parametrize('factor', [1, 2, 4, 8])
def test_the_middle_of_the_pixels_that_one_is_the_mean_of(factor):
    reduced = of_reduced(MATRIX, factor)
    for x, y in np.ndindex(3, 2):
        xs = np.arange(x * factor, (x + 1) * factor)
        ys = np.arange(y * factor, (y + 1) * factor)
        np.testing.assert_allclose(reduced @ [x, y, 1], MATRIX @ [xs.mean(), ys.mean(), 1])


@given(matrices)
def test_pitch_is_of_the_densest_direction(matrix):
    largest = np.linalg.svd(matrix[:, :2], compute_uv=False)[0]
    assume(largest > 1e-2)
    assert pitch(matrix) == pytest.approx(1 / largest, rel=1e-9)


def test_pitch_of_a_crop():
    """A box of 512 pixels for a crop of 256."""
    rng = np.random.default_rng(0)
    for size in (256, 256), (128, 64):
        matrix = crop_matrix(rng, (500, 500), size, sides=(512, 512))
        assert pitch(matrix) == pytest.approx(512 / size[0], rel=1e-6)


@pytest.mark.parametrize('axes', [(0,), (1,), (0, 1)])
def test_a_mirror_image_is_warped_as_its_copy(axes):
    pixels = photograph(200, 150)
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for _ in range(20):
        matrix = crop_matrix(rng, pixels.shape, (64, 48))
        mirrored = np.flip(pixels, axes)
        ours.append(warp(mirrored, matrix, (64, 48)))
        theirs.append(cv2.warpAffine(mirrored.copy(), matrix, (64, 48)))
    apart = np.abs(np.array(ours, int) - np.array(theirs))
    assert (apart <= 1).mean() > 0.999


def test_pixel_for_pixel():
    """A shift by whole pixels copies them."""
    pixels = photograph(40, 30)
    matrix = np.array([[1.0, 0, -5], [0, 1, -3]])
    for axes in (), (0,), (1,), (0, 1):
        mirrored = np.flip(pixels, axes)
        np.testing.assert_array_equal(warp(mirrored, matrix, (20, 10)), mirrored[3:13, 5:25])
