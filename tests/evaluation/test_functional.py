# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmpose_face.evaluation import (
    auc,
    bootstrap_ci,
    box_diagonal,
    ced,
    compare,
    face_box,
    face_errors,
    failure_rate,
    inter_ocular,
    inter_pupil,
    landmark_box,
    nme,
    normalized_errors,
    per_group,
    per_landmark,
    percentiles,
    point_distance,
)
from mmpose_face.landmarks import IBUG68, WFLW98

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
    errors = normalized_errors([[[3, 4], [NAN, 0]]], [[[0, 0], [NAN, NAN]]], [1], [[1, 0]])
    np.testing.assert_array_equal(errors, [[5, NAN]])


@pytest.mark.parametrize('bad', [NAN, INF, -INF])
def test_a_prediction_that_is_no_number_fails(bad):
    errors = normalized_errors([[[bad, 0], [0, 0]]], np.zeros((1, 2, 2)), [1])
    np.testing.assert_array_equal(errors, [[INF, 0]])
    errors = np.array([*face_errors(errors), 0.05])
    assert nme(errors) == INF
    assert failure_rate(errors, T) == 1 / 2
    assert auc(errors, T) == pytest.approx((0 + 0.5) / 2)
    np.testing.assert_array_equal(ced(errors, [0.04, 0.05, 9]), [0, 0.5, 0.5])


@pytest.mark.parametrize('norm', [0, -1, NAN, INF])
def test_a_face_without_normaliser_is_not_scored(norm):
    errors = normalized_errors(np.ones((2, 3, 2)), np.zeros((2, 3, 2)), [norm, 1])
    assert np.isnan(errors[0]).all()
    assert nme(face_errors(errors)) == pytest.approx(2**0.5)


def test_shapes_that_do_not_fit():
    one = np.zeros((1, 3, 2))
    for pred, gt, norm, mask in [
        (one, one[:, :2], [1], None),
        (one[0], one[0], [1], None),
        (one, one, [1, 1], None),
        (one, one, [1], [1, 1, 1]),
        (np.zeros((1, 3, 3)), np.zeros((1, 3, 3)), [1], None),
    ]:
        with pytest.raises(ValueError, match='expected'):
            normalized_errors(pred, gt, norm, mask)


def test_truth_that_is_no_number():
    with pytest.raises(ValueError, match='labelled but\\s+NaN'):
        normalized_errors(np.zeros((1, 1, 2)), [[[NAN, 0]]], [1])


def test_point_distance():
    gt = [[[0, 0], [9, 9], [3, 4]], [[1, 1], [9, 9], [1, 1]]]
    np.testing.assert_array_equal(point_distance(gt, 0, 2), [5, 0])


def test_normalizers_by_hand():
    points = np.zeros((1, 68, 2))
    points[0, 36], points[0, 45] = (0, 0), (30, 40)
    points[0, 37], points[0, 46] = (6, 0), (0, 0)
    assert inter_ocular(points, IBUG68) == 50
    # Means of the six points of each eye: (1, 0) and (5, 40 / 6).
    assert inter_pupil(points, IBUG68) == pytest.approx(np.hypot(4, 40 / 6))
    boxes = [[10, 20, 40, 60], [5, 5, 5, 9]]
    assert face_box(boxes).tolist() == [1200**0.5, 0]
    assert box_diagonal(boxes).tolist() == [50, 4]
    assert landmark_box([[[1, 2], [5, 2], [3, 11]]]) == 6
    mask = [[1, 1, 0]], [[1, 0, 1]], [[0, 0, 0]]
    np.testing.assert_array_equal(
        [landmark_box([[[1, 2], [5, 2], [3, 10]]], m)[0] for m in mask], [0, 4, NAN]
    )


def test_percentiles():
    errors = np.arange(101.0)
    assert percentiles(errors, [0, 50, 90]).tolist() == [0, 50, 90]
    assert percentiles([1, 2], [50]) == 1.5
    assert percentiles([0, 1, INF, NAN], [50, 75]).tolist() == [1, INF]
    assert np.isnan(percentiles([NAN], [50, 90])).all()


