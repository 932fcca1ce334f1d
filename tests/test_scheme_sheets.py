# SPDX-License-Identifier: Apache-2.0
"""The pictures of the schemes in the docs; on synthetic faces each group of
points is where its name says."""

import doctest
from itertools import permutations

import cv2
import numpy as np
import pytest
from conftest import REPO, module_of_tool

from mmpose_face.landmarks import GROUP_COLORS, IBUG68, SCHEMES, WFLW98, Scheme
from mmpose_face.synthesis import render_face
from mmpose_face.visualization.schematic import CONSTRUCTIONS, scheme_points

PAGE = REPO / 'docs/en/landmarks.md'
IMAGES = REPO / 'docs/en/images'

each_scheme = pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)


@pytest.fixture(scope='module')
def sheets():
    """The tool as a module."""
    return module_of_tool('dev/scheme_sheets.py')


@pytest.fixture(scope='module')
def frontal(sheets) -> list[np.ndarray]:
    """WFLW's points of frontal faces, that of the pictures first, turned so
    that both eyes are on one height."""
    drawn = render_face(sheets.SEED, sheets.INDEX, attributes=[]).keypoints
    faces = (render_face(7, i, 64, attributes=[]) for i in range(60))
    found = [face.keypoints for face in faces if is_frontal(face.keypoints)]
    assert is_frontal(drawn) and len(found) >= 5
    return [upright(points) for points in (drawn, *found)]


def outer_eye_corners(points: np.ndarray) -> np.ndarray:
    return points[list(WFLW98.normalizer_indices)]


def is_frontal(points: np.ndarray) -> bool:
    """The tip of the nose is as far from one eye as from the other."""
    left, right = outer_eye_corners(points)
    tip = points[WFLW98.index['nose_bridge_4']]
    to_left, to_right = np.hypot(*(tip - left)), np.hypot(*(tip - right))
    return abs(to_left - to_right) < 0.12 * np.hypot(*(right - left))


def upright(points: np.ndarray) -> np.ndarray:
    left, right = outer_eye_corners(points)
    x, y = (right - left) / np.hypot(*(right - left))
    return points @ np.array([[x, -y], [y, x]])


def named(face: np.ndarray, scheme: Scheme) -> dict[str, np.ndarray]:
    return dict(zip(scheme.points, scheme_points(face, scheme)))


def heights(points: dict[str, np.ndarray], part: str) -> np.ndarray:
    """y of the points that have the part in their name."""
    return np.array([y for name, (_, y) in points.items() if part in name])


def inside(polygon: np.ndarray, point: np.ndarray) -> float:
    """Pixels from the edge, negative outside."""
    polygon = polygon.astype(np.float32)[:, None]
    return cv2.pointPolygonTest(polygon, tuple(map(float, point)), True)


@each_scheme
def test_from_top_to_bottom(frontal, scheme):
    """Brows, eyes, nose, lips, chin."""
    for face in frontal:
        points = named(face, scheme)
        for side in 'left', 'right':
            brow = heights(points, f'{side}_brow')
            eye = heights(points, f'{side}_eye')
            assert brow.max() < eye.mean() and brow.mean() < eye.min()
        nose, lips = (
            np.array([points[scheme.points[i]][1] for i in scheme.groups[g]])
            for g in ('nose', 'lips')
        )
        assert heights(points, '_eye_').mean() < nose.mean()
        assert nose.max() < lips.min() and lips.max() < points['chin'][1]
        assert points['chin'][1] == max(y for _, y in points.values())


@each_scheme
def test_upper_is_above_lower(frontal, scheme):
    """Closed lips touch, and the two points there lie on one another."""
    for face in frontal:
        points = named(face, scheme)
        touching = 0.02 * np.ptp(outer_eye_corners(face)[:, 0])
        for name, (_, y) in points.items():
            lower = name.replace('upper', 'lower')
            if 'upper' in name and lower in points:
                room = touching if 'lip_inner' in name else 0
                assert y < points[lower][1] + room


@each_scheme
def test_left_is_the_viewers_left(frontal, scheme):
    for face in frontal:
        points = named(face, scheme)
        middle = face[WFLW98.index['nose_base']][0]
        for name, (x, _) in points.items():
            side, _, rest = name.partition('_')
            if side == 'left':
                assert x < points[f'right_{rest}'][0]
        for side, sign in ('left', -1), ('right', 1):
            xs = [x for n, (x, _) in points.items() if n.startswith(side)]
            assert sign * (np.mean(xs) - middle) > 0


@each_scheme
def test_inner_points_are_nearer_to_the_middle(frontal, scheme):
    for face in frontal:
        points = named(face, scheme)
        inner = [name for name in points if '_inner_' in name]
        for name in inner:
            outer = name.replace('inner', 'outer')
            if outer in points:
                gap = points[name] - points[outer]
                assert (gap[0] > 0) == name.startswith('left')
        assert len(inner) >= 4


@each_scheme
def test_pupils_and_eye_centers_are_in_the_eyes(frontal, scheme):
    for face in frontal:
        points = named(face, scheme)
        for side in 'left', 'right':
            eye = face[
                [i for i, name in enumerate(WFLW98.points) if name.startswith(f'{side}_eye')]
            ]
            for name in f'{side}_pupil', f'{side}_eye_center':
                assert name not in points or inside(eye, points[name]) > 0


