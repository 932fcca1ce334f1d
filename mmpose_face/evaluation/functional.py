# SPDX-License-Identifier: Apache-2.0
"""The maths of face-landmark benchmarks, on arrays.

Two values have a meaning of their own in an array of errors: NaN is *not
scored* (a point that is not labelled, a face without a normaliser) and is
left out of every figure; infinity is *failed* (a prediction that is no
number) and stays in. Errors, thresholds and figures are ratios, never per
cent. Everything is computed in float64 and no argument is altered.

Notation: e are the errors of N faces, t is a threshold.

    NME = mean(e)
    FR@t = mean(e > t)
    AUC@t = 1/t * integral of CED from 0 to t = mean(max(0, t - e)) / t
    CED(x) = mean(e <= x)

The integral of a step function is a sum, so that AUC is exact. Figures of
papers that integrate over bins differ from it in the third digit or so.

Sources:
    NME and FR: Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment
    Algorithm", CVPR 2018. AUC of the CED: Yang et al., "An empirical study of
    recent face alignment methods", 2015.
"""
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    'normalized_errors', 'point_distance', 'face_errors', 'nme',
    'failure_rate', 'auc', 'ced'
]


def normalized_errors(pred: ArrayLike,
                      gt: ArrayLike,
                      norm: ArrayLike,
                      mask: Optional[ArrayLike] = None) -> np.ndarray:
    """Distance of every predicted point to the truth over the normaliser.

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
        raise ValueError('the ground truth has points that are labelled but '
                         'NaN or infinite; mask them out')
    errors = _distance(pred, gt)
    errors[~np.isfinite(errors)] = np.inf
    usable = np.isfinite(norm) & (norm > 0)
    scored &= usable[:, None]
    errors /= np.where(usable, norm, 1)[:, None]
    return np.where(scored, errors, np.nan)


def _check_shapes(pred, gt, norm, mask) -> None:
    if gt.ndim != 3 or gt.shape[2] != 2 or pred.shape != gt.shape:
        raise ValueError('expected predicted and true points of one shape '
                         f'(N, K, 2), got {pred.shape} and {gt.shape}')
    if norm.shape != gt.shape[:1] or mask.shape != gt.shape[:2]:
        raise ValueError(
            f'expected normalisers {gt.shape[:1]} and a mask {gt.shape[:2]}, '
            f'got {norm.shape} and {mask.shape}')


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean; the last axis holds x and y."""
    # The difference of two infinities is NaN, which is meant.
    with np.errstate(invalid='ignore'):
        return np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])


def point_distance(gt: ArrayLike, i: int, j: int) -> np.ndarray:
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


def face_errors(errors: ArrayLike) -> np.ndarray:
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
        errors (ArrayLike): Ratios ``(N, )`` of the faces, for the mean over
            faces that papers give; or ``(N, K)``, for the mean over all
            points that MMPose gives.

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
    """AUC@t: the area under the CED from 0 to ``t``, over ``t``; exact.

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


def ced(errors: ArrayLike, xs: ArrayLike) -> np.ndarray:
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


def _scored(errors: ArrayLike) -> np.ndarray:
    """The errors that count, flat."""
    errors = np.asarray(errors, np.float64)
    return errors[~np.isnan(errors)]


def _mean(values: np.ndarray) -> float:
    """The mean, without NumPy's warning for no values."""
    return float(values.mean()) if values.size else float('nan')
