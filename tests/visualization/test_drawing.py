# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.landmarks import GROUP_COLORS, IBUG68, SCHEMES, WFLW98, Curve, Scheme
from mmpose_face.visualization import contact_sheet, draw_boxes, draw_landmarks

DOT = Scheme('dot', (Curve('eyes', ('a',)),), ('a', 'a'))
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
    points = 20.0 * np.stack([np.arange(k) % 10 + 1, np.arange(k) // 10 + 1], 1)
    drawing = draw_landmarks(np.zeros((240, 240, 3), np.uint8), points, scheme)
    for group, indices in scheme.groups.items():
        for i in indices:
            x, y = points[i].astype(int)
            # The edge of a small dot is blended.
            np.testing.assert_allclose(drawing[y, x], GROUP_COLORS[group], atol=20)


def test_lines_join_neighbours():
    pair = Scheme('pair', (Curve('jaw', ('a', 'b')),), ('a', 'b'))
    drawing = draw_landmarks(GREY, [[20, 50], [100, 50]], pair)
    np.testing.assert_allclose(drawing[50, 60], GROUP_COLORS['jaw'], atol=20)
    assert not changed(drawing)[60:].any()


@pytest.mark.parametrize('x,y', [(50, 40), (50.5, 40), (50.25, 40.75)])
def test_sub_pixel(x, y):
    weight = changed(draw_landmarks(GREY, [[x, y]], DOT))
    rows, columns = np.mgrid[:100, :120]
    assert (weight * columns).sum() / weight.sum() == pytest.approx(x, abs=0.15)
    assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=0.15)


def test_dots_grow_with_the_face():
    three = Scheme('three', tuple(Curve('eyes', (name,)) for name in 'abc'), ('a', 'b'))
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
    pair = Scheme('pair', (Curve('jaw', ('a',)), Curve('eyes', ('b',))), None)
    points = [[40, 30], [80, 70]]
    drawing = draw_landmarks(GREY, points, pair, [True, False])
    assert (drawing[30, 40] == GREY[30, 40]).all()
    red = (drawing[..., 2] > 150) & (drawing[..., :2] < 60).all(2)
    rows, columns = np.nonzero(red)
    assert len(rows) >= 4
    assert (rows.mean(), columns.mean()) == pytest.approx((30, 40), abs=0.2)
    distance = np.hypot(rows - 30, columns - 40)
    assert distance.min() >= 1 and distance.max() <= 4
    np.testing.assert_allclose(drawing[70, 80], GROUP_COLORS['eyes'], atol=20)


@pytest.mark.parametrize('flag', ['occluded', 'hollow'])
def test_within_a_ring_the_image_is_seen(flag):
    """Not the line that leads to the point, nor a shadow; on a face of 400
    pixels."""
    pair = Scheme('pair', (Curve('lips', ('a', 'b', 'c', 'd')),), None)
    points = np.array([[50, 50], [250, 250], [450, 50], [450, 450]])
    image = np.full((500, 500, 3), 90, np.uint8)
    drawing = draw_landmarks(image, points, pair, **{flag: [False, True, False, False]})
    assert (drawing[249:252, 249:252] == 90).all()
    np.testing.assert_allclose(drawing[150, 150], GROUP_COLORS['lips'], atol=20)  # on the line
    color = (0, 0, 255) if flag == 'occluded' else GROUP_COLORS['lips']
    # To the left no line leads: shadow, ring, image.
    row = drawing[250, 230:250].astype(int)
    ring = np.flatnonzero((np.abs(row - color) < 20).all(1))
    assert len(ring) >= 2 and (np.diff(ring) == 1).all()
    assert (row[: ring[0]] < 86).all(1).any()
    assert (row[ring[-1] + 2 :] == 90).all()


@pytest.mark.parametrize('background', [0, 90, 255])
def test_lines_and_dots_are_seen_on_any_background(background):
    """Also on their own colour: beside a line there is something darker."""
    pair = Scheme('pair', (Curve('jaw', ('a', 'b')), Curve('eyes', ('c',))), None)
    points = [[20, 50], [220, 50], [120, 200]]
    for color in (background,) * 3, GROUP_COLORS['jaw']:
        image = np.full((240, 240, 3), color, np.uint8)
        drawing = draw_landmarks(image, points, pair).astype(int)
        column = np.abs(drawing[40:61, 120] - GROUP_COLORS['jaw']).max(1)
        assert column[10] < 30
        # Far from the line's colour within two pixels of it.
        assert max(column[8], column[12]) > 90


def test_small_faces_have_no_shadow():
    points = [[20, 50], [40, 50], [30, 65]]
    three = Scheme('three', (Curve('jaw', ('a', 'b')), Curve('eyes', ('c',))), None)
    assert (draw_landmarks(GREY, points, three) >= 51).all()  # green of eyes


def test_a_face_draws_near_itself_alone():
    points = random_face(WFLW98) / 2
    far = np.argwhere(changed(draw_landmarks(GREY, points, WFLW98)) > 0)
    low, high = points.min(0)[::-1], points.max(0)[::-1]
    assert (far.min(0) >= low - 6).all() and (far.max(0) <= high + 6).all()


def changed_at_all(drawing: np.ndarray) -> bool:
    return bool((drawing != 90).any())


@pytest.mark.parametrize('x', [-500, -30, 100])
def test_faces_partly_or_wholly_outside(x):
    """What of it is inside is drawn as on a larger image."""
    points = random_face(WFLW98) + (x, 10)
    wide = np.full((140, 900, 3), 90, np.uint8)
    hollow = np.arange(98) % 3 == 0
    expected = draw_landmarks(wide, points + (600, 0), WFLW98, hollow=hollow)
    drawing = draw_landmarks(np.full((140, 120, 3), 90, np.uint8), points, WFLW98, hollow=hollow)
    # OpenCV smooths a line otherwise where it leaves the image.
    other = np.abs(drawing.astype(int) - expected[:, 600:720]).max(2) > 0
    assert other.mean() < 0.01
    assert changed_at_all(drawing) == (x > -200)


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (3, 2, 3)])
def test_tiny_images(shape):
    image = np.full(shape, 90, np.uint8)
    points = random_face(IBUG68) * 0.1
    assert draw_landmarks(image, points, IBUG68).shape == shape
    assert draw_boxes(image, [[0, 0, 1, 1]], ['#1 0.99']).shape == shape