def test_per_landmark_and_per_group():
    errors = np.full((2, 98), 0.1)
    errors[:, list(WFLW98.groups['lips'])] = [[0.2], [0.4]]
    errors[0, 96] = NAN
    errors[:, 97] = NAN
    landmarks = per_landmark(errors)
    assert landmarks[76] == pytest.approx(0.3) and landmarks[96] == 0.1
    assert np.isnan(landmarks[97])
    groups = per_group(errors, WFLW98)
    assert groups['lips'] == pytest.approx(0.3)
    assert (groups['pupils'], groups['jaw']) == pytest.approx((0.1, 0.1))
    assert list(groups) == ['jaw', 'brows', 'nose', 'eyes', 'lips', 'pupils']


class TestBootstrap:
    def test_interval_of_a_mean(self):
        """Of many draws of a normal variable: 1.96 standard errors."""
        values = np.random.default_rng(0).normal(3, 2, 4000)
        low, high = bootstrap_ci(values, samples=4000)
        expected = 1.96 * values.std() / 4000**0.5
        assert low == pytest.approx(values.mean() - expected, rel=0.003)
        assert high == pytest.approx(values.mean() + expected, rel=0.003)

    def test_it_covers_the_truth(self):
        """Of 200 samples of 80 faces, some 95 in 100 hold the mean."""
        rng = np.random.default_rng(1)
        held = 0
        for seed in range(200):
            low, high = bootstrap_ci(rng.gamma(4, 0.01, 80), seed=seed)
            held += low <= 0.04 <= high
        assert 0.89 < held / 200 < 0.99

    def test_columns_and_weights(self):
        values = np.random.default_rng(0).random((50, 2))
        weights = np.arange(50.0)
        low, high = bootstrap_ci(values, weights)
        for i in range(2):
            ends = bootstrap_ci(values[:, i], weights)
            np.testing.assert_allclose(ends, (low[i], high[i]))
        mean = np.average(values, 0, weights)
        assert (low < mean).all() and (mean < high).all()
        np.testing.assert_allclose(bootstrap_ci([0.3] * 9, weights[:9]), 0.3)

    def test_seeds(self):
        values = np.random.default_rng(0).random(30)
        assert bootstrap_ci(values) == bootstrap_ci(values)
        assert bootstrap_ci(values) != bootstrap_ci(values, seed=1)
        assert bootstrap_ci(values) == bootstrap_ci(values, level=0.95, samples=1000, seed=0)
        low, high = bootstrap_ci(values, samples=1)
        assert low == high

    @pytest.mark.parametrize('samples', [300, 1300])
    def test_each_sample_is_a_mean_of_drawn_faces(self, samples):
        """By NumPy alone; samples are held in memory 500 at a time."""
        values, weights = np.random.default_rng(1).random((2, 7))
        drawn = np.random.default_rng(5).multinomial(7, [1 / 7] * 7, samples) * weights
        ends = np.percentile(drawn @ values / drawn.sum(1), [5, 95], method='nearest')
        found = bootstrap_ci(values, weights, level=0.9, samples=samples, seed=5)
        np.testing.assert_allclose(found, ends)

    def test_failed_and_no_faces(self):
        low, high = bootstrap_ci([0.1] * 50 + [INF])
        assert low == pytest.approx(0.1) and high == INF
        assert np.isnan(bootstrap_ci([])).all()
        low, high = bootstrap_ci(np.zeros((0, 3)))
        np.testing.assert_array_equal((low, high), np.full((2, 3), NAN))


