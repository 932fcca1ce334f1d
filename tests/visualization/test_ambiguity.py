# SPDX-License-Identifier: Apache-2.0
"""Ellipses of heatmaps, and how they lie to the lines of a face."""

import numpy as np
import pytest
import torch

from mmpose_face.landmarks import IBUG68, Curve, Scheme
from mmpose_face.visualization.ambiguity import ambiguity, angles_to_lines, axes, draw_ellipses

TRIANGLE = Scheme(
    'triangle', (Curve('jaw', ('left_a', 'a', 'right_a')), Curve('eyes', ('b',))), None
)


def test_two_cells_in_pixels():
    """Cells 0 and 3 of 4 lie at the borders of a crop of 64 x 32 pixels, from
    -0.5 to 63.5: half the width is 32 pixels, and the unbiased variance of
    two values 32^2 / (1 - 1/2)."""
    heatmap = torch.zeros(1, 1, 4, 4)
    heatmap[..., 0, 0] = heatmap[..., 0, 3] = 0.5
    points, covariances = ambiguity(heatmap, (64, 32))
    np.testing.assert_allclose(points, [[[31.5, -0.5]]])
    np.testing.assert_allclose(covariances[0, 0], [[2048, 0], [0, 0]], rtol=1e-4)


def turned(degrees: float, long: float = 3.0, short: float = 1.0) -> np.ndarray:
    """A covariance (2, 2) whose longer axis has been turned from x to y."""
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return turn @ np.diag([long**2, short**2]) @ turn.T


@pytest.mark.parametrize('degrees', [0, 30, 90, 135, 180])
def test_axes(degrees):
    lengths, direction = axes(turned(degrees))
    np.testing.assert_allclose(lengths, [3, 1])
    expected = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    assert abs(direction @ expected) == pytest.approx(1)


def test_angles_to_lines():
    """The line goes to the right and then down: its directions are 0, 45 and
    90 degrees, whichever way the axis is written. One point is no line."""
    points = np.array([[[0, 0], [10, 0], [10, 10], [5, 5]]], float)
    turns = [0, 45 + 180, 60, 0]
    covariances = np.array([[turned(t) for t in turns]])
    np.testing.assert_allclose(
        angles_to_lines(points, covariances, TRIANGLE), [[0, 0, 30, np.nan]], atol=1e-5
    )


def test_angles_around_a_closed_line():
    """All points of an eye on a circle, all ellipses along it."""
    points = np.zeros((1, 68, 2))
    eye = IBUG68.groups['eyes'][:6]
    around = np.arange(6) * 60
    points[0, eye] = 10 * np.stack((np.cos(np.radians(around)), np.sin(np.radians(around))), -1)
    covariances = np.tile(turned(0), (1, 68, 1, 1))
    covariances[0, eye] = [turned(angle + 90) for angle in around]
    with np.errstate(invalid='ignore'):  # other points lie on one another
        angles = angles_to_lines(points, covariances, IBUG68)
    np.testing.assert_allclose(angles[0, eye], 0, atol=1e-5)


def test_drawing():
    """An ellipse of 6 by 2 pixels about (20, 10): its ends are painted, its
    middle is not, nor is the image that was given."""
    image = np.zeros((20, 40, 3), np.uint8)
    points = np.array([[20.0, 10.0]] * 4)
    covariances = np.array([turned(0, 6, 2)] * 4)
    drawn = draw_ellipses(image, points, covariances, TRIANGLE).any(-1)
    assert not image.any()
    assert drawn[10, 26] and drawn[10, 14] and drawn[12, 20] and drawn[8, 20]
    assert not drawn[10, 20] and not drawn[10, 30] and not drawn[15, 20]
