# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.landmarks import (GROUP_COLORS, IBUG68, SCHEMES, WFLW98,
                                   Curve, Scheme)
from mmpose_face.visualization import contact_sheet, draw_landmarks

DOT = Scheme('dot', (Curve('eyes', ('a', )), ), ('a', 'a'))
GREY = np.full((100, 120, 3), 90, np.uint8)


def changed(drawing: np.ndarray) -> np.ndarray:
    return np.abs(drawing.astype(float) - GREY).sum(2)


def random_face(scheme: Scheme) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform((20, 20), (100, 80), (scheme.num_points, 2))


@pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)
def test_every_point_has_the_colour_of_its_group(scheme):
    """Points in a grid, far enough apart for their dots not to touch."""
    k = scheme.num_points
    points = 20. * np.stack([np.arange(k) % 10 + 1, np.arange(k) // 10 + 1], 1)
    drawing = draw_landmarks(np.zeros((240, 240, 3), np.uint8), points, scheme)
    for group, indices in scheme.groups.items():
        for i in indices:
            x, y = points[i].astype(int)
            # The edge of a small dot is blended.
            np.testing.assert_allclose(
                drawing[y, x], GROUP_COLORS[group], atol=20)


def test_lines_join_neighbours():
    pair = Scheme('pair', (Curve('jaw', ('a', 'b')), ), ('a', 'b'))
    drawing = draw_landmarks(GREY, [[20, 50], [100, 50]], pair)
    np.testing.assert_allclose(drawing[50, 60], GROUP_COLORS['jaw'], atol=20)
    assert not changed(drawing)[60:].any()


@pytest.mark.parametrize('x,y', [(50, 40), (50.5, 40), (50.25, 40.75)])
def test_sub_pixel(x, y):
    weight = changed(draw_landmarks(GREY, [[x, y]], DOT))
    rows, columns = np.mgrid[:100, :120]
    assert (weight * columns).sum() / weight.sum() == pytest.approx(x, abs=.15)
    assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=.15)


def test_dots_grow_with_the_face():
    three = Scheme('three', tuple(Curve('eyes', (name, )) for name in 'abc'),
                   ('a', 'b'))
    canvas = np.zeros((800, 800, 3), np.uint8)
    areas = []
    for size in (100, 300, 600):
        points = np.array([[0, 0], [1, 0], [0, 1]]) * size + 50
        drawing = draw_landmarks(canvas, points, three)
        areas.append(np.count_nonzero(drawing.any(2)))
    assert areas[0] < areas[1] / 3 < areas[2] / 6


def test_arguments_are_not_altered():
    image, points = GREY.copy(), random_face(WFLW98)
    before = points.copy()
    drawing = draw_landmarks(image, points, WFLW98)
    assert drawing.shape == image.shape and drawing.dtype == np.uint8
    assert (drawing != image).any()
    np.testing.assert_array_equal(image, GREY)
    np.testing.assert_array_equal(points, before)


def test_many_faces():
    one, two = random_face(IBUG68), random_face(IBUG68) / 2
    both = draw_landmarks(GREY, [one, two], IBUG68)
    each = draw_landmarks(draw_landmarks(GREY, one, IBUG68), two, IBUG68)
    np.testing.assert_array_equal(both, each)
    none = draw_landmarks(GREY, np.zeros((0, 68, 2)), IBUG68)
    np.testing.assert_array_equal(none, GREY)


def test_points_that_cannot_be_drawn():
    nowhere = np.full((68, 2), np.nan)
    np.testing.assert_array_equal(draw_landmarks(GREY, nowhere, IBUG68), GREY)
    points = np.full((68, 2), np.inf)
    points[30] = 60, 50
    assert changed(draw_landmarks(GREY, points, IBUG68))[50, 60]
    points[35] = 1e300, -1e300  # far outside
    draw_landmarks(GREY, points, IBUG68)


def test_an_occluded_point_is_a_red_ring():
    pair = Scheme('pair', (Curve('jaw', ('a', )), Curve('eyes', ('b', ))),
                  None)
    points = [[40, 30], [80, 70]]
    drawing = draw_landmarks(GREY, points, pair, [True, False])
    assert (drawing[30, 40] == GREY[30, 40]).all()
    red = (drawing[..., 2] > 150) & (drawing[..., :2] < 60).all(2)
    rows, columns = np.nonzero(red)
    assert len(rows) >= 4
    assert (rows.mean(), columns.mean()) == pytest.approx((30, 40), abs=.2)
    distance = np.hypot(rows - 30, columns - 40)
    assert distance.min() >= 1 and distance.max() <= 4
    np.testing.assert_allclose(drawing[70, 80], GROUP_COLORS['eyes'], atol=20)


def test_none_occluded():
    points = random_face(IBUG68)
    np.testing.assert_array_equal(
        draw_landmarks(GREY, points, IBUG68),
        draw_landmarks(GREY, points, IBUG68, np.zeros(68)))


def test_occluded_points_of_many_faces():
    faces = [random_face(IBUG68), random_face(IBUG68) / 2]
    hidden = np.zeros((2, 68), bool)
    hidden[1, 30] = True
    first = draw_landmarks(GREY, faces[0], IBUG68, hidden[0])
    np.testing.assert_array_equal(
        draw_landmarks(GREY, faces, IBUG68, hidden),
        draw_landmarks(first, faces[1], IBUG68, hidden[1]))
    hidden_nowhere = np.full((68, 2), np.nan)
    np.testing.assert_array_equal(
        draw_landmarks(GREY, hidden_nowhere, IBUG68, np.ones(68)), GREY)


@pytest.mark.parametrize('shape', [(67, ), (1, 68), ()])
def test_occluded_of_other_points(shape):
    with pytest.raises(ValueError, match=r'expected occluded of shape .68,.'):
        draw_landmarks(GREY, random_face(IBUG68), IBUG68, np.zeros(shape))


@pytest.mark.parametrize(
    'image', [GREY[..., 0],
              GREY.astype(float),
              np.zeros((4, 4, 4), np.uint8)])
def test_images_that_are_none(image):
    with pytest.raises(ValueError, match='expected a BGR image'):
        draw_landmarks(image, random_face(IBUG68), IBUG68)


@pytest.mark.parametrize('shape', [(98, 2), (68, 3), (136, ), (1, 1, 68, 2)])
def test_points_of_another_scheme(shape):
    with pytest.raises(ValueError, match='expected points .68, 2. or'):
        draw_landmarks(GREY, np.zeros(shape), IBUG68)


def test_contact_sheet():
    images = [
        np.full((h, w, 3), v, np.uint8)
        for h, w, v in [(10, 20, 1), (8, 20, 2), (10, 6, 3)]
    ]
    sheet = contact_sheet(images, columns=2)
    assert sheet.shape == (10 + 4 + 10, 20 + 4 + 20, 3)
    assert (sheet[:10, :20] == 1).all() and (sheet[:10, 20:24] == 255).all()
    assert (sheet[1:9, 24:] == 2).all() and (sheet[0, 24:] == 255).all()
    assert (sheet[14:, 7:13] == 3).all() and (sheet[14:, 13:] == 255).all()


def test_contact_sheet_is_no_wider_than_its_images():
    image = np.zeros((5, 6, 3), np.uint8)
    assert contact_sheet([image], columns=8).shape == image.shape
    with pytest.raises(ValueError, match='got 0 and 3'):
        contact_sheet([], columns=3)
    with pytest.raises(ValueError, match='got 1 and 0'):
        contact_sheet([image], columns=0)
