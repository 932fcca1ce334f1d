# SPDX-License-Identifier: Apache-2.0
"""The maths of face-landmark benchmarks, as functions on arrays.

Two values have a special meaning in an array of errors: NaN is *not scored*
(a point that is not labelled, a face without a normaliser) and is left out of
every figure; infinity is *failed* (a prediction that is no number) and stays
in. Errors, thresholds and figures are ratios, never per
cent. Everything is computed in float64 and no argument is altered.

Notation: e are the errors of N faces, t is a threshold.

    NME = mean(e)
    FR@t = mean(e > t)
    AUC@t = 1/t * integral of CED from 0 to t = mean(max(0, t - e)) / t
    CED(x) = mean(e <= x)

The integral of a step function is a sum, so that AUC is exact. Figures of
papers that integrate over bins differ from it in the third digit or so. All
three figures are means over faces, which makes their intervals cheap: see
:func:`bootstrap_ci`.

Sources:
    NME and FR: Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment
    Algorithm", CVPR 2018. AUC of the CED: Yang et al., "An empirical study of
    recent face alignment methods", 2015. Percentile bootstrap and paired
    permutation test: Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapters 13 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Array, BoolArray, FloatArray
from ..landmarks import Scheme

__all__ = [
    'normalized_errors',
    'point_distance',
    'inter_ocular',
    'inter_pupil',
    'face_box',
    'box_diagonal',
    'longer_side',
    'landmark_box',
    'face_errors',
    'nme',
    'failure_rate',
    'auc',
    'ced',
    'percentiles',
    'per_landmark',
    'per_group',
    'bootstrap_ci',
    'Comparison',
    'compare',
]


def normalized_errors(
    pred: ArrayLike, gt: ArrayLike, norm: ArrayLike, mask: ArrayLike | None = None
) -> FloatArray:
    """Distance of every predicted point to the truth, divided by the
    normaliser.

    Args:
        pred (ArrayLike): Predicted points ``(N, K, 2)`` in pixels. A point
            that is NaN or infinite has an infinite error.
        gt (ArrayLike): True points ``(N, K, 2)`` in pixels.
        norm (ArrayLike): Normaliser ``(N, )`` of each face in pixels. A face
            whose normaliser is not positive and finite cannot be scored.
        mask (ArrayLike, optional): ``(N, K)``, true where a point is
            labelled. Defaults to all.

    Returns:
        np.ndarray: Ratios ``(N, K)``; NaN where a point is masked out or its
        face cannot be scored.

    Raises:
        ValueError: If shapes do not fit, or a true point that is not masked
            out is NaN or infinite.

    Examples:
        >>> normalized_errors([[[3, 4]]], [[[0, 0]]], [10])
        array([[0.5]])
    """
    pred, gt, norm = (np.asarray(a, np.float64) for a in (pred, gt, norm))
    mask = np.ones(gt.shape[:2]) if mask is None else np.asarray(mask)
    _check_shapes(pred, gt, norm, mask)
    scored = mask.astype(bool)
    if not np.isfinite(gt[scored]).all():
        raise ValueError(
            'the ground truth has points that are labelled but NaN or infinite; mask them out'
        )
    errors = _distance(pred, gt)
    errors[~np.isfinite(errors)] = np.inf
    usable = np.isfinite(norm) & (norm > 0)
    scored &= usable[:, None]
    with np.errstate(over='ignore'):
        errors /= np.where(usable, norm, 1)[:, None]
    return np.where(scored, errors, np.nan)


def _check_shapes(pred: FloatArray, gt: FloatArray, norm: FloatArray, mask: Array) -> None:
    if gt.ndim != 3 or gt.shape[2] != 2 or pred.shape != gt.shape:
        raise ValueError(
            'expected predicted and true points of one shape '
            f'(N, K, 2), got {pred.shape} and {gt.shape}'
        )
    if norm.shape != gt.shape[:1] or mask.shape != gt.shape[:2]:
        raise ValueError(
            f'expected normalisers {gt.shape[:1]} and a mask {gt.shape[:2]}, '
            f'got {norm.shape} and {mask.shape}'
        )


def _distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Euclidean; the last axis holds x and y."""
    # No warnings: the difference of two infinities is NaN, as it should be,
    # and a distance beyond all numbers is infinite.
    with np.errstate(invalid='ignore', over='ignore'):
        distances: FloatArray = np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])
    return distances