class TestCompare:
    errors = np.random.default_rng(0).gamma(4, 0.01, 400)

    def test_a_system_with_itself(self):
        result = compare(self.errors, self.errors, samples=500)
        assert (result.difference, result.low, result.high) == (0, 0, 0)
        assert result.p_value == 1 and result.n == 400

    def test_a_better_system(self):
        noise = np.random.default_rng(1).normal(0.002, 0.005, 400)
        result = compare(self.errors, self.errors + noise, samples=1000)
        assert result.difference == pytest.approx(-noise.mean())
        assert result.low < result.difference < result.high < 0
        assert result.p_value <= 0.002

    def test_the_p_value_by_hand(self):
        """Three faces, each better by 1: of the 8 ways to exchange the
        systems 2 have so large a difference."""
        for samples in (8, 1000):
            assert compare([0, 0, 0], [1, 1, 1], samples=samples).p_value == pytest.approx(2 / 8)

    def test_by_default_10000_ways_are_drawn(self):
        a, b = self.errors[:20], self.errors[20:40]
        assert compare(a, a + 0.01).p_value == 1 / (1 + 10000)
        assert compare(a, b) == compare(a, b, samples=10000, seed=0)

    def test_the_p_value_of_many_faces(self):
        """Of 1201 ways, what was observed and 1200 that are drawn, 500 at a
        time."""
        a, b = self.errors[:20], self.errors[20:40]
        signs = 1 - 2 * np.random.default_rng(3).integers(0, 2, (1200, 20), np.int8)
        far = (np.abs(signs @ (a - b)) >= abs((a - b).sum())).sum()
        assert compare(a, b, samples=1200, seed=3).p_value == (1 + far) / 1201

    def test_equal_systems_are_seldom_told_apart(self):
        rng = np.random.default_rng(2)
        p_values = [
            compare(*rng.gamma(4, 0.01, (2, 60)), samples=400, seed=i).p_value for i in range(60)
        ]
        assert np.mean(np.array(p_values) < 0.05) < 0.15
        assert 0.3 < np.median(p_values) < 0.7

    def test_failed_faces_are_counted(self):
        result = compare(
            [0.1, INF, 0.2, INF, NAN, 0.3], [0.2, 0.1, INF, INF, 0.1, 0.3], samples=100
        )
        assert result.failed == (1, 1) and result.n == 2
        assert result.difference == pytest.approx(-0.05)
        assert (result.low, result.high) == pytest.approx((-0.1, 0))
        one = compare([0.1, INF], [0.3, 0.1])
        assert one.n == 1 and one.difference == pytest.approx(-0.2)
        assert np.isnan([one.low, one.high, one.p_value]).all()
        nothing = compare([INF], [0.1])
        assert nothing.n == 0 and np.isnan(nothing.difference)

    def test_other_faces(self):
        with pytest.raises(ValueError, match='the same faces'):
            compare([0.1], [0.1, 0.2])


def test_face_errors():
    errors = [[0.1, 0.3], [0.2, NAN], [NAN, NAN], [INF, 0]]
    np.testing.assert_array_equal(face_errors(errors), [(0.1 + 0.3) / 2, 0.2, NAN, INF])


def test_nme_over_faces_and_over_points():
    errors = np.array([[1.0, 3.0], [5.0, NAN]])
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
    assert auc([0.02, 0.05], T) == pytest.approx((0.08 / 2 + 0.05 / 2) / T)
    with pytest.raises(ValueError, match='must be positive, got 0'):
        auc([T], 0)


def test_ced():
    np.testing.assert_array_equal(
        ced([0.2, T, NAN, INF], [0, BELOW, T, ABOVE, 0.2, INF]), [0, 0, 1 / 3, 1 / 3, 2 / 3, 1]
    )


@pytest.mark.parametrize('errors', [[], [NAN, NAN]], ids=['empty', 'nan'])
def test_nothing_to_score(errors, recwarn):
    figures = [nme(errors), failure_rate(errors, T), auc(errors, T)]
    assert np.isnan(figures).all()
    assert np.isnan(ced(errors, [0, 1])).all()
    assert face_errors(np.zeros((0, 68))).shape == (0,)
    assert normalized_errors(*np.zeros((2, 0, 68, 2)), []).shape == (0, 68)
    assert not recwarn.list


