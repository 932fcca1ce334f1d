# SPDX-License-Identifier: Apache-2.0
"""The ``.pts`` files of the iBUG group: one face, one point a line."""

import os
from pathlib import Path
from typing import Union

import numpy as np

from .release import coordinate


def read_pts(path: Union[str, 'os.PathLike[str]'], num_points: int = 68) -> np.ndarray:
    """Read the points of one face.

    Differences in blanks, line ends and blank lines do not matter. A file
    looks like this::

        version: 1
        n_points:  68
        {
        446.000 91.000
        ...
        }

    Args:
        path (str | PathLike): The file.
        num_points (int): Expected number of points.

    Returns:
        np.ndarray: Points ``(num_points, 2)`` as in the file, in float64; the
        first pixel of 300-W is 1.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this form or has another number of
            points; the message names the file, the line and what was
            expected.
    """
    text = Path(path).read_bytes().decode('ascii', errors='replace')
    lines = [line.strip() for line in text.splitlines()]
    try:
        start, end = lines.index('{') + 1, lines.index('}')
    except ValueError:
        raise ValueError(
            f'{path}:{len(lines)}: expected the points between a line "{{" and a line "}}"'
        ) from None
    _check_header(path, lines[: start - 1], num_points)
    points = [
        _point(path, number, line)
        for number, line in enumerate(lines[start:end], start=start + 1)
        if line
    ]
    if len(points) != num_points:
        raise ValueError(f'{path}:{end + 1}: expected {num_points} points, got {len(points)}')
    return np.array(points)


def _check_header(path, lines: list[str], num_points: int) -> None:
    for number, line in enumerate(lines, start=1):
        key, _, value = line.partition(':')
        if key.strip() == 'n_points' and value.strip() != str(num_points):
            raise ValueError(f'{path}:{number}: expected n_points: {num_points}, got {line!r}')


def _point(path, number: int, line: str) -> list[float]:
    point = [coordinate(field) for field in line.split()]
    if len(point) != 2 or np.isnan(point).any():
        raise ValueError(f'{path}:{number}: expected two numbers "x y", got {line!r}')
    return point
