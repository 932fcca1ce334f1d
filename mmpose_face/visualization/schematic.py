# SPDX-License-Identifier: Apache-2.0
"""The error of each landmark on a drawn face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from ..landmarks import WFLW98, Scheme
from ..synthesis.template import template

_WIDTH, _MARGIN = 480, 26  # pixels of the picture
_BAR, _BAR_HEIGHT = 240, 12  # the colour scale below the face
_RADIUS_OF_MANY, _RADIUS_OF_FEW = 5.0, 8.0  # of more than 40 points, or fewer

# RGB from small to large errors: each step is darker, so that the scale can be
# read without colours.
_COLORS = np.array(
    [(255, 236, 158), (251, 180, 72), (233, 104, 47), (182, 38, 66), (98, 12, 92), (32, 8, 60)],
    float,
)


def _middle(*names: str) -> dict[str, float]:
    return {name: 1 / len(names) for name in names}


# Weights of WFLW's points, for the left side; the right side is its mirror.
CONSTRUCTIONS: dict[str, dict[str, float]] = dict(
    left_brow_outer_end=_middle('left_brow_upper_5'),
    left_brow_inner_end=_middle('left_brow_upper_1', 'left_brow_lower_1'),
    left_brow_upper_middle=_middle('left_brow_upper_3'),
    left_brow_lower_middle=_middle('left_brow_lower_2', 'left_brow_lower_3'),
    left_brow_center=dict(left_brow_upper_3=0.5, left_brow_lower_2=0.25, left_brow_lower_3=0.25),
    left_eye_center=_middle(
        'left_eye_outer_corner',
        'left_eye_upper_middle',
        'left_eye_inner_corner',
        'left_eye_lower_middle',
    ),
    # Outwards from the nostril and up the bridge of the nose.
    left_nose_wing=dict(
        left_nostril_2=1.25, left_nostril_1=-0.25, nose_bridge_3=0.15, nose_base=-0.15
    ),
    nose_tip=_middle('nose_bridge_4'),
    mouth_center=_middle('upper_lip_inner', 'lower_lip_inner'),
)


def scheme_points(keypoints: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Place the points of a scheme on a face with WFLW's points.

    For pictures only: points of COFW and AFLW that WFLW lacks are placed
    approximately (:data:`CONSTRUCTIONS`). For annotations there are exact
    maps, :meth:`~mmpose_face.landmarks.Scheme.map_to`.

    Args:
        keypoints (np.ndarray): WFLW's points ``(98, 2)``.
        scheme (Scheme): The scheme to draw, with K points.

    Returns:
        np.ndarray: ``(K, 2)``.
    """
    return np.array([_point(name, keypoints) for name in scheme.points])


def can_be_drawn(scheme: Scheme) -> bool:
    """Whether the place of each point on the schematic face is known."""
    known = {*WFLW98.points, *CONSTRUCTIONS}
    return all(name in known or name.replace('right', 'left', 1) in known for name in scheme.points)


def mean_shape(points: np.ndarray) -> np.ndarray:
    """The mean place of each point, for a scheme without a schematic face.

    Args:
        points (np.ndarray): ``(N, K, 2)`` in pixels, NaN where a point is not
            labelled.

    Returns:
        np.ndarray: ``(K, 2)``, medians over the faces, each scaled to size 1
        and centred at (0, 0); (0, 0) for a point that no face has labelled.
    """
    low, high = (f.reduce(points, axis=1, keepdims=True) for f in (np.fmin, np.fmax))
    middle, size = (low + high) / 2, (high - low).max(2, keepdims=True)
    faces = (points - middle) / np.where(size > 0, size, np.nan)
    shape = np.zeros(points.shape[1:])
    for i in range(len(shape)):
        labelled = faces[np.isfinite(faces[:, i]).all(1), i]
        if len(labelled):
            shape[i] = np.median(labelled, axis=0)
    return shape


def _point(name: str, keypoints: np.ndarray) -> np.ndarray:
    index, mirrored = WFLW98.index, keypoints[list(WFLW98.mirror)]
    if name in index:
        return keypoints[index[name]]
    if name.startswith('right_'):
        return _point(name.replace('right', 'left', 1), mirrored)
    weights = CONSTRUCTIONS[name].items()
    return sum(weight * keypoints[index[other]] for other, weight in weights)


def draw_schematic(
    errors: ArrayLike, scheme: Scheme, highest: float | None = None, shape: ArrayLike | None = None
) -> str:
    """Draw the error of each landmark on a schematic face.

    A point has the colour of its error, and shows its name and error when the
    mouse pointer rests on it. A point that no face scores is a hollow ring.

    Args:
        errors (ArrayLike): Ratios ``(K, )`` as given by
            :func:`~mmpose_face.evaluation.per_landmark`.
        scheme (Scheme): The scheme of the K points.
        highest (float, optional): Right end of the colour scale, a ratio;
            larger errors have the same colour. Pictures to compare need the
            same one. Defaults to :func:`scale_end`.
        shape (ArrayLike, optional): Places of the points ``(K, 2)`` in any
            unit, as given by :func:`mean_shape`. Defaults to their places on
            the schematic face, which are known for the schemes of
            :mod:`mmpose_face.landmarks`.

    Returns:
        str: An SVG drawing for a file or for HTML, with errors in per cent.
        Lines and texts have the colour of the surrounding text.

    Raises:
        ValueError: If the errors or the shape do not have K points, or the
            places of the points are unknown and no shape is given.
    """
    errors = np.asarray(errors, np.float64)
    if errors.shape != (scheme.num_points,):
        raise ValueError(
            f'expected the errors of {scheme.num_points} points '
            f'of {scheme.name}, got {errors.shape}'
        )
    highest = highest or scale_end(errors)
    points, outline, height = _layout(scheme, shape)
    total = height + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} '
        f'{total:g}" width="{_WIDTH}" height="{total:g}" role="img" '
        f'aria-label="Error of each of the {scheme.num_points} points" '
        'font-family="sans-serif" font-size="13">',
        _outline(outline),
        *_lines(points, scheme),
        *_dots(points, errors, scheme, highest),
        *_scale(height, highest),
        '</svg>',
    ]
    return '\n'.join(parts)


