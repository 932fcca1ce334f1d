# SPDX-License-Identifier: Apache-2.0
"""Jitter and lag of the landmarks in a video, as functions on arrays.

Figures are ratios, never per cent. With the points x of frame t, the truth y
and the normaliser d, such as the distance of the outer eye corners::

    jitter = mean(|x[t + 1] - 2 x[t] + x[t - 1]| / d[t])
    lag = cov(y - x, v) / var(v),  v[t] = (y[t + 1] - y[t - 1]) / 2
"""

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import FloatArray
from ..landmarks import Scheme
from .functional import landmark_box, point_distance

__all__ = ['jitter', 'lag', 'motion_normalizer']


def motion_normalizer(points: ArrayLike, scheme: Scheme) -> FloatArray:
    """The normaliser of jitter: that of the scheme, or the side √(w h) of the
    landmarks' box where the scheme has none.

    Args:
        points (ArrayLike): Points ``(T, K, 2)`` of each frame in pixels.
        scheme (Scheme): Their scheme.

    Returns:
        np.ndarray: ``(T, )`` in pixels.
    """
    if scheme.normalizer_indices is None:
        return landmark_box(points)
    return point_distance(points, *scheme.normalizer_indices)


def jitter(points: ArrayLike, norm: ArrayLike) -> float:
    """The mean acceleration of the points, divided by the normaliser.

    It contains the motion of the face itself: use it to compare systems on
    one video, not one system on several videos.

    Args:
        points (ArrayLike): Points ``(T, K, 2)`` of a face in T frames that
            follow one another, in pixels.
        norm (ArrayLike): Normaliser ``(T, )`` of each frame in pixels, or one
            number for all.

    Returns:
        float: Ratio per frame²; NaN if there are fewer than three frames.

    Raises:
        ValueError: If the points are of another shape, or a normaliser is not
            positive.

    Examples:
        >>> jitter([[[0, 0]], [[1, 0]], [[4, 0]]], 10)
        0.2
    """
    points = _check_points(points)
    norm = np.broadcast_to(np.asarray(norm, np.float64), len(points))
    if not (norm > 0).all():
        raise ValueError('expected normalisers above 0')
    if len(points) < 3:
        return float('nan')
    change = np.diff(points, 2, axis=0)
    return float((np.hypot(*change.T).T / norm[1:-1, None]).mean())


def lag(points: ArrayLike, truth: ArrayLike) -> float:
    """The delay of the points behind the truth in frames, by least squares.

    Errors that do not change in time, such as a point that is always too low,
    have no effect.

    Args:
        points (ArrayLike): Points ``(T, K, 2)`` of a face in T frames, in
            pixels.
        truth (ArrayLike): The true ones ``(T, K, 2)``.

    Returns:
        float: Frames; negative if the points are early. NaN if there are
        fewer than four frames or the speed of the truth does not change.

    Raises:
        ValueError: If the shapes are not these.
    """
    points, truth = _check_points(points), _check_points(truth)
    if points.shape != truth.shape:
        raise ValueError(
            f'expected points and truth of one shape, got {points.shape} and {truth.shape}'
        )
    if len(points) < 4:
        return float('nan')
    speed, late = (truth[2:] - truth[:-2]) / 2, (truth - points)[1:-1]
    speed = speed - speed.mean(0)
    changed = (speed**2).sum()
    return float((late * speed).sum() / changed) if changed else float('nan')


def _check_points(points: ArrayLike) -> FloatArray:
    """The points as an array; ValueError for another shape."""
    points = np.asarray(points, np.float64)
    if points.ndim != 3 or points.shape[2] != 2:
        raise ValueError(f'expected points (T, K, 2), got {points.shape}')
    return points