def point_distance(gt: ArrayLike, i: int, j: int) -> FloatArray:
    """Distance of two points of each face: the inter-ocular normaliser if
    they are the outer eye corners, the inter-pupil one if the pupils.

    Args:
        gt (ArrayLike): True points ``(N, K, 2)`` in pixels.
        i (int): Index of one point.
        j (int): Index of the other.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    gt = np.asarray(gt, np.float64)
    return _distance(gt[:, i], gt[:, j])


def inter_ocular(points: ArrayLike, scheme: Scheme) -> FloatArray:
    """Distance of the outer eye corners, the benchmarks' usual normaliser, or
    of the two points that are the ``normalizer`` of a custom scheme.

    Args:
        points (ArrayLike): True points ``(N, K, 2)`` in pixels.
        scheme (Scheme): Their scheme.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    return point_distance(points, *scheme.ocular_indices)


def inter_pupil(points: ArrayLike, scheme: Scheme) -> FloatArray:
    """Distance of the pupils; where a scheme has none, of the eyes' middles.

    Args:
        points (ArrayLike): True points ``(N, K, 2)`` in pixels.
        scheme (Scheme): Their scheme. The middle of an eye is the mean of its
            points for iBUG-68 and the point of that name for AFLW-19.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    points = np.asarray(points, np.float64)
    left, right = (points[:, list(side)].mean(1) for side in scheme.pupil_indices)
    return _distance(left, right)


def face_box(boxes: ArrayLike) -> FloatArray:
    """Side of a face box, √(w h), AFLW's normaliser.

    Args:
        boxes (ArrayLike): ``(N, 4)``: left, top, right and bottom in pixels.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    sides: FloatArray = np.sqrt(_sides(boxes).prod(1))
    return sides


