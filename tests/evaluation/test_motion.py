# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.evaluation import jitter, lag, motion_normalizer
from mmpose_face.landmarks import AFLW19, WFLW98

TIMES = np.arange(10.0)


def parabola(times) -> np.ndarray:
    """Two points; one falls with an acceleration of 2, the other rests."""
    points = np.zeros((len(times), 2, 2))
    points[:, 0, 1] = times**2
    return points


def test_jitter_of_a_parabola():
    """(2 + 0) / 2 over 10."""
    assert jitter(parabola(TIMES), 10) == pytest.approx(0.1)


def test_jitter_has_the_normaliser_of_the_frame_in_the_middle():
    points = np.zeros((4, 1, 2))
    points[:, 0] = (0, 0), (3, 4), (0, 0), (3, 4)  # 10 pixels each
    assert jitter(points, [1, 5, 10, 1]) == pytest.approx((2 + 1) / 2)


def test_steady_motion_is_no_jitter():
    points = TIMES[:, None, None] * np.array([[3.0, -1], [2, 5]])
    assert jitter(points, 1) == pytest.approx(0)


def test_jitter_of_noise():
    """x[t+1] - 2 x[t] + x[t-1] of unit noise has variance 6 each way; the
    mean length is that times √(π/2)."""
    points = np.random.default_rng(0).normal(size=(4000, 10, 2))
    assert jitter(points, 1) == pytest.approx((6 * np.pi / 2) ** 0.5, rel=0.01)


@pytest.mark.parametrize('late', [-1, 0, 0.5, 2])
def test_lag_of_a_parabola(late):
    """y(t) - y(t - d) = 2 d t - d², v = 2 t."""
    assert lag(parabola(TIMES - late), parabola(TIMES)) == pytest.approx(late)


def test_errors_that_stay_are_no_lag():
    truth = parabola(TIMES)
    assert lag(truth + (7, -3), truth) == pytest.approx(0)


def test_too_few_frames():
    points = parabola(TIMES)
    assert np.isnan(jitter(points[:2], 1)) and np.isnan(lag(points[:3], points[:3]))
    assert jitter(points[:3], 1) == (2 + 0) / 2
    assert lag(points[:4], parabola(TIMES[:4] + 1)) == pytest.approx(1)


def test_lag_of_a_face_that_rests():
    rest = np.zeros((9, 3, 2))
    assert np.isnan(lag(rest, rest))


def test_bad_input():
    points = parabola(TIMES)
    with pytest.raises(ValueError, match=r'expected points \(T, K, 2\)'):
        jitter(points[0], 1)
    for norm in (0, [1] * 9 + [0]):
        with pytest.raises(ValueError, match='above 0'):
            jitter(points, norm)
    with pytest.raises(ValueError, match='one shape'):
        lag(points, points[:-1])


def test_normaliser():
    points = np.random.default_rng(0).uniform(0, 9, (3, 98, 2))
    points[:, [60, 72]] = (0, 0), (3, 4)
    assert motion_normalizer(points, WFLW98).tolist() == [5] * 3
    points = points[:, :19] * 0
    points[:, 4] = 4, 9
    assert motion_normalizer(points, AFLW19).tolist() == [6] * 3
