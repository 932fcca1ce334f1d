# SPDX-License-Identifier: Apache-2.0
"""Identity and expression as displacements of the template's points.

Each deformation moves the template's control points ``(M, 3)``, in
millimetres, in place. Names such as *smile* mean what a viewer sees, not
muscles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from ..landmarks import WFLW98
from .template import template

INDEX = WFLW98.index


@cache
def _ids(*parts: str) -> np.ndarray:
    """Indices of the points whose names contain one of the parts."""
    return np.array([i for name, i in INDEX.items() if any(part in name for part in parts)])


@cache
def _near(name: str, radius: float) -> np.ndarray:
    """Weights ``(M, 1)``: 1 at a point, smaller with the distance in mm."""
    points = template().controls
    squared = ((points - points[INDEX[name]]) ** 2).sum(1, keepdims=True)
    return np.exp(-squared / (2 * radius**2)).astype(np.float32)


@cache
def _below(start: float, end: float) -> np.ndarray:
    """Weights ``(M, 1)``: 0 above the height ``start``, 1 below ``end``."""
    t = np.clip((template().controls[:, 1:2] - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass
class Identity:
    """Proportions of a head: 0 is the template, 1 a strong but possible change."""

    width: float = 0
    height: float = 0
    jaw_width: float = 0
    chin_length: float = 0
    chin_depth: float = 0
    forehead: float = 0
    cheeks: float = 0
    depth: float = 0
    eye_distance: float = 0
    eye_size: float = 0
    eye_width: float = 0
    eye_tilt: float = 0
    eye_depth: float = 0
    nose_length: float = 0
    nose_width: float = 0
    nose_depth: float = 0
    nose_tip: float = 0
    nose_bridge: float = 0
    mouth_width: float = 0
    mouth_height: float = 0
    upper_lip: float = 0
    lower_lip: float = 0
    brow_height: float = 0
    brow_tilt: float = 0
    brow_arch: float = 0
    brow_thickness: float = 0
    asymmetry: float = 0

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Identity:
        values = rng.normal(0, 0.5, len(fields(cls)))
        return cls(*np.clip(values, -1.3, 1.3).tolist())


@dataclass
class Expression:
    """Movements of a face, from 0 to about 1. Pairs of values are left and
    right; those of ``gaze`` are right and down, in half eye openings."""

    jaw_open: float = 0
    smile: Sequence[float] | np.ndarray = (0, 0)
    sad: float = 0
    pucker: float = 0
    upper_lip_raise: float = 0
    lips_apart: float = 0
    brow_raise: Sequence[float] | np.ndarray = (0, 0)
    brow_inner: float = 0
    frown: float = 0
    eye_open: Sequence[float] | np.ndarray = (1, 1)
    cheek_raise: float = 0
    jaw_sideways: float = 0
    gaze: Sequence[float] | np.ndarray = (0, 0)

    @classmethod
    def sample(cls, rng: np.random.Generator, strong: bool) -> Expression:
        gaze = rng.normal(0, 0.35, 2).clip(-0.9, 0.9) * (1, 0.6)
        if strong:
            kind = rng.choice(list(_STRONG))
            return cls(**_STRONG[kind](rng), gaze=gaze)
        blink = rng.random() < 0.06
        smile = max(0, rng.normal(0.3, 0.45))
        speaks = rng.random() < 0.3
        teeth = smile > 0.35 and rng.random() < 0.65
        return cls(
            jaw_open=abs(rng.normal(0, 0.2)) if speaks or teeth else 0,
            lips_apart=1 if teeth else rng.uniform(0, 0.6) * speaks,
            smile=smile + rng.normal(0, 0.05, 2),
            sad=max(0, rng.normal(-0.1, 0.2)),
            upper_lip_raise=max(0, rng.normal(0.3 * teeth, 0.15)),
            cheek_raise=0.6 * smile * rng.random(),
            brow_raise=rng.normal(0, 0.2) + rng.normal(0, 0.06, 2),
            frown=max(0, rng.normal(0, 0.2)),
            eye_open=np.full(2, 0.05)
            if blink
            else rng.normal(0.92 - 0.2 * smile, 0.16) + rng.normal(0, 0.05, 2),
            gaze=gaze,
        )


def _both(value: float) -> np.ndarray:
    return np.full(2, value)


# The strong expressions, and the function that makes each.
_STRONG = dict(
    laugh=lambda rng: dict(
        smile=_both(rng.uniform(1, 1.5)) + rng.normal(0, 0.05, 2),
        jaw_open=rng.uniform(0.25, 0.8),
        lips_apart=1,
        upper_lip_raise=rng.uniform(0.4, 1),
        cheek_raise=rng.uniform(0.4, 1),
        eye_open=_both(rng.uniform(0.2, 0.6)),
    ),
    scream=lambda rng: dict(
        jaw_open=rng.uniform(0.9, 1.4),
        lips_apart=1,
        upper_lip_raise=rng.uniform(0.2, 0.8),
        frown=rng.uniform(0.3, 1.3),
        eye_open=_both(rng.uniform(0.1, 0.8)),
    ),
    surprise=lambda rng: dict(
        jaw_open=rng.uniform(0.6, 1.2),
        lips_apart=0.8,
        pucker=rng.uniform(0, 0.5),
        brow_raise=_both(rng.uniform(1, 1.7)),
        eye_open=_both(rng.uniform(1.35, 1.7)),
    ),
    anger=lambda rng: dict(
        frown=rng.uniform(1.2, 1.8),
        upper_lip_raise=rng.uniform(0.6, 1.2),
        lips_apart=1,
        jaw_open=rng.uniform(0.1, 0.35),
        smile=_both(rng.uniform(0.2, 0.6)),
        eye_open=_both(rng.uniform(0.6, 1)),
    ),
    kiss=lambda rng: dict(
        pucker=rng.uniform(1.1, 1.6), brow_raise=_both(rng.uniform(0, 0.8)), eye_open=_both(0.05)
    ),
    grief=lambda rng: dict(
        sad=rng.uniform(1.1, 1.6),
        brow_inner=rng.uniform(1, 1.5),
        jaw_open=rng.uniform(0, 0.3),
        eye_open=_both(rng.uniform(0.05, 0.4)),
    ),
    grimace=lambda rng: dict(
        smile=np.array([rng.uniform(1, 1.5), rng.uniform(-0.6, 0)])[rng.permutation(2)],
        jaw_sideways=rng.uniform(-1.3, 1.3),
        eye_open=np.array([0.05, 0.9])[rng.permutation(2)],
        brow_raise=rng.permutation([-0.4, 1.4]),
    ),
)


def deform(identity: Identity, expression: Expression) -> np.ndarray:
    """The control points ``(M, 3)`` of one face, in millimetres."""
    points = template().controls.copy()
    _shape_head(points, identity)
    for side in ('left', 'right'):
        _shape_eye(points, identity, side)
        _shape_brow(points, identity, side)
    _shape_nose(points, identity)
    _shape_mouth(points, identity)
    _express_mouth(points, expression)
    for i, side in enumerate(('left', 'right')):
        _express_brow(points, expression, side, expression.brow_raise[i])
        _express_eye(points, side, expression.eye_open[i])
    _shape_skull(points, identity)
    return points


def _shape_skull(points: np.ndarray, identity: Identity) -> None:
    """Proportions of the whole head; applied last, since the other steps are in
    the template's millimetres."""
    points *= (1 + 0.07 * identity.width, 1 + 0.06 * identity.height, 1 + 0.05 * identity.depth)
    points[:, 0] += points[:, 1] * 0.02 * identity.asymmetry


