# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmpose_face.evaluation import (auc, ced, face_errors, failure_rate, nme,
                                    normalized_errors, point_distance)

NAN, INF = float('nan'), float('inf')
T = 0.10
# One float below and above the threshold.
BELOW, ABOVE = np.nextafter(T, 0), np.nextafter(T, 1)


def test_normalized_errors():
    pred = [[[3, 4], [0, 1]], [[1, 1], [7, 1]]]
    gt = [[[0, 0], [0, 0]], [[1, 1], [1, 1]]]
    errors = normalized_errors(pred, gt, [10, 2])
    np.testing.assert_array_equal(errors, [[5 / 10, 1 / 10], [0, 6 / 2]])
    assert errors.dtype == np.float64


def test_masked_points_are_not_scored():
    errors = normalized_errors([[[3, 4], [NAN, 0]]], [[[0, 0], [NAN, NAN]]],
                               [1], [[1, 0]])
    np.testing.assert_array_equal(errors, [[5, NAN]])


@pytest.mark.parametrize('bad', [NAN, INF, -INF])
def test_a_prediction_that_is_no_number_fails(bad):
    errors = normalized_errors([[[bad, 0], [0, 0]]], np.zeros((1, 2, 2)), [1])
    np.testing.assert_array_equal(errors, [[INF, 0]])
    errors = np.array([*face_errors(errors), 0.05])
    assert nme(errors) == INF
    assert failure_rate(errors, T) == 1 / 2
    assert auc(errors, T) == pytest.approx((0 + 0.5) / 2)
    np.testing.assert_array_equal(ced(errors, [0.04, 0.05, 9]), [0, .5, .5])


@pytest.mark.parametrize('norm', [0, -1, NAN, INF])
def test_a_face_without_normaliser_is_not_scored(norm):
    errors = normalized_errors(
        np.ones((2, 3, 2)), np.zeros((2, 3, 2)), [norm, 1])
    assert np.isnan(errors[0]).all()
    assert nme(face_errors(errors)) == pytest.approx(2**.5)


def test_shapes_that_do_not_fit():
    one = np.zeros((1, 3, 2))
    for pred, gt, norm, mask in [(one, one[:, :2], [1], None),
                                 (one[0], one[0], [1], None),
                                 (one, one, [1, 1], None),
                                 (one, one, [1], [1, 1, 1]),
                                 (np.zeros((1, 3, 3)), np.zeros(
                                     (1, 3, 3)), [1], None)]:
        with pytest.raises(ValueError, match='expected'):
            normalized_errors(pred, gt, norm, mask)


def test_truth_that_is_no_number():
    with pytest.raises(ValueError, match='labelled but\\s+NaN'):
        normalized_errors(np.zeros((1, 1, 2)), [[[NAN, 0]]], [1])


def test_point_distance():
    gt = [[[0, 0], [9, 9], [3, 4]], [[1, 1], [9, 9], [1, 1]]]
    np.testing.assert_array_equal(point_distance(gt, 0, 2), [5, 0])


def test_face_errors():
    errors = [[0.1, 0.3], [0.2, NAN], [NAN, NAN], [INF, 0]]
    np.testing.assert_array_equal(
        face_errors(errors), [(0.1 + 0.3) / 2, 0.2, NAN, INF])


def test_nme_over_faces_and_over_points():
    errors = np.array([[1., 3.], [5., NAN]])
    assert nme(face_errors(errors)) == (2 + 5) / 2
    assert nme(errors) == (1 + 3 + 5) / 3


def test_failure_rate_is_strict():
    assert failure_rate([T], T) == 0
    assert failure_rate([ABOVE], T) == 1
    assert failure_rate([BELOW, T, ABOVE, 1], T) == 2 / 4


def test_auc():
    assert auc([0], T) == 1
    assert auc([T], T) == auc([ABOVE], T) == auc([INF], T) == 0
    assert 0 < auc([BELOW], T) < 1e-15
    assert auc([0, 0, 0, 1], T) == 3 / 4
    # Two steps of height 1/2, at 0.02 and 0.05, up to 0.10.
    assert auc([0.02, 0.05], T) == pytest.approx((.08 / 2 + .05 / 2) / T)
    with pytest.raises(ValueError, match='must be positive, got 0'):
        auc([T], 0)