def box_diagonal(boxes: ArrayLike) -> FloatArray:
    """Diagonal of a face box, √(w² + h²).

    Args:
        boxes (ArrayLike): ``(N, 4)``: left, top, right and bottom in pixels.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    diagonals: FloatArray = np.hypot(*_sides(boxes).T)
    return diagonals


def longer_side(boxes: ArrayLike) -> FloatArray:
    """Longer side of a face box, max(w, h), ``bbox_size`` of MMPose's ``NME``.

    Args:
        boxes (ArrayLike): ``(N, 4)``: left, top, right and bottom in pixels.

    Returns:
        np.ndarray: ``(N, )`` in pixels.
    """
    sides: FloatArray = _sides(boxes).max(1)
    return sides


def landmark_box(points: ArrayLike, mask: ArrayLike | None = None) -> FloatArray:
    """Side √(w h) of the box around the true points, the normaliser of the
    private test of 300-W, of COFW68 and of MERL-RAV.

    Args:
        points (ArrayLike): True points ``(N, K, 2)`` in pixels.
        mask (ArrayLike, optional): ``(N, K)``, true where a point is
            labelled. Defaults to all.

    Returns:
        np.ndarray: ``(N, )`` in pixels; NaN for a face without a labelled
        point.
    """
    points = np.asarray(points, np.float64)
    mask = np.ones(points.shape[:2]) if mask is None else np.asarray(mask)
    mask = mask.astype(bool)[..., None]
    low = points.min(1, where=mask, initial=np.inf)
    high = points.max(1, where=mask, initial=-np.inf)
    # Without a labelled point, low is infinite and high is minus infinity.
    sides = np.where(high >= low, high - low, np.nan)
    root: FloatArray = np.sqrt(sides.prod(1))
    return root


def _sides(boxes: ArrayLike) -> FloatArray:
    """Width and height of each box ``(N, 2)``."""
    boxes = np.asarray(boxes, np.float64)
    sides: FloatArray = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides


def face_errors(errors: ArrayLike) -> FloatArray:
    """The error of each face: the mean over its scored points.

    Args:
        errors (ArrayLike): Ratios ``(N, K)`` of :func:`normalized_errors`.

    Returns:
        np.ndarray: Ratios ``(N, )``; NaN for a face without a scored point.
    """
    errors = np.asarray(errors, np.float64)
    scored = ~np.isnan(errors)
    count = scored.sum(1)
    total = errors.sum(1, where=scored)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def nme(errors: ArrayLike) -> float:
    """Normalised mean error, NME = mean(e).

    Args:
        errors (ArrayLike): Ratios: ``(N, )`` of the faces gives the mean over
            faces, as in papers; ``(N, K)`` of the points gives the mean over
            all points, as in MMPose.

    Returns:
        float: Ratio; NaN if nothing is scored.
    """
    return _mean(_scored(errors))


def failure_rate(errors: ArrayLike, t: float) -> float:
    """FR@t: the share of faces whose error is above ``t``, strictly.

    Args:
        errors (ArrayLike): Ratios ``(N, )`` of the faces.
        t (float): Threshold, a ratio.

    Returns:
        float: Ratio; NaN if no face is scored.

    Examples:
        >>> failure_rate([0.05, 0.10, 0.15, 0.20], 0.10)
        0.5
    """
    return _mean(_scored(errors) > t)


def auc(errors: ArrayLike, t: float) -> float:
    """AUC@t: the area under the CED from 0 to ``t``, divided by ``t``; exact.

    Args:
        errors (ArrayLike): Ratios ``(N, )`` of the faces.
        t (float): Threshold, a ratio.

    Returns:
        float: Ratio, 1 for perfect predictions; NaN if no face is scored.

    Raises:
        ValueError: If ``t`` is not positive.
    """
    if not t > 0:
        raise ValueError(f'the threshold of AUC must be positive, got {t}')
    return _mean(np.maximum(0, 1 - _scored(errors) / t))


def ced(errors: ArrayLike, xs: ArrayLike) -> FloatArray:
    """Cumulative error distribution: the share of faces with error <= x.

    Args:
        errors (ArrayLike): Ratios ``(N, )`` of the faces.
        xs (ArrayLike): Ratios ``(M, )`` to evaluate it at.

    Returns:
        np.ndarray: Ratios ``(M, )``; NaN if no face is scored.
    """
    errors, xs = np.sort(_scored(errors)), np.asarray(xs, np.float64)
    if not len(errors):
        return np.full(xs.shape, np.nan)
    return np.searchsorted(errors, xs, side='right') / len(errors)


def percentiles(errors: ArrayLike, qs: ArrayLike) -> FloatArray:
    """Percentiles of the errors: a share of the faces does not exceed them.

    Args:
        errors (ArrayLike): Ratios ``(N, )`` of the faces.
        qs (ArrayLike): Percentiles ``(M, )`` from 0 to 100, such as 90.

    Returns:
        np.ndarray: Ratios ``(M, )``, interpolated between neighbours; NaN if
        no face is scored.
    """
    errors, qs = _scored(errors), np.asarray(qs, np.float64)
    if not len(errors):
        return np.full(qs.shape, np.nan)
    # Between a number and infinity, interpolation gives NaN.
    with np.errstate(invalid='ignore'):
        found = np.percentile(errors, qs)
    return np.where(np.isnan(found), np.percentile(errors, qs, method='higher'), found)


def per_landmark(errors: ArrayLike) -> FloatArray:
    """Mean error of each landmark.

    Args:
        errors (ArrayLike): Ratios ``(N, K)`` of :func:`normalized_errors`.

    Returns:
        np.ndarray: Ratios ``(K, )``; NaN for a landmark that is scored on no
        face.
    """
    return face_errors(np.asarray(errors, np.float64).T)


def per_group(errors: ArrayLike, scheme: Scheme) -> dict[str, float]:
    """Mean error of the points of each part of the face.

    Args:
        errors (ArrayLike): Ratios ``(N, K)`` of :func:`normalized_errors`.
        scheme (Scheme): The scheme of the K points.

    Returns:
        dict[str, float]: From group to ratio, the mean over all scored
        points.
    """
    errors = np.asarray(errors, np.float64)
    return {group: nme(errors[:, list(indices)]) for group, indices in scheme.groups.items()}


def bootstrap_ci(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Percentile bootstrap interval of (weighted) means over faces.

    The figures of a benchmark are means over faces: NME of ``e``, FR of
    ``e > t``, AUC of ``max(0, 1 - e / t)``. The mean over all points is the
    mean over faces weighted by their number of scored points.

    Args:
        values (ArrayLike): ``(N, )``, or ``(N, M)`` for M figures at once; no
            value may be NaN.
        weights (ArrayLike, optional): ``(N, )``. Defaults to ones.
        level (float): Share of the samples inside the interval.
        samples (int): Number of samples of N faces, drawn with replacement.
        seed (int): Seed of the samples; the same seed gives the same
            interval.

    Returns:
        tuple[np.ndarray, np.ndarray]: Lower and upper end, ``()`` or
        ``(M, )``; NaN if there is no face, infinite where a sample holds a
        failed face.
    """
    values = np.asarray(values, np.float64)
    if not len(values):
        return (np.full(values.shape[1:], np.nan),) * 2
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            _drawn_means(values, weights, min(_AT_ONCE, samples - start), rng)
            for start in range(0, samples, _AT_ONCE)
        ]
    )
    ends = _central_interval(means, level)
    return ends[0], ends[1]