def test_boxes():
    image = np.full((200, 300, 3), 90, np.uint8)
    drawing = draw_boxes(image, [[50, 60, 150, 160]])
    assert (image == 90).all()
    for x, y in ((50, 100), (150, 100), (100, 60), (100, 160)):
        assert (drawing[y, x] > 230).all()
    assert (drawing[65:156, 55:146] == 90).all()
    assert (drawing[:55] == 90).all() and (drawing[:, 156:] == 90).all()
    # On white it has a dark edge.
    white = draw_boxes(np.full_like(image, 255), [[50, 60, 150, 160]])
    assert white[100, 48:53].min() < 90


def test_labels():
    image = np.full((200, 300, 3), 90, np.uint8)
    plain = draw_boxes(image, [[50, 60, 150, 160]])
    drawing = draw_boxes(image, [[50, 60, 150, 160]], ['#3 0.87'])
    rows, columns = np.nonzero((drawing != plain).any(2))
    assert 35 < rows.min() and rows.max() < 60  # above the box
    assert 48 <= columns.min() < 60 and columns.max() < 150
    # At the upper edge within the box, at the right one further left.
    box = [[250, -40, 330, 100]]
    drawing = draw_boxes(image, box, ['#3 0.87'])
    rows, columns = np.nonzero((drawing != draw_boxes(image, box)).any(2))
    assert rows.min() >= 0 and rows.max() < 30
    assert columns.min() < 250 and columns.max() <= 299