def test_ced():
    np.testing.assert_array_equal(
        ced([0.2, T, NAN, INF], [0, BELOW, T, ABOVE, 0.2, INF]),
        [0, 0, 1 / 3, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize('errors', [[], [NAN, NAN]], ids=['empty', 'nan'])
def test_nothing_to_score(errors, recwarn):
    figures = [nme(errors), failure_rate(errors, T), auc(errors, T)]
    assert np.isnan(figures).all()
    assert np.isnan(ced(errors, [0, 1])).all()
    assert face_errors(np.zeros((0, 68))).shape == (0, )
    assert normalized_errors(*np.zeros((2, 0, 68, 2)), []).shape == (0, 68)
    assert not recwarn.list


def test_arguments_are_not_altered():
    rng = np.random.default_rng(0)
    pred, gt = rng.normal(size=(2, 4, 5, 2))
    pred[0, 0] = NAN
    norm, mask = np.array([1., 0, NAN, 2]), rng.integers(0, 2, (4, 5))
    errors = np.array([0.3, NAN, 0.1])
    given_ = pred, gt, norm, mask, errors
    before = [a.copy() for a in given_]
    normalized_errors(pred, gt, norm, mask)
    point_distance(gt, 0, 1)
    face_errors(errors[None])
    for function in (failure_rate, auc, ced):
        function(errors, 0.2)
    nme(errors)
    for a, b in zip(given_, before):
        np.testing.assert_array_equal(a, b)


def scores(pred, gt, mask=None) -> np.ndarray:
    """NME, FR and AUC with the first two points as the normaliser."""
    errors = face_errors(
        normalized_errors(pred, gt, point_distance(gt, 0, 1), mask))
    return np.array([nme(errors), failure_rate(errors, T), auc(errors, 0.5)])


def faces(seed: int, n: int = 6, k: int = 7):
    rng = np.random.default_rng(seed)
    gt = rng.uniform(0, 100, (n, k, 2))
    gt[:, 0], gt[:, 1] = (10, 10), (60, 20)
    return gt + rng.normal(0, 5, gt.shape), gt, rng


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.floats(-3.2, 3.2), st.floats(0.1, 10), st.floats(-1e3, 1e3))
def test_moving_both_changes_nothing(seed, angle, scale, shift):
    pred, gt, _ = faces(seed)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    move = np.array([[c, -s], [s, c]])
    moved = scores(pred @ move + shift, gt @ move + shift)
    np.testing.assert_allclose(moved, scores(pred, gt), atol=1e-9)


@given(seeds)
def test_order_of_faces_changes_nothing(seed):
    pred, gt, rng = faces(seed)
    order = rng.permutation(len(gt))
    np.testing.assert_allclose(
        scores(pred[order], gt[order]), scores(pred, gt), atol=1e-12)


@given(seeds, st.integers(2, 6))
def test_masking_a_point_is_deleting_it(seed, point):
    pred, gt, _ = faces(seed)
    mask = np.ones(gt.shape[:2])
    mask[:, point] = 0
    pred[:, point] = NAN
    np.testing.assert_allclose(
        scores(pred, gt, mask),
        scores(*(np.delete(a, point, axis=1) for a in (pred, gt))),
        atol=1e-12)


errors_1d = arrays(float, st.integers(1, 20), elements=st.floats(0, 1))
thresholds = st.floats(1e-3, 1)


@given(errors_1d, thresholds, thresholds)
def test_monotone_in_the_threshold(errors, a, b):
    low, high = sorted((a, b))
    assert failure_rate(errors, low) >= failure_rate(errors, high)
    assert auc(errors, low) <= auc(errors, high) + 1e-12
    assert (np.diff(ced(errors, [low, high])) >= 0).all()


@given(errors_1d, thresholds)
def test_the_figures_agree_with_the_curve(errors, t):
    assert failure_rate(errors, t) == pytest.approx(1 - ced(errors, t))
    # The middle of each of many bins; a step may fall within one.
    bins = 2000
    xs = (np.arange(bins) + 0.5) * t / bins
    assert auc(errors, t) == pytest.approx(ced(errors, xs).mean(), abs=1e-3)


class TestPublished:
    """A system whose predictions and figures are public, on 300-W."""

    @pytest.fixture(scope='class')
    def golden(self, face_data):
        folder = face_data / 'golden/300w_public'
        truth, results = (
            json.loads((folder / name).read_text())
            for name in ('test.json', 'results_300wpublic_test.json'))
        assert [r['imgpath'] for r in results] == [r['imgpath'] for r in truth]
        pred, gt = (
            np.array([face['landmarks'] for face in part])
            for part in (results, truth))
        errors = face_errors(
            normalized_errors(pred, gt, point_distance(gt, 36, 45)))
        subsets = json.loads((folder / 'db_info.json').read_text())
        return errors, subsets['test_subsets']

    @pytest.mark.parametrize(
        'subset,n,expected_nme,expected_fr,expected_auc',
        [('full', 689, 2.993687267871256, 0.7256894049346929, 62.7204),
         ('common', 554, 2.5870801950420437, 0, None),
         ('ibug', 135, 4.662282218592618, 3.703703703703709, None),
         ('helen', 330, 2.5194569810704968, 0, None),
         ('lfpw', 224, 2.6867036799108392, 0, None)])
    def test_figures(self, golden, subset, n, expected_nme, expected_fr,
                     expected_auc):
        errors, subsets = golden
        if subset != 'full':
            errors = errors[subsets[subset]]
        assert len(errors) == n
        assert 100 * nme(errors) == pytest.approx(expected_nme, abs=1e-9)
        assert 100 * failure_rate(errors, 0.08) == pytest.approx(
            expected_fr, abs=1e-9)
        if expected_auc:
            # Published is 62.7275, an integral over bins.
            assert 100 * auc(errors, 0.08) == pytest.approx(
                expected_auc, abs=1e-3)