@each_scheme
def test_nose_and_mouth(frontal, scheme):
    """Of the points that a scheme has."""
    for face in frontal:
        points = named(face, scheme)
        known = dict(zip(WFLW98.points, face))
        for side, sign in ('left', -1), ('right', 1):
            wing = points.get(f'{side}_nose_wing')
            if wing is not None:
                nostril = known[f'{side}_nostril_2']
                assert 0 < sign * (wing - nostril)[0]
                assert sign * (wing - known[f'{side}_mouth_corner'])[0] < 0
                assert known['nose_bridge_3'][1] < wing[1] < nostril[1]
        tip = points.get('nose_tip', known['nose_bridge_4'])
        assert known['nose_bridge_3'][1] < tip[1] < known['nose_base'][1]
        lips = [i for i, n in enumerate(WFLW98.points) if 'lip_outer' in n]
        center = points.get('mouth_center', known['upper_lip_inner'])
        assert inside(cv2.convexHull(face[lips].astype('f4'))[:, 0], center) > 0


@pytest.mark.parametrize('scheme', [IBUG68, WFLW98], ids=lambda s: s.name)
def test_the_jaw_is_outermost(frontal, scheme):
    jaw = list(scheme.groups['jaw'])
    for face in frontal:
        points = scheme_points(face, scheme)
        for x in np.delete(points, jaw, 0)[:, 0]:
            assert points[jaw, 0].min() < x < points[jaw, 0].max()
        assert points[jaw, 1].max() == points[:, 1].max()
        # From one ear down to the chin and up to the other.
        assert (np.diff(points[jaw, 1])[: len(jaw) // 2] > 0).all()
        assert (np.diff(points[jaw, 1])[len(jaw) // 2 :] < 0).all()


@each_scheme
def test_every_point_is_on_the_face(frontal, scheme):
    for face in frontal:
        outline = cv2.convexHull(face.astype(np.float32))[:, 0]
        for point in scheme_points(face, scheme):
            assert inside(outline, point) > -1e-3


@each_scheme
def test_points_of_the_same_name_are_exact(frontal, scheme):
    points = named(frontal[0], scheme)
    for name in points.keys() & set(WFLW98.points):
        np.testing.assert_array_equal(points[name], frontal[0][WFLW98.index[name]])


def test_only_these_points_are_constructed():
    """Of the left side; every construction is one of the page."""
    wanted = {
        name
        for scheme in SCHEMES.values()
        for name in scheme.points
        if name not in WFLW98.points and not name.startswith('right')
    }
    assert set(CONSTRUCTIONS) == wanted
    page = PAGE.read_text()
    for name, weights in CONSTRUCTIONS.items():
        assert sum(weights.values()) == pytest.approx(1)
        assert f'| `{name.replace("left", "...")}` |' in page


@each_scheme
def test_a_mirrored_face_has_mirrored_points(frontal, scheme):
    flip = np.array([-1, 1])
    mirrored = frontal[0][list(WFLW98.mirror)] * flip
    points = scheme_points(frontal[0], scheme)
    np.testing.assert_allclose(scheme_points(mirrored, scheme), points[list(scheme.mirror)] * flip)


@each_scheme
def test_numbers_cover_neither_each_other_nor_points(sheets, scheme):
    face = render_face(sheets.SEED, sheets.INDEX, sheets.SIDE, attributes=[])
    points = scheme_points(sheets.portrait(face)[1], scheme)
    sizes = np.tile((24, 14), (len(points), 1))
    side = sheets.SIDE
    places = sheets.place_labels(points, sizes, scheme.lines, (side, side))
    assert (places > sizes / 2).all() and (places < side - sizes / 2).all()
    apart = np.abs(places[:, None] - places) >= sizes
    np.fill_diagonal(apart[..., 0], True)
    assert apart.any(2).all()
    assert (np.abs(places[:, None] - points) > sizes / 2).any(2).all()
    # Nearest to its own point, or nearly.
    own = np.linalg.norm(places - points, axis=1)
    assert own.max() < 30


@each_scheme
def test_picture(sheets, scheme):
    picture = sheets.picture(scheme)
    assert picture.shape[1] == sheets.SIDE < picture.shape[0]
    legend = picture[sheets.SIDE :].reshape(-1, 3)
    for group, color in GROUP_COLORS.items():
        if group != 'pupils':  # white, as the text
            assert (legend == color).all(1).any() == (group in scheme.groups)
    stored = IMAGES / f'scheme_{scheme.name}.jpg'
    assert cv2.imread(str(stored)).shape == picture.shape
    assert stored.stat().st_size < 300_000


def test_ranges_and_names(sheets):
    assert sheets.ranges([0, 1, 2, 8, 5, 6]) == '0-2, 8, 5-6'
    assert sheets.names(['a_3', 'a_2', 'a_1', 'b_1', 'b_2', 'c']) == (
        '`a_3` … `a_1`, `b_1`, `b_2`, `c`'
    )


@each_scheme
def test_the_page_has_the_table(sheets, scheme):
    page = PAGE.read_text()
    assert sheets.table(scheme) in page
    assert f'images/scheme_{scheme.name}.jpg' in page
    row = next(
        line
        for line in page.splitlines()
        if line.startswith(f'| `{scheme.name}` | {scheme.num_points} |')
    )
    if scheme.normalizer:
        assert '{} and {} |'.format(*scheme.normalizer_indices) in row


def test_the_examples_of_the_page():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding='utf-8')
    assert tried > 5 and not failed


def test_there_is_no_other_exact_map():
    for scheme, other in permutations(SCHEMES.values(), 2):
        if (scheme, other) != (WFLW98, IBUG68):
            with pytest.raises(ValueError, match='no exact map'):
                scheme.map_to(other)