def _drawn_means(
    values: FloatArray, weights: FloatArray, samples: int, rng: np.random.Generator
) -> FloatArray:
    """Means of faces drawn with replacement, ``(samples, ...)``."""
    # How often each face is drawn for each sample.
    drawn = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), samples) * weights
    failed = np.isinf(values)
    means: FloatArray = drawn @ np.where(failed, 0, values)
    means[drawn @ failed.astype(np.float64) > 0] = np.inf
    totals: FloatArray = drawn.sum(1)
    return (means.T / totals).T


def _central_interval(means: FloatArray, level: float) -> FloatArray:
    """Both ends of the interval that holds the share ``level`` of the samples
    ``(S, ...)``, with equal tails."""
    tail = 50 * (1 - level)
    ends: FloatArray = np.percentile(means, [tail, 100 - tail], axis=0, method='nearest')
    return ends


_AT_ONCE = 500  # samples that are held in memory


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same faces.

    Args:
        difference (float): Mean error of A minus that of B, a ratio; negative
            where A is better.
        low (float): Lower end of its 95 % interval, a ratio.
        high (float): Upper end.
        p_value (float): Probability of so large a difference between systems
            that are equally good.
        n (int): Number of faces with finite errors of both systems.
        failed (tuple[int, int]): Numbers of faces that only A failed and that
            only B failed, with an infinite error; they are not in the
            difference.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int
    failed: tuple[int, int]


def compare(
    errors_a: ArrayLike, errors_b: ArrayLike, samples: int = 10000, seed: int = 0
) -> Comparison:
    """Compare two systems face by face.

    The interval is a percentile bootstrap of the mean difference; the p-value
    is that of a two-sided permutation test, which exchanges the systems at
    random on each face.

    Args:
        errors_a (ArrayLike): Ratios ``(N, )`` of system A.
        errors_b (ArrayLike): Ratios ``(N, )`` of system B on the same faces.
        samples (int): Number of bootstrap samples and of permutations.
        seed (int): Seed of both.

    Returns:
        Comparison: Ratios, not per cent.

    Raises:
        ValueError: If the numbers of faces differ.
    """
    a, b = np.asarray(errors_a, np.float64), np.asarray(errors_b, np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f'expected the errors of the same faces, (N, ) twice, got {a.shape} and {b.shape}'
        )
    failed = (int((np.isinf(a) & np.isfinite(b)).sum()), int((np.isinf(b) & np.isfinite(a)).sum()))
    both = np.isfinite(a) & np.isfinite(b)
    difference = a[both] - b[both]
    n = len(difference)
    if n < 2:
        nan = float('nan')
        return Comparison(_mean(difference), nan, nan, nan, n, failed)
    low, high = bootstrap_ci(difference, samples=samples, seed=seed)
    return Comparison(
        _mean(difference),
        float(low),
        float(high),
        _sign_flip_p_value(difference, samples, seed),
        n,
        failed,
    )


def _sign_flip_p_value(difference: FloatArray, samples: int, seed: int) -> float:
    """Two-sided p-value of a permutation test: of the ways to exchange the
    systems on each face, the share whose mean is at least as far from zero.

    Where there are few ways, all are counted. SciPy's test takes minutes and
    gigabytes for the faces of a benchmark.
    """
    n = len(difference)
    observed = abs(difference.mean()) * (1 - 1e-12)
    if 2**n <= samples:
        ways = np.arange(2**n)[:, None] >> np.arange(n) & 1
        means = (1 - 2 * ways) @ difference / n
        return float((np.abs(means) >= observed).mean())
    rng, as_far = np.random.default_rng(seed), 0
    for start in range(0, samples, _AT_ONCE):
        number = min(_AT_ONCE, samples - start)
        signs = 1 - 2.0 * rng.integers(0, 2, (number, n), np.int8)
        as_far += int((np.abs(signs @ difference / n) >= observed).sum())
    # The observed difference is one of the ways.
    return (as_far + 1) / (samples + 1)


def _scored(errors: ArrayLike) -> FloatArray:
    """The errors that are not NaN, flat."""
    errors = np.asarray(errors, np.float64)
    scored: FloatArray = errors[~np.isnan(errors)]
    return scored


def _mean(values: FloatArray | BoolArray) -> float:
    """The mean; NaN for no values, without NumPy's warning."""
    return float(values.mean()) if values.size else float('nan')
