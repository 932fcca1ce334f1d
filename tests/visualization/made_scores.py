# SPDX-License-Identifier: Apache-2.0
"""Scores of made-up systems, for tests of drawings."""

from collections.abc import Sequence

import numpy as np

from mmpose_face.evaluation.scores import Scores
from mmpose_face.landmarks import AFLW19, Scheme

SIDE = 200  # of every image


def make_scores(
    errors: Sequence[float],
    scheme: Scheme = AFLW19,
    subsets: Sequence[Sequence[str]] = (),
    files: Sequence[str] = (),
    points: bool = True,
) -> Scores:
    """Scores of faces whose points all have the error of the face. The box is
    100 pixels wide, from (50, 40); the truth is a grid in the box; the
    prediction lies to the right by the error times the box."""
    errors = np.array(errors, float)
    n, k = len(errors), scheme.num_points
    i = np.arange(k)
    grid = np.stack([60 + 8 * (i % 10), 50 + 8 * (i // 10)], 1).astype(float)
    truth = np.tile(grid, (n, 1, 1))
    predicted = truth.copy()
    predicted[..., 0] += 100 * errors[:, None]
    return Scores(
        scheme,
        'face_box',
        files=list(files) or [f'images/{i}.png' for i in range(n)],
        ids=list(range(n)),
        subsets=[tuple(s) for s in subsets] or [('test',)] * n,
        boxes=np.tile((50.0, 40, 150, 140), (n, 1)),
        point_errors=np.tile(errors[:, None], (1, k)),
        truth=truth if points else None,
        predicted=predicted if points else None,
    )


def grey_image(file: str) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), 60, np.uint8)
