# SPDX-License-Identifier: Apache-2.0
"""Targets of the paper's network, and the loss on maps."""

import math

import cv2
import numpy as np
import pytest
import torch
from mmpose.models.losses import AdaptiveWingLoss

from mmpose_face.landmarks import COFW29, IBUG68, WFLW98
from mmpose_face.models import WeightedAdaptiveWingLoss
from mmpose_face.models.landmark_maps import (
    Edge,
    EdgeMaps,
    draw_line,
    edges_of,
    membership,
    point_maps,
    spline,
)
from mmpose_face.models.losses.weighted_adaptive_wing_loss import foreground


def smaller(image: np.ndarray) -> np.ndarray:
    """To a quarter, bilinearly, as OpenCV does it."""
    height, width = image.shape
    return cv2.resize(image, (width // 4, height // 4))


def test_point_map_by_hand():
    """The middle pixels of cell 1 are 5 and 6, those of cell 2 are 9 and
    10."""

    def gauss(*distances):
        return sum(math.exp(-d * d / (2 * 1.5**2)) for d in distances) / 2

    found = point_maps(torch.tensor([[[5.5, 9.0]]]), 3, 4)[0, 0]
    assert found.shape == (3, 4)
    assert found[2, 1] == pytest.approx(gauss(0.5, 0.5) * gauss(0, 1))
    assert found[1, 1] == pytest.approx(gauss(0.5, 0.5) * gauss(4, 3))
    assert found[2, 0] == pytest.approx(gauss(4.5, 3.5) * gauss(0, 1))


def test_point_maps_are_those_drawn_large_and_made_smaller():
    rng = np.random.default_rng(0)
    points = rng.uniform(-4, 68, (5, 2)).astype(np.float32)
    found = point_maps(torch.from_numpy(points)[None], 16, 12)[0].numpy()
    y, x = np.mgrid[:64, :48].astype(np.float32)
    for point, drawn in zip(points, found):
        square = (x - point[0]) ** 2 + (y - point[1]) ** 2
        expected = smaller(np.exp(-square / (2 * 1.5**2)))
        np.testing.assert_allclose(drawn, expected, atol=1e-6)


def test_line_by_hand():
    """At height 5.25 pixels: three quarters of row 5, one of row 6, so that
    cells of row 1 have their mean, 1/2; it ends between 2 and 9, in the
    middle pixels of cells 0 and 2."""
    found = draw_line(torch.tensor([[[2.0, 5.25], [9.0, 5.25]]]), 3, 4)[0]
    expected = torch.zeros(3, 4)
    expected[1, :2] = 0.5
    # Pixel 1 is (1, 1/4) and (1, 3/4) away from the end, 10 likewise.
    expected[1, 0] = (0.75 + 0.25) / 4
    expected[1, 2] = (0.75 + 0.25) / 4
    torch.testing.assert_close(found, expected)


def test_lines_are_near_those_of_opencv():
    """Which draws whole pixels' ends and wider flanks."""
    rng = np.random.default_rng(0)
    for start, end in rng.integers(4, 60, (20, 2, 2)):
        image = np.zeros((64, 64), np.uint8)
        cv2.line(image, *map(tuple, (start.tolist(), end.tolist())), 255, 1, cv2.LINE_AA)
        expected = smaller(image.astype(np.float32) / 255)
        found = draw_line(torch.tensor(np.stack([start, end]), dtype=torch.float32)[None], 16, 16)[
            0
        ].numpy()
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97
        assert abs(found - expected).max() < 0.2


@pytest.mark.parametrize('length', (2, 33, 70))
def test_a_line_in_parts_is_the_line(length):
    ends = torch.tensor([[[3.0, 60.0], [50.0, 7.0]]])
    t = torch.linspace(0, 1, length)[:, None]
    parts = ends[:, :1] * (1 - t) + ends[:, 1:] * t
    torch.testing.assert_close(draw_line(parts, 16, 16), draw_line(ends, 16, 16), atol=1e-4, rtol=0)


def test_a_part_without_length():
    found = draw_line(torch.full((1, 2, 2), 5.0), 2, 2)
    assert found.isfinite().all() and found[0, 1, 1] > 0


def test_spline_passes_through_the_points_and_is_smooth():
    """A parabola is its own open spline; a circle nearly its closed one."""
    x = np.arange(5.0)
    fine = np.linspace(0, 4, 21)
    np.testing.assert_allclose(
        spline(5, False, 5) @ np.stack([x, x**2 - x], 1),
        np.stack([fine, fine**2 - fine], 1),
        atol=1e-12,
    )
    angles = np.arange(8) * np.pi / 4
    circle = spline(8, True, 5) @ np.stack([np.cos(angles), np.sin(angles)], 1)
    assert len(circle) == 8 * 5 + 1
    np.testing.assert_allclose(circle[0], circle[-1], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1, atol=2e-3)


def test_edge_maps():
    """Each edge through its own landmarks, of each face."""
    torch.manual_seed(0)
    points = torch.rand(2, 4, 2) * 64
    edges = (Edge((3, 1), False), Edge((0, 1, 2), True))
    found = EdgeMaps(edges, 4)(points, 16, 16)
    assert found.shape == (2, 2, 16, 16)
    torch.testing.assert_close(found[:, 0], draw_line(points[:, [3, 1]], 16, 16))
    curve = torch.from_numpy(spline(3, True, 5)).float() @ points[:, :3]
    torch.testing.assert_close(found[:, 1], draw_line(curve, 16, 16))


def test_edges_are_drawn_in_float32_under_autocast():
    points = torch.tensor([[[200.3, 100.0], [200.3, 120.0]]])
    maps = EdgeMaps((Edge((0, 1), False),), 2)
    with torch.autocast('cpu', torch.bfloat16):
        found = maps(points, 64, 64)
    torch.testing.assert_close(found, maps(points, 64, 64))


@pytest.mark.parametrize('scheme, number', [(IBUG68, 9), (WFLW98, 9), (COFW29, 7)])
def test_edges_of_schemes(scheme, number):
    edges = edges_of(scheme.name)
    assert len(edges) == number
    lines = [
        line for points, closed in edges for line in zip(points, points[1:] + points[:1] * closed)
    ]
    assert tuple(lines) == scheme.lines
    of_edges = membership(edges, scheme.num_points)
    assert of_edges.sum() == sum(len(edge.points) for edge in edges)
    shared = of_edges.sum(0).gt(1).nonzero().flatten().tolist()
    assert [scheme.points[i] for i in shared] == (
        ['left_mouth_corner', 'right_mouth_corner'] if scheme is COFW29 else []
    )


def test_edges_of_cofw_are_the_papers():
    """By the numbers of the annotation files; the paper's code leaves the
    second eye open."""
    found = {frozenset(edge.points) for edge in edges_of('cofw29')}
    assert found == {
        frozenset(points)
        for points in (
            (0, 4, 2, 5),
            (1, 6, 3, 7),
            (8, 12, 10, 13),
            (9, 14, 11, 15),
            (18, 20, 19, 21),
            (22, 26, 23, 27),
            (22, 24, 23, 25),
        )
    }
    assert all(edge.closed for edge in edges_of('cofw29'))


@pytest.mark.parametrize('scheme', [IBUG68, WFLW98, COFW29])
def test_edges_of_a_mirrored_face_are_mirrored(scheme):
    torch.manual_seed(0)
    edges = edges_of(scheme.name)
    found = {frozenset(edge.points): i for i, edge in enumerate(edges)}
    mirror = list(scheme.mirror)
    other = [found[frozenset(mirror[i] for i in edge.points)] for edge in edges]
    points = torch.rand(2, scheme.num_points, 2) * 64
    mirrored = points[:, mirror] * torch.tensor([-1, 1]) + torch.tensor([63, 0])
    draw = EdgeMaps(edges, scheme.num_points)
    torch.testing.assert_close(
        draw(mirrored, 16, 16)[:, other], draw(points, 16, 16).flip(-1), atol=1e-3, rtol=0
    )


def test_foreground_by_hand():
    target = torch.zeros(1, 1, 4, 5)
    target[0, 0, 0, 0], target[0, 0, 3, 3] = 0.2, 0.19
    expected = torch.zeros(4, 5, dtype=torch.bool)
    expected[:2, :2] = True
    assert torch.equal(foreground(target)[0, 0], expected)


def test_adaptive_wing_loss_by_hand():
    """One cell is to be 1, its eight neighbours count as it does: 11 times;
    an error of 0.25 is below theta, 14 ln(1 + 0.25^(2.1 - target))."""
    target = torch.zeros(1, 1, 5, 5)
    target[0, 0, 2, 2] = 1
    pred = (target - 0.25).abs()
    background, peak = (14 * math.log(1 + 0.25 ** (2.1 - t)) for t in (0, 1))
    expected = (16 * background + 11 * (8 * background + peak)) / 25
    loss = WeightedAdaptiveWingLoss(loss_weight=3.0)
    assert loss(pred, target) == pytest.approx(3 * expected, rel=1e-5)


def test_weights_are_as_in_mmpose():
    """Where no cell is foreground it is MMPose's loss."""
    torch.manual_seed(0)
    pred, target = torch.rand(2, 2, 3, 8, 8)
    target = target / 6
    weights = torch.tensor([[1.0, 0, 1], [1, 1, 0]])
    found = WeightedAdaptiveWingLoss(use_target_weight=True)
    expected = AdaptiveWingLoss(use_target_weight=True)
    torch.testing.assert_close(found(pred, target, weights), expected(pred, target, weights))


def test_adaptive_wing_gradients():
    torch.manual_seed(0)
    target = torch.rand(1, 2, 4, 4).double()
    pred = torch.rand(1, 2, 4, 4).double().requires_grad_()
    torch.autograd.gradcheck(lambda p: WeightedAdaptiveWingLoss()(p, target), pred)
    perfect = target.clone().requires_grad_()
    WeightedAdaptiveWingLoss()(perfect, target).backward()
    assert (perfect.grad == 0).all()
