# SPDX-License-Identifier: Apache-2.0
"""The template head, which every synthetic face deforms.

A closed surface around the head, designed by hand: the 98 WFLW points and some
anchors between them in millimetres, joined by a smooth surface. Nothing here
is computed from a data set.

Coordinates: x to the viewer's right, y down from the line of the eyes, z
towards the viewer, in millimetres; the origin is inside the head. The
surface is a grid over *texture coordinates* (u, v), both in [-1, 1]: u goes
around the head (0 is the middle of the face), v from the crown (-1) down (1).
Most of the grid is on the front of the head.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..landmarks import WFLW98

GRID = (100, 104)  # rows (v) and columns (u) of the surface
CENTER = np.array([0.0, 15.0, 0.0])
SMOOTHING = 1e-4  # of the surface between its points

# One side and the middle; the other side is the mirror image.
_POINTS: dict[str, tuple[float, float, float]] = {
    'right_eye_inner_corner': (17.5, 1.5, 76),
    'right_eye_upper_inner': (24.5, -4.7, 77.5),
    'right_eye_upper_middle': (31, -6, 77.5),
    'right_eye_upper_outer': (38, -4.8, 74.5),
    'right_eye_outer_corner': (45, 0.5, 68),
    'right_eye_lower_outer': (38, 4.3, 73),
    'right_eye_lower_middle': (31, 5.3, 75),
    'right_eye_lower_inner': (24.5, 4.6, 75.5),
    'right_pupil': (31, -0.3, 78),
    'right_brow_upper_1': (13.5, -18.5, 84),
    'right_brow_upper_2': (25, -23.5, 84),
    'right_brow_upper_3': (37, -25, 80),
    'right_brow_upper_4': (48, -21.5, 71),
    'right_brow_upper_5': (56, -13.5, 59),
    'right_brow_lower_1': (14, -13, 83.5),
    'right_brow_lower_2': (26, -17.5, 83.5),
    'right_brow_lower_3': (38, -18.8, 79),
    'right_brow_lower_4': (48.5, -16, 69.5),
    'nose_bridge_1': (0, -2, 85.5),
    'nose_bridge_2': (0, 11, 90.5),
    'nose_bridge_3': (0, 24, 97.5),
    'nose_bridge_4': (0, 37, 105),
    'nose_base': (0, 48, 91),
    'right_nostril_1': (6.5, 46.5, 91),
    'right_nostril_2': (13.5, 43.5, 86),
    'right_mouth_corner': (25, 67, 78),
    'right_upper_lip_outer_2': (15.5, 61.5, 87),
    'right_upper_lip_outer_1': (5.5, 58, 92),
    'upper_lip_outer': (0, 59.5, 93),
    'right_lower_lip_outer_2': (15.5, 76.5, 84),
    'right_lower_lip_outer_1': (7, 80, 88),
    'lower_lip_outer': (0, 81, 88.5),
    'right_mouth_inner_corner': (21.5, 67, 80),
    'right_upper_lip_inner': (9, 65, 89),
    'upper_lip_inner': (0, 65, 91),
    'right_lower_lip_inner': (9, 70.5, 87),
    'lower_lip_inner': (0, 71, 88.5),
}

# The jaw line from the chin to the ear.
_JAW = np.array(
    [
        (0, 110, 80),
        (19, 107.5, 72),
        (38, 98, 54),
        (55, 78, 33),
        (64, 54, 20),
        (69, 28, 11),
        (71, 0, 5),
    ]
)

# Anchors that shape the surface between and behind the points.
_ANCHORS = np.array(
    [
        # forehead and crown
        (0, -12, 86),
        (0, -28, 90),
        (0, -48, 88),
        (0, -70, 74),
        (0, -92, 44),
        (0, -105, 5),
        (30, -45, 80),
        (30, -70, 64),
        (52, -40, 58),
        (54, -65, 38),
        (30, -95, 20),
        (63, -20, 45),
        (66, -40, 20),
        (68, -4, 32),
        # cheeks
        (50, 20, 64),
        (60, 15, 46),
        (36, 20, 74),
        (26, 22, 76),
        (27, 36, 77),
        (39, 40, 72),
        (52, 42, 56),
        (32, 56, 77),
        (44, 62, 62),
        (23, 53, 82),
        (61, 30, 45),
        (57, 60, 40),
        # eye sockets
        (31, 11, 75),
        (22, 9, 76),
        (41, 9, 71),
        (31, -10, 78),
        (20, -9, 79),
        (45, -7, 69),
        (13, 3, 79),
        (52, 2, 60),
        (48, -10, 67),
        # nose
        (9, 15, 86),
        (10, 27, 89),
        (11, 36, 92),
        (17, 41, 84),
        (8, 41, 98),
        (6, 6, 84),
        (19, 33, 80),
        (0, 54, 90.5),
        (10, 53, 88),
        # chin
        (0, 88, 86),
        (0, 98, 89),
        (15, 96, 84),
        (28, 87, 75),
        (36, 76, 69),
        # below the jaw and behind the ears
        (0, 112, 55),
        (0, 106, 25),
        (25, 105, 42),
        (44, 90, 15),
        (0, 98, -5),
        (70, 15, -8),
        (74, 0, -15),
        (73, -30, -10),
        (66, -60, -5),
        (45, -88, 0),
        (69, 45, -2),
        (60, 70, -5),
        (44, 88, -8),
        (0, -102, -40),
        (62, -40, -65),
        (0, -60, -90),
        (0, 0, -98),
        (50, 10, -80),
        (70, -10, -50),
        (0, 60, -75),
        (40, 60, -55),
    ],
    float,
)

# A face must be the same in every process. The last bits of NumPy's
# transcendental functions depend on an array's place in memory, so they are
# rounded away; those of BLAS and LAPACK depend on the number of threads, so the
# surface is fitted without them.


def _stable(values: np.ndarray) -> np.ndarray:
    return values.round(6)


def _mirror(points: np.ndarray) -> np.ndarray:
    """Points of both sides from those with x >= 0."""
    other = points[points[:, 0] > 0] * (-1, 1, 1)
    return np.concatenate([points, other])


def _jaw(steps: int = 16) -> np.ndarray:
    """The chin and ``steps`` points from it to the ear, at equal distances."""
    t = np.linspace(0, 1, len(_JAW))
    fit = np.polyfit(t, _JAW, 5)
    fine = np.stack([np.polyval(c, np.linspace(0, 1, 200)) for c in fit.T], 1)
    fine[0, 0] = 0
    length = np.linalg.norm(np.diff(fine, axis=0), axis=1).cumsum()
    length = np.concatenate([[0], length]) / length[-1]
    return np.stack(
        [np.interp(np.linspace(0, 1, steps + 1), length, column) for column in fine.T], 1
    )


def _landmarks() -> np.ndarray:
    """The 98 points ``(98, 3)`` in WFLW's order."""
    points = dict(_POINTS, chin=tuple(_jaw()[0]))
    points.update({f'right_jaw_{i}': tuple(p) for i, p in enumerate(_jaw()) if i})
    for name, (x, y, z) in list(points.items()):
        if name.startswith('right_'):
            points[name.replace('right_', 'left_', 1)] = (-x, y, z)
    return _stable(np.array([points[name] for name in WFLW98.points]))


