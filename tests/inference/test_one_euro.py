# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_face.evaluation import jitter, lag, motion_normalizer, nme, normalized_errors
from mmpose_face.inference.one_euro import OneEuro, OneEuroFilter
from mmpose_face.inference.smoothing import FaceSmoother, Smoothing, similarity
from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.moving import MovingFace

HZ = 1 / (2 * np.pi)  # of a time constant of one second


def smoothed(settings, values, times=None, size=1.0) -> np.ndarray:
    filter = OneEuroFilter(settings)
    times = range(len(values)) if times is None else times
    return np.array([filter(np.asarray(v, complex), float(t), size) for v, t in zip(values, times)])


def test_hand_value_at_rest():
    """τ = Te: each sample has a half."""
    found = smoothed(OneEuro(HZ, 0.0, HZ), [0, 1, 1, 1])
    assert found.real == pytest.approx([0, 1 / 2, 3 / 4, 7 / 8])


def test_hand_value_of_a_moving_point():
    """The speed 1 is smoothed to 1/2, and makes the cutoff twice that of
    rest: τ = 1/2, α = 2/3."""
    found = smoothed(OneEuro(HZ, 2 * HZ, HZ), [0, 1])
    assert found[1] == pytest.approx(2 / 3)


def test_hand_value_of_time():
    """After three seconds α = 1 / (1 + 1/3)."""
    found = smoothed(OneEuro(HZ, 0.0, HZ), [0, 1], [0, 3])
    assert found[1] == pytest.approx(3 / 4)


@pytest.mark.parametrize('factor', [0.1, 7.0])
def test_small_and_large_faces_are_smoothed_alike(factor):
    values = np.random.default_rng(0).normal(size=(20, 5))
    settings = OneEuro(1.0, 3.0)
    np.testing.assert_allclose(
        smoothed(settings, factor * values, size=factor), factor * smoothed(settings, values)
    )


def test_points_have_one_speed():
    """Turned points are smoothed to turned points."""
    values = np.random.default_rng(0).normal(size=(20, 5, 2)) @ (1, 1j)
    turn = np.exp(0.7j)
    settings = OneEuro(1.0, 3.0)
    np.testing.assert_allclose(smoothed(settings, turn * values), turn * smoothed(settings, values))


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=10),
    st.floats(0.01, 100),
    st.floats(0, 100),
    st.floats(0.01, 10),
)
def test_nothing_goes_beyond_what_was_seen(values, cutoff, beta, since):
    times = np.arange(len(values)) * since
    found = smoothed(OneEuro(cutoff, beta), values, times).real
    assert found.min() >= min(values) - 1e-9
    assert found.max() <= max(values) + 1e-9


def test_time_must_grow():
    filter = OneEuroFilter(OneEuro(1.0, 0.0))
    filter(np.zeros(1), 2.0)
    for time in (2.0, 1.0, float('nan')):
        with pytest.raises(ValueError, match='time must grow'):
            filter(np.ones(1), time)


