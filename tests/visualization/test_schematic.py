# SPDX-License-Identifier: Apache-2.0
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mmpose_face.landmarks import AFLW19, SCHEMES, Curve, Scheme
from mmpose_face.visualization import draw_schematic
from mmpose_face.visualization.schematic import can_be_drawn, color_of, mean_shape, scale_end

SVG = '{http://www.w3.org/2000/svg}'

each_scheme = pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)


def parse(svg: str):
    """The drawing, and its circles with their titles."""
    root = ElementTree.fromstring(svg)
    return root, root.findall(f'{SVG}circle')


def title(circle) -> str:
    return circle.find(f'{SVG}title').text


@each_scheme
def test_every_point_is_there_with_name_and_error(scheme):
    errors = np.arange(scheme.num_points) / 1000
    root, circles = parse(draw_schematic(errors, scheme))
    assert [title(circle) for circle in circles] == [
        f'{i} {name}: {i / 10:.2f} %' for i, name in enumerate(scheme.points)
    ]
    assert len(root.findall(f'{SVG}line')) == len(scheme.lines)


@each_scheme
def test_points_are_apart_and_within_the_picture(scheme):
    root, circles = parse(draw_schematic([0.01] * scheme.num_points, scheme))
    size = np.array(root.get('viewBox').split()[2:], float)
    at = np.array([[float(c.get('cx')), float(c.get('cy'))] for c in circles])
    radius = float(circles[0].get('r'))
    assert (at > radius).all() and (at < size - radius).all()
    apart = np.linalg.norm(at[:, None] - at, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 1.5 * radius
    mirrored = at[list(scheme.mirror)] * (-1, 1) + (size[0], 0)
    np.testing.assert_allclose(at, mirrored, atol=0.11)


def test_larger_errors_are_darker():
    codes = [color_of(share) for share in np.linspace(0, 1, 21)]
    light = [
        np.dot([int(code[i : i + 2], 16) for i in (1, 3, 5)], (0.21, 0.72, 0.07)) for code in codes
    ]
    assert (np.diff(light) < 0).all()
    assert color_of(7) == codes[-1] and color_of(-1) == codes[0]


def test_color_of_an_error():
    errors = np.full(19, 0.02)
    errors[3], errors[4], errors[5] = 0, np.inf, np.nan
    _, circles = parse(draw_schematic(errors, AFLW19, highest=0.04))
    fills = [circle.get('fill') for circle in circles]
    assert fills[0] == color_of(0.5) and fills[3] == color_of(0)
    assert fills[4] == color_of(1) and fills[5] == 'none'
    assert title(circles[4]).endswith(': inf %')
    assert title(circles[5]).endswith(': not scored')


@pytest.mark.parametrize(
    'errors,end',
    [
        ([0.0401, 0.02], 0.05),
        ([0.05], 0.05),
        ([0.0099], 0.01),
        ([0.21], 0.3),
        ([0.7], 0.8),
        ([0.93, np.inf, np.nan], 1),
        ([12], 20),
        ([0.0, np.nan], 0.01),
        ([], 0.01),
    ],
)
def test_scale_ends_at_a_round_number(errors, end):
    assert scale_end(errors) == pytest.approx(end)


def test_scale_is_in_per_cent():
    root, _ = parse(draw_schematic([0.031] * 19, AFLW19))
    texts = [text.text for text in root.findall(f'{SVG}text')]
    assert texts == ['0', '2.5', '5', 'normalised mean error of a point (%)']


def test_nothing_is_loaded_and_nothing_is_random():
    svg = draw_schematic([0.03] * 19, AFLW19)
    assert svg == draw_schematic([0.03] * 19, AFLW19)
    assert not re.search('href|src|url|script|style', svg)


def test_wrong_number_of_points():
    with pytest.raises(ValueError, match=r'19 points of aflw19, got \(68,\)'):
        draw_schematic(np.zeros(68), AFLW19)


OWN = Scheme('own3', (Curve('eyes', ('left_eye', 'right_eye')), Curve('nose', ('nose_tip',))), None)


def test_a_scheme_that_is_not_known():
    """The points lie where the faces have them, as wide as the picture."""
    assert not can_be_drawn(OWN)
    assert all(map(can_be_drawn, SCHEMES.values()))
    with pytest.raises(ValueError, match='points of own3 lie: expected a sh'):
        draw_schematic([0.1, 0.2, 0.3], OWN)
    with pytest.raises(ValueError, match='a shape of 3 points of own3, got'):
        draw_schematic([0.1, 0.2, 0.3], OWN, shape=np.zeros((2, 2)))
    root, circles = parse(draw_schematic([0.1, 0.2, 0.3], OWN, shape=[[0, 0], [2, 0], [1, 1]]))
    x, y = np.array([[float(c.get('cx')), float(c.get('cy'))] for c in circles]).T
    np.testing.assert_allclose(x, [26, 454, 240])
    np.testing.assert_allclose(y, [26, 26, 240])
    assert root.find('.//{*}polyline') is None


@pytest.mark.parametrize(
    'shape', [np.zeros((3, 2)), [[0, 0], [0, 0], [0, 5]], [[0, 0], [9, 0], [5, 0]]]
)
def test_shapes_without_width_or_height(shape):
    _, circles = parse(draw_schematic([0.1, 0.2, 0.3], OWN, shape=shape))
    places = np.array([[float(c.get('cx')), float(c.get('cy'))] for c in circles])
    assert (places >= 26).all() and (places[:, 0] <= 454).all()


def test_the_mean_shape():
    """Of the same face at two places and sizes, and of unlabelled points."""
    face = np.array([[0, 0], [2, 0], [1, 1.0]])
    faces = np.stack([face * 10 + 3, face * 30 - 5, face * 20])
    expected = face / 2 - (0.5, 0.25)
    np.testing.assert_allclose(mean_shape(faces), expected)
    faces[0, 2] = np.nan
    np.testing.assert_allclose(mean_shape(faces)[:2].mean(0), expected[:2].mean(0))
    faces[:, 2] = np.nan
    np.testing.assert_allclose(mean_shape(faces), [[-0.5, 0], [0.5, 0], [0, 0]])