def _shape_head(points: np.ndarray, identity: Identity) -> None:
    low = _below(25, 95)
    points[:, :1] *= 1 + 0.13 * identity.jaw_width * low
    points[:, 1:2] += 7 * identity.chin_length * _below(78, 108)
    points[:, 2:] += 5 * identity.chin_depth * _below(75, 100)
    points[:, 1:2] -= 9 * identity.forehead * (1 - _below(-70, -25))
    cheek = _near('left_mouth_corner', 22) + _near('right_mouth_corner', 22)
    points[:, 2:] += 2.5 * identity.cheeks * cheek
    middle = _below(10, 45) * (1 - _below(60, 95))
    points[:, :1] *= 1 + 0.05 * identity.cheeks * middle


def _side(side: str) -> int:
    return -1 if side == 'left' else 1


def _shape_eye(points: np.ndarray, identity: Identity, side: str) -> None:
    sign, center = _side(side), points[INDEX[f'{side}_pupil']].copy()
    weight = _near(f'{side}_pupil', 13)
    offset = points - center
    scale = np.array([0.16 * identity.eye_width, 0.22 * identity.eye_size, 0])
    tilt = 0.16 * identity.eye_tilt * sign
    turn = np.stack([offset[:, 1] * tilt, -offset[:, 0] * tilt], 1)
    points += weight * offset * scale
    points[:, :2] += weight * turn
    wide = _near(f'{side}_pupil', 22)
    points[:, :1] += wide * sign * 3 * identity.eye_distance
    points[:, 2:] -= wide * 2.5 * identity.eye_depth


def _shape_brow(points: np.ndarray, identity: Identity, side: str) -> None:
    weight = _near(f'{side}_brow_upper_3', 16)
    inner = _near(f'{side}_brow_lower_1', 12)
    outer = _near(f'{side}_brow_upper_5', 12)
    points[:, 1:2] -= weight * (3.5 * identity.brow_height + 2 * identity.brow_arch)
    points[:, 1:2] -= (outer - inner) * 3 * identity.brow_tilt
    lower = _ids(f'{side}_brow_lower')
    points[lower, 1] += 2.2 * identity.brow_thickness