def texture_coordinates(points: np.ndarray) -> np.ndarray:
    """The (u, v) of the directions of points, ``(N, 2)``."""
    x, y, z = (points - CENTER).T
    azimuth = np.arctan2(x, z) / np.pi
    elevation = np.arctan2(y, np.hypot(x, z)) / np.pi * 2
    table = np.linspace(-1, 1, 4001)
    return _stable(
        np.stack(
            [
                np.interp(azimuth, _spread(table, _AROUND), table),
                np.interp(elevation, _spread(table, _UPRIGHT), table),
            ],
            1,
        )
    )


# Density of the grid in the middle of the face; 1 is even.
_AROUND, _UPRIGHT = 0.45, 0.6


def _spread(t: np.ndarray, middle: float) -> np.ndarray:
    """From texture coordinate to angle, as a share of the largest angle."""
    return middle * t + (1 - middle) * t * t * t * t * t


def _directions(uv: np.ndarray) -> np.ndarray:
    azimuth = _spread(uv[:, 0], _AROUND) * np.pi
    elevation = _spread(uv[:, 1], _UPRIGHT) * np.pi / 2
    return _stable(
        np.stack(
            [
                np.sin(azimuth) * np.cos(elevation),
                np.sin(elevation),
                np.cos(azimuth) * np.cos(elevation),
            ],
            1,
        )
    )


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cubed distance between directions: a polyharmonic spline."""
    squared = sum((a[:, i : i + 1] - b[:, i]) ** 2 for i in range(3))
    return squared * np.sqrt(squared)


def _interpolation(to: np.ndarray, at: np.ndarray, smoothing: float) -> np.ndarray:
    """The matrix ``(len(to), len(at))`` that interpolates values at directions
    smoothly to other directions."""
    base = np.concatenate([np.ones((len(at), 1)), at], 1)
    ridge = smoothing * np.eye(len(at))
    system = np.block([[_kernel(at, at) + ridge, base], [base.T, np.zeros((4, 4))]])
    weights = _inverse(system)[:, : len(at)]
    basis = [_kernel(to, at), np.ones((len(to), 1)), to]
    return np.einsum('nm,mk->nk', np.concatenate(basis, 1), weights)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse of a matrix, by Gauss-Jordan elimination."""
    n = len(matrix)
    rows = np.concatenate([matrix, np.eye(n)], 1)
    for i in range(n):
        pivot = i + np.abs(rows[i:, i]).argmax()
        rows[[i, pivot]] = rows[[pivot, i]]
        rows[i] /= rows[i, i]
        others = np.arange(n) != i
        rows[others] -= rows[others, i : i + 1] * rows[i]
    return rows[:, n:]


@dataclass(frozen=True)
class Template:
    """The neutral head.

    Args:
        controls (np.ndarray): The points ``(M, 3)`` that deformations move,
            in millimetres; the first 98 are WFLW's.
        surface (np.ndarray): The grid ``(*GRID, 3)`` through them.
        spread (np.ndarray): ``(rows * columns, M)``, the matrix from the
            displacement of the controls to that of the grid.
        uv (np.ndarray): Texture coordinates ``(M, 2)`` of the controls.
    """

    controls: np.ndarray
    surface: np.ndarray
    spread: np.ndarray
    uv: np.ndarray


@lru_cache(maxsize=1)
def template() -> Template:
    """Build the template, once in a process."""
    controls = np.concatenate([_landmarks(), _mirror(_ANCHORS)])
    uv = texture_coordinates(controls)
    rows, columns = np.linspace(-1, 1, GRID[0]), np.linspace(-1, 1, GRID[1])
    grid = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    directions, at = _directions(grid), _directions(uv)
    radii = np.linalg.norm(controls - CENTER, axis=1)
    spread = _interpolation(directions, at, SMOOTHING)
    radius = np.einsum('nm,m->n', spread, radii)
    surface = directions * radius[:, None] + CENTER
    return Template(
        controls.astype(np.float32),
        surface.reshape(*GRID, 3).astype(np.float32),
        spread.astype(np.float32),
        uv,
    )
