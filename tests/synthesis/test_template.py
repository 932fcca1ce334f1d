# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.atlas import uv_to_grid
from mmpose_face.synthesis.render import sample_grid
from mmpose_face.synthesis.template import GRID, _inverse, template, texture_coordinates

MIRROR = (-1, 1, 1)


def test_the_head_is_its_own_mirror_image():
    points = template().controls[:98]
    assert points[list(WFLW98.mirror)] * MIRROR == pytest.approx(points)
    surface = template().surface
    assert surface[:, ::-1] * MIRROR == pytest.approx(surface, abs=0.01)


def test_the_surface_goes_through_the_points():
    seen = sample_grid(template().surface, uv_to_grid(template().uv[:98]))
    off = np.linalg.norm(seen - template().controls[:98], axis=1)
    assert off.max() < 5 and np.median(off) < 1  # millimetres


def test_proportions_of_a_head():
    point = dict(zip(WFLW98.points, template().controls))
    # Outer eye corners 9 cm apart, pupils 6, the face 14 wide and twice the
    # distance from eyes to mouth high; millimetres.
    assert point['right_eye_outer_corner'][0] * 2 == pytest.approx(90, abs=5)
    assert point['right_pupil'][0] * 2 == pytest.approx(62, abs=4)
    assert point['right_jaw_16'][0] * 2 == pytest.approx(142, abs=8)
    assert 60 < point['right_mouth_corner'][1] < 75 < point['chin'][1] < 120
    # The nose is in front, the ears are behind.
    depth = {name: p[2] for name, p in point.items()}
    assert max(depth, key=depth.get) == 'nose_bridge_4'
    assert min(depth, key=depth.get) in ('left_jaw_16', 'right_jaw_16')


def test_jaw_points_are_equally_far_apart():
    jaw = template().controls[list(WFLW98.groups['jaw'])]
    steps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.1


def test_texture_coordinates_of_the_axes():
    """Straight ahead is the middle, a quarter turn half of u's angle."""
    ahead, right = texture_coordinates(np.array([[0.0, 15, 9], [9.0, 15, 0]]))
    assert ahead == pytest.approx([0, 0])
    u = right[0]
    assert 0.45 * u + 0.55 * u**5 == pytest.approx(0.5, abs=1e-3)
    assert right[1] == pytest.approx(0, abs=1e-9)


def test_moving_no_point_moves_nothing():
    assert template().spread.shape == (GRID[0] * GRID[1], len(template().controls))
    # Moving all points by the same vector moves the surface by it.
    total = template().spread.sum(1)
    assert total == pytest.approx(np.ones_like(total), abs=1e-2)


def test_inverse_is_numpys():
    matrix = np.random.default_rng(0).normal(size=(9, 9))
    matrix[0, 0] = 0  # a pivot must be looked for
    assert _inverse(matrix) == pytest.approx(np.linalg.inv(matrix))