def _shape_nose(points: np.ndarray, identity: Identity) -> None:
    tip, base = _near('nose_bridge_4', 13), _near('nose_base', 12)
    points[:, 1:2] += (tip + 0.6 * base) * 3.5 * identity.nose_length
    points[:, 2:] += tip * 5 * identity.nose_depth
    points[:, 1:2] -= tip * 3 * identity.nose_tip
    points[:, :1] *= 1 + 0.25 * identity.nose_width * np.maximum(tip, base)
    points[:, 2:] += _near('nose_bridge_2', 11) * 3.5 * identity.nose_bridge


def _shape_mouth(points: np.ndarray, identity: Identity) -> None:
    lips = _ids('lip', 'mouth')
    points[lips, 0] *= 1 + 0.16 * identity.mouth_width
    area = _near('upper_lip_inner', 17)
    points[:, 1:2] += area * 3 * identity.mouth_height
    upper, lower = _ids('upper_lip_outer'), _ids('lower_lip_outer')
    points[upper, 1] -= 2.2 * identity.upper_lip
    points[lower, 1] += 2.5 * identity.lower_lip
    points[:, 2:] += area * (identity.upper_lip + identity.lower_lip)


# Millimetres between the template's lips, to leave room for the mouth's texture.
_GAP = 6


def _express_mouth(points: np.ndarray, expression: Expression) -> None:
    _close_lips(points, 1 - min(expression.lips_apart, 1) * 0.6)
    for i, side in enumerate(('left', 'right')):
        _pull_corner(points, side, expression.smile[i], expression.sad)
    area = _near('upper_lip_inner', 14)
    points[:, :1] *= 1 - 0.4 * expression.pucker * area
    points[:, 2:] += 6 * expression.pucker * area
    upper = _ids('upper_lip')
    points[upper, 1] -= 4 * expression.upper_lip_raise
    for side in ('left', 'right'):
        cheek = _near(f'{side}_eye_lower_middle', 15) * _below(4, 14)
        points += cheek * np.asarray([0, -2.5, 2.5], np.float32) * expression.cheek_raise
    _open_jaw(points, expression.jaw_open, expression.jaw_sideways)


def _close_lips(points: np.ndarray, closed: float) -> None:
    upper, lower = _ids('upper_lip'), _ids('lower_lip')
    points[upper, 1] += 0.45 * _GAP * closed
    points[lower, 1] -= 0.5 * _GAP * closed


def _pull_corner(points: np.ndarray, side: str, smile: float, sad: float) -> None:
    weight, sign = _near(f'{side}_mouth_corner', 10), _side(side)
    points[:, :1] += weight * sign * 8 * smile
    points[:, 1:2] += weight * (5 * sad - 7 * smile)
    points[:, 2:] -= weight * 4 * max(smile, 0)


def _open_jaw(points: np.ndarray, amount: float, sideways: float) -> None:
    """Turn the lower lip and chin about the axis through the joints of the jaw."""
    weight = _jaw_weight()
    angle = np.deg2rad(19) * amount * weight[:, 0]
    y, z = points[:, 1] - 12, points[:, 2] - 5
    points[:, 1] = 12 + y * np.cos(angle) + z * np.sin(angle)
    points[:, 2] = 5 + z * np.cos(angle) - y * np.sin(angle)
    points[:, :1] += weight * 5 * sideways
    points[:, :1] *= 1 - 0.06 * amount * _near('upper_lip_inner', 16)


@cache
def _jaw_weight() -> np.ndarray:
    """Weights ``(M, 1)``: 1 on the lower lip and the chin, 0 above."""
    weight = _below(20, 95).copy()
    weight[_ids('lower_lip')] = 1
    weight[_ids('upper_lip')] = 0.06
    weight[_ids('mouth_corner')] = 0.45
    weight[_ids('mouth_inner_corner')] = 0.5
    weight[_ids('nos', 'eye', 'brow', 'pupil')] = 0
    anchors = template().controls[98:]
    front = (anchors[:, 1] > 83) & (anchors[:, 2] > 40)
    weight[98:][front] = 1
    weight[98:][anchors[:, 1] < 56] *= 0.5
    return weight.astype(np.float32)


def _express_brow(points: np.ndarray, expression: Expression, side: str, raised: float) -> None:
    sign = _side(side)
    whole = _near(f'{side}_brow_upper_3', 18)
    inner = _near(f'{side}_brow_lower_1', 12)
    points[:, 1:2] -= 6 * raised * whole + 5 * expression.brow_inner * inner
    points[:, 1:2] += 5 * expression.frown * inner
    points[:, :1] -= sign * 3.5 * expression.frown * inner


def _express_eye(points: np.ndarray, side: str, opened: float) -> None:
    """Move the eyelids: 0 is shut, 1 the template's opening."""
    opened = min(max(opened, 0.03), 1.7)
    for place in ('inner', 'middle', 'outer'):
        upper = INDEX[f'{side}_eye_upper_{place}']
        lower = INDEX[f'{side}_eye_lower_{place}']
        gap = points[lower] - points[upper]
        points[upper] += gap * 0.78 * (1 - opened)
        points[lower] -= gap * 0.22 * (1 - opened)