def test_arguments_are_not_altered():
    rng = np.random.default_rng(0)
    pred, gt = rng.normal(size=(2, 4, 5, 2))
    pred[0, 0] = NAN
    norm, mask = np.array([1.0, 0, NAN, 2]), rng.integers(0, 2, (4, 5))
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
    errors = face_errors(normalized_errors(pred, gt, point_distance(gt, 0, 1), mask))
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
    np.testing.assert_allclose(scores(pred[order], gt[order]), scores(pred, gt), atol=1e-12)


@given(seeds, st.integers(2, 6))
def test_masking_a_point_is_deleting_it(seed, point):
    pred, gt, _ = faces(seed)
    mask = np.ones(gt.shape[:2])
    mask[:, point] = 0
    pred[:, point] = NAN
    np.testing.assert_allclose(
        scores(pred, gt, mask),
        scores(*(np.delete(a, point, axis=1) for a in (pred, gt))),
        atol=1e-12,
    )


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
            for name in ('test.json', 'results_300wpublic_test.json')
        )
        assert [r['imgpath'] for r in results] == [r['imgpath'] for r in truth]
        pred, gt = (np.array([face['landmarks'] for face in part]) for part in (results, truth))
        errors = normalized_errors(pred, gt, inter_ocular(gt, IBUG68))
        subsets = json.loads((folder / 'db_info.json').read_text())
        return errors, subsets['test_subsets']

    @pytest.mark.parametrize(
        'subset,n,expected_nme,expected_fr,expected_auc',
        [
            ('full', 689, 2.993687267871256, 0.7256894049346929, 62.7204),
            ('common', 554, 2.5870801950420437, 0, None),
            ('ibug', 135, 4.662282218592618, 3.703703703703709, None),
            ('helen', 330, 2.5194569810704968, 0, None),
            ('lfpw', 224, 2.6867036799108392, 0, None),
        ],
    )
    def test_figures(self, golden, subset, n, expected_nme, expected_fr, expected_auc):
        errors, subsets = golden
        errors = face_errors(errors)
        if subset != 'full':
            errors = errors[subsets[subset]]
        assert len(errors) == n
        assert 100 * nme(errors) == pytest.approx(expected_nme, abs=1e-9)
        assert 100 * failure_rate(errors, 0.08) == pytest.approx(expected_fr, abs=1e-9)
        if expected_auc:
            # Published is 62.7275, an integral over bins.
            assert 100 * auc(errors, 0.08) == pytest.approx(expected_auc, abs=1e-3)

    @pytest.mark.parametrize(
        'subset,expected',
        [
            ('full', (4.666037430932269, 5.435113114011185, 7.320552484553374)),
            ('ibug', (6.628041366327217, 7.390973031124523, 10.093415564142603)),
            ('helen', (3.588651040403328, 3.9771381372856305, 5.038565693708802)),
        ],
    )
    def test_percentiles(self, golden, subset, expected):
        errors, subsets = golden
        errors = face_errors(errors)
        if subset != 'full':
            errors = errors[subsets[subset]]
        np.testing.assert_allclose(100 * percentiles(errors, [90, 95, 99]), expected, rtol=1e-12)

    def test_per_landmark(self, golden):
        """Some of the jaw, a brow, the nose and the lips."""
        expected = {
            0: 6.160148291662601,
            1: 5.609969055309763,
            16: 6.178730799959288,
            20: 2.7692371208173987,
            27: 2.266086276562485,
            67: 2.070427832570231,
        }
        landmarks = 100 * per_landmark(golden[0])
        for i, figure in expected.items():
            assert landmarks[i] == pytest.approx(figure, abs=1e-9), i

    def test_inter_pupil_of_the_same_predictions(self, face_data):
        """Figures of other normalisers for them, to three digits."""
        folder = face_data / 'golden/300w_public'
        pred, gt = (
            np.array([face['landmarks'] for face in json.loads((folder / name).read_text())])
            for name in ('results_300wpublic_test.json', 'test.json')
        )
        for norm, figure in ((inter_pupil(gt, IBUG68), 4.203), (landmark_box(gt), 1.742)):
            errors = face_errors(normalized_errors(pred, gt, norm))
            assert 100 * nme(errors) == pytest.approx(figure, abs=6e-4)