@pytest.mark.parametrize('numbers', [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_settings_out_of_range(numbers):
    with pytest.raises(ValueError, match='expected positive cutoffs'):
        OneEuro(*numbers)


def test_the_speed_is_smoothed_as_in_the_paper():
    assert OneEuro(0.5, 10.0) == OneEuro(0.5, 10.0, speed_cutoff=1.0)


def face(rng, frames, noise=0.0) -> np.ndarray:
    shape = rng.uniform(0, 100, (20, 2))
    return shape + rng.normal(0, noise, (frames, 20, 2))


def smooth_face(points, fps=25.0) -> np.ndarray:
    smoother = FaceSmoother()
    return np.array([smoother(p, i / fps) for i, p in enumerate(points)])


def test_hand_value_of_a_moving_face():
    """Its size is twice the root mean square of the distances, 2 pixels, so
    that 2 pixels in a second are 1 size a second; of that a half is smoothed
    away, and the cutoff is (1 + 1 / 2) HZ."""
    smoother = FaceSmoother(Smoothing(OneEuro(HZ, HZ, HZ), OneEuro(HZ, 0)))
    face = np.array([[-1.0, 0], [1, 0]])
    smoother(face, 0.0)
    share = 1 / (1 + 1 / 1.5)
    np.testing.assert_allclose(smoother(face + (2, 0), 1.0), face + (2 * share, 0))


def test_similarity():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(10, 2)) @ (1, 1j)
    turn, shift = 2 * np.exp(0.3j), 5 - 3j
    found = similarity(source, turn * source + shift)
    assert found == pytest.approx((turn, shift))


def test_a_face_that_rests_is_left_in_peace():
    points = face(np.random.default_rng(0), 10)
    np.testing.assert_allclose(smooth_face(points), points)


def test_first_frame_is_as_it_is():
    points = face(np.random.default_rng(0), 1)
    np.testing.assert_allclose(smooth_face(points), points)


def test_noise_of_a_face_that_rests():
    points = face(np.random.default_rng(0), 200, noise=0.3)
    found = smooth_face(points)[50:]
    assert found.std(0).mean() < 0.4 * 0.3
    # Nor does it drift.
    assert np.abs(found.mean(0) - points.mean(0)).max() < 0.5


def test_smoothing_moves_with_the_face():
    """A sequence that is turned, scaled and shifted is smoothed alike."""
    rng = np.random.default_rng(0)
    points = face(rng, 60, noise=2.0) + rng.normal(0, 3, (60, 1, 2)).cumsum(0)
    matrix = 3 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    np.testing.assert_allclose(
        smooth_face(points @ matrix.T + (7, 9)), smooth_face(points) @ matrix.T + (7, 9)
    )


def test_a_gap_in_time_is_caught_up():
    points = face(np.random.default_rng(0), 2)
    smoother = FaceSmoother()
    smoother(points[0], 0.0)
    moved = points[1] + 50
    assert np.abs(smoother(moved, 10.0) - moved).max() < 1


def test_a_fast_face_is_followed_closely():
    """One size of the face a second, 4 pixels a frame."""
    points = face(np.random.default_rng(0), 60)
    points = points + 4 * np.arange(60)[:, None, None] * (1, 0)
    found = smooth_face(points)
    assert np.abs(found - points)[20:].max() < 4


def test_less_can_be_asked_for():
    points = face(np.random.default_rng(0), 100, noise=1.0)
    light = FaceSmoother(Smoothing(OneEuro(5.0, 40.0), OneEuro(5.0, 40.0)))
    found = np.array([light(p, i / 25) for i, p in enumerate(points)])
    assert smooth_face(points).std(0).mean() < found.std(0).mean() < 1


def network_points(truth, rng) -> np.ndarray:
    """What a network may make of the truth: points that are set wrong, and
    jitter of each and of all together."""
    size = motion_normalizer(truth, WFLW98).mean()
    bias, each, all_ = (
        rng.normal(0, s * size, (*shape, 2))
        for s, shape in ((0.03, (98,)), (0.002, truth.shape[:2]), (0.0015, (len(truth), 1)))
    )
    return truth + bias + each + all_


@pytest.mark.parametrize('speed,most,lost', [(0, 0.5, 0.01), (1, 0.5, 0.03), (3, 0.6, 0.05)])
def test_smoothing_halves_jitter_and_keeps_points_in_place(speed, most, lost):
    """On a face that moves and talks; what it does itself is no jitter."""
    ratios, added = [], []
    for index in range(3):
        truth = MovingFace(5, index, 150, speed=speed).truth()
        points = network_points(truth, np.random.default_rng(index))
        norm = motion_normalizer(truth, WFLW98)
        found = smooth_face(points)
        shaken = [jitter(p - truth, norm) for p in (found, points)]
        ratios.append(shaken[0] / shaken[1])
        errors = [nme(normalized_errors(p, truth, norm)) for p in (found, points)]
        added.append(errors[0] / errors[1] - 1)
        assert lag(found, truth) < 0.5 or not speed
    assert np.mean(ratios) < most
    assert np.mean(added) < lost