def scale_end(errors: ArrayLike) -> float:
    """The smallest round number, 1, 2, 3, 5 or 8 times a power of ten, that no
    finite error exceeds.

    Args:
        errors (ArrayLike): Ratios of any shape.

    Returns:
        float: Ratio; 0.01 if no finite error is above 0.
    """
    errors = np.asarray(errors, np.float64)
    largest = errors.max(where=np.isfinite(errors), initial=0)
    if largest <= 0:
        return 0.01
    power = 10.0 ** math.floor(math.log10(largest))
    # Tolerance for rounding errors.
    return next(
        step * power for step in (1, 2, 3, 5, 8, 10) if step * power >= largest * (1 - 1e-9)
    )


def _layout(scheme: Scheme, shape: ArrayLike | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Points ``(K, 2)`` in pixels of the picture; the face's outline
    ``(33, 2)``, or ``(0, 2)`` if there is none; and the height of the face."""
    if shape is not None:
        points = np.asarray(shape, np.float64)
        if points.shape != (scheme.num_points, 2):
            raise ValueError(
                f'expected a shape of {scheme.num_points} points '
                f'of {scheme.name}, got {points.shape}'
            )
        points, height = _fit_to_picture(points)
        return points, np.empty((0, 2)), height
    if not can_be_drawn(scheme):
        raise ValueError(
            f'it is not known where on a face the points of {scheme.name} lie: expected a shape'
        )
    face, height = _fit_to_picture(template().controls[: WFLW98.num_points, :2].astype(np.float64))
    outline = face[list(WFLW98.groups['jaw'])]
    return scheme_points(face, scheme), outline, height


def _fit_to_picture(points: np.ndarray) -> tuple[np.ndarray, float]:
    """The points scaled to the width of the picture and centred, and the
    height of the picture, at most about twice its width."""
    low, high = points.min(0), points.max(0)
    wide = max(high[0] - low[0], (high[1] - low[1]) / 2) or 1.0
    scale = (_WIDTH - 2 * _MARGIN) / wide
    moved = (points - low) * scale + _MARGIN
    moved[:, 0] += (wide - (high - low)[0]) * scale / 2
    return moved, float((high - low)[1] * scale + 2 * _MARGIN)


def _outline(points: np.ndarray) -> str:
    """The jaw from ear to ear, of which some schemes have only the chin."""
    if not len(points):
        return ''
    path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="currentColor" '
        'stroke-opacity=".15" stroke-width="1.5"/>'
    )


def _lines(points: np.ndarray, scheme: Scheme) -> list[str]:
    return [
        f'<line x1="{points[i, 0]:.1f}" y1="{points[i, 1]:.1f}" '
        f'x2="{points[j, 0]:.1f}" y2="{points[j, 1]:.1f}" '
        'stroke="currentColor" stroke-opacity=".3" stroke-width="1.5"/>'
        for i, j in scheme.lines
    ]


def _dots(points: np.ndarray, errors: np.ndarray, scheme: Scheme, highest: float) -> list[str]:
    radius = _RADIUS_OF_MANY if scheme.num_points > 40 else _RADIUS_OF_FEW
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" '
        'pointer-events="all" '
        f'fill="{_fill(error, highest)}" stroke="currentColor" '
        f'stroke-width="1"><title>{i} {escape(name)}: {_percent(error)}'
        '</title></circle>'
        for i, (name, (x, y), error) in enumerate(
            zip(scheme.points, points.tolist(), errors.tolist())
        )
    ]


def _fill(error: float, highest: float) -> str:
    return 'none' if math.isnan(error) else color_of(error / highest)


def _percent(error: float) -> str:
    return 'not scored' if math.isnan(error) else f'{100 * error:.2f} %'


def color_of(share: float) -> str:
    """The colour at a place of the scale, from 0 (left end) to 1 (right end),
    such as ``'#ffec9e'``."""
    place = min(max(share, 0), 1) * (len(_COLORS) - 1)
    rgb = [float(np.interp(place, range(len(_COLORS)), c)) for c in _COLORS.T]
    return '#' + ''.join(f'{round(c):02x}' for c in rgb)


def _scale(top: float, highest: float) -> Sequence[str]:
    """The colour scale with three numbers, in per cent."""
    left, steps = (_WIDTH - _BAR) / 2, 48
    width = _BAR / steps
    # A little wider than a step, so that no viewer shows seams.
    bar = [
        f'<rect x="{left + i * width:g}" y="{top:g}" '
        f'width="{width + (i < steps - 1) * 0.5:g}" height="{_BAR_HEIGHT}" '
        f'fill="{color_of((i + 0.5) / steps)}"/>'
        for i in range(steps)
    ]
    texts = [
        f'<text x="{left + share * _BAR:g}" y="{top + 28:g}" '
        f'text-anchor="middle" fill="currentColor">{100 * share * highest:g}'
        '</text>'
        for share in (0, 0.5, 1)
    ]
    unit = (
        f'<text x="{_WIDTH / 2:g}" y="{top + 46:g}" text-anchor="middle" '
        'fill="currentColor">normalised mean error of a point (%)</text>'
    )
    return [*bar, *texts, unit]