def test_letters_on_a_large_image_are_large():
    image = np.zeros((100, 4000, 3), np.uint8)
    box = [[50, 60, 80, 90]]
    written = draw_boxes(image, box, ['8']) != draw_boxes(image, box)
    assert np.ptp(np.nonzero(written)[0]) > 15


def test_boxes_that_cannot_be_drawn():
    boxes = [[np.nan, 0, 9, 9], [0, 0, np.inf, 9]]
    np.testing.assert_array_equal(draw_boxes(GREY, boxes, ['a', 'b']), GREY)
    far = [[-1e300, -1e300, 1e300, 1e300]]
    draw_boxes(GREY, far, ['far'])
    outside = [[-50, 5, -1, 50], [120, 0, 150, 9]]
    np.testing.assert_array_equal(draw_boxes(GREY, outside, ['a', 'b']), GREY)
    np.testing.assert_array_equal(draw_boxes(GREY, np.empty((0, 4))), GREY)
    with pytest.raises(ValueError, match=r'expected boxes .N, 4., got .4,.'):
        draw_boxes(GREY, [0, 0, 9, 9])
    with pytest.raises(ValueError, match='a label for each of 1 boxes, got 2'):
        draw_boxes(GREY, [[0, 0, 9, 9]], ['a', 'b'])
    with pytest.raises(ValueError, match='expected a BGR image'):
        draw_boxes(GREY[..., 0], [[0, 0, 9, 9]])


def test_none_occluded():
    points = random_face(IBUG68)
    np.testing.assert_array_equal(
        draw_landmarks(GREY, points, IBUG68), draw_landmarks(GREY, points, IBUG68, np.zeros(68))
    )


def test_occluded_points_of_many_faces():
    faces = [random_face(IBUG68), random_face(IBUG68) / 2]
    hidden = np.zeros((2, 68), bool)
    hidden[1, 30] = True
    first = draw_landmarks(GREY, faces[0], IBUG68, hidden[0])
    np.testing.assert_array_equal(
        draw_landmarks(GREY, faces, IBUG68, hidden),
        draw_landmarks(first, faces[1], IBUG68, hidden[1]),
    )
    hidden_nowhere = np.full((68, 2), np.nan)
    np.testing.assert_array_equal(draw_landmarks(GREY, hidden_nowhere, IBUG68, np.ones(68)), GREY)


@pytest.mark.parametrize('shape', [(67,), (1, 68), ()])
def test_occluded_of_other_points(shape):
    with pytest.raises(ValueError, match=r'expected occluded of shape .68,.'):
        draw_landmarks(GREY, random_face(IBUG68), IBUG68, np.zeros(shape))


@pytest.mark.parametrize('image', [GREY[..., 0], GREY.astype(float), np.zeros((4, 4, 4), np.uint8)])
def test_images_that_are_none(image):
    with pytest.raises(ValueError, match='expected a BGR image'):
        draw_landmarks(image, random_face(IBUG68), IBUG68)


@pytest.mark.parametrize('shape', [(98, 2), (68, 3), (136,), (1, 1, 68, 2)])
def test_points_of_another_scheme(shape):
    with pytest.raises(ValueError, match='expected points .68, 2. or'):
        draw_landmarks(GREY, np.zeros(shape), IBUG68)


def test_contact_sheet():
    images = [np.full((h, w, 3), v, np.uint8) for h, w, v in [(10, 20, 1), (8, 20, 2), (10, 6, 3)]]
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


def test_what_can_be_imported_is_listed():
    """Though its module is imported only then; the reference is built from
    the list."""
    from mmpose_face import visualization

    assert set(visualization.__all__) <= set(dir(visualization))
    assert all(callable(getattr(visualization, n)) for n in visualization.__all__)
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        visualization.gone
