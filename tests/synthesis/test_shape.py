# SPDX-License-Identifier: Apache-2.0
"""What each deformation does, in millimetres of the template."""

from dataclasses import fields

import numpy as np
import pytest

from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.shape import Expression, Identity, deform
from mmpose_face.synthesis.template import template


def face(who=None, **does):
    points = deform(who or Identity(), Expression(**does))
    return dict(zip(WFLW98.points, points.astype(float)))


NEUTRAL = face()


def gap(points, upper, lower):
    return points[lower][1] - points[upper][1]


def mouth(points):
    return gap(points, 'upper_lip_inner', 'lower_lip_inner')


def eye(points, side):
    return gap(points, f'{side}_eye_upper_middle', f'{side}_eye_lower_middle')


def test_a_neutral_mouth_is_nearly_shut_and_the_eyes_are_open():
    assert 0 <= mouth(NEUTRAL) < 1
    assert eye(NEUTRAL, 'left') == pytest.approx(eye(NEUTRAL, 'right'))
    assert eye(NEUTRAL, 'left') > 9


def test_jaw_opens_the_mouth_and_moves_the_chin():
    opened = face(jaw_open=1)
    assert mouth(opened) > 20
    assert opened['chin'][1] - NEUTRAL['chin'][1] > 15
    assert opened['right_pupil'] == pytest.approx(NEUTRAL['right_pupil'], abs=1e-3)


def test_smile_pulls_the_corners_out_and_up():
    smile = face(smile=(0, 1))
    moved = smile['right_mouth_corner'] - NEUTRAL['right_mouth_corner']
    assert moved[0] > 5 and moved[1] < -5
    left = smile['left_mouth_corner'] - NEUTRAL['left_mouth_corner']
    assert np.abs(left).max() < 1  # two sides, two values


def test_sad_pulls_them_down_and_pucker_in():
    assert face(sad=1)['left_mouth_corner'][1] > 3 + NEUTRAL['left_mouth_corner'][1]
    assert face(pucker=1)['right_mouth_corner'][0] < NEUTRAL['right_mouth_corner'][0] - 1


@pytest.mark.parametrize('opened,least,most', [(0, 0, 1), (1, 10, 12), (1.5, 14, 18)])
def test_eyes_open_one_by_one(opened, least, most):
    points = face(eye_open=(opened, 1))
    assert least <= eye(points, 'left') <= most
    assert eye(points, 'right') == pytest.approx(eye(NEUTRAL, 'right'))


def test_brows():
    raised = face(brow_raise=(1, 1))
    for name in ('left_brow_upper_3', 'right_brow_upper_3'):
        assert raised[name][1] < NEUTRAL[name][1] - 4
    frown = face(frown=1)
    between = 'left_brow_upper_1', 'right_brow_upper_1'
    assert (
        np.linalg.norm(frown[between[0]] - frown[between[1]])
        < np.linalg.norm(NEUTRAL[between[0]] - NEUTRAL[between[1]]) - 3
    )


@pytest.mark.parametrize('name', [f.name for f in fields(Identity)])
def test_every_proportion_changes_the_face_and_not_the_template(name):
    before = template().controls.copy()
    neutral = deform(Identity(), Expression())
    for value in (1, -1):
        changed = deform(Identity(**{name: value}), Expression())
        assert np.abs(changed - neutral).max() > 1
    assert np.array_equal(template().controls, before)


# The gaze moves the pupils in the texture, not the surface.
@pytest.mark.parametrize('name', [f.name for f in fields(Expression) if f.name != 'gaze'])
def test_every_part_of_an_expression_changes_the_face(name):
    value = (0.2, 0.2) if name == 'eye_open' else ((1, 1) if name in ('smile', 'brow_raise') else 1)
    changed = deform(Identity(), Expression(**{name: value}))
    assert np.abs(changed - deform(Identity(), Expression())).max() > 1


def test_samples_are_possible_faces():
    rng = np.random.default_rng(0)
    for i in range(200):
        points = deform(Identity.sample(rng), Expression.sample(rng, i % 2))
        p = dict(zip(WFLW98.points, points))
        assert np.isfinite(points).all()
        assert p['left_pupil'][0] < p['nose_bridge_4'][0] < p['right_pupil'][0]
        assert (
            p['left_brow_upper_3'][1]
            < p['left_pupil'][1]
            < p['nose_base'][1]
            < p['upper_lip_outer'][1]
            < p['lower_lip_outer'][1]
            < p['chin'][1]
        )
        assert mouth(p) > -1 and eye(p, 'left') > 0
