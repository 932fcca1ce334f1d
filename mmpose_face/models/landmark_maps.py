# SPDX-License-Identifier: Apache-2.0
"""Maps of landmarks and of the edges through them, for a whole batch on the
device of the landmarks.

The maps are those of the crop's pixels, reduced bilinearly to a quarter. That
is the mean of the middle 2 x 2 of each 4 x 4 pixels: only these are drawn.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor, nn

from ..arrays import Array
from ..landmarks import get_scheme
from .precision import full_precision

__all__ = ['STRIDE', 'Edge', 'EdgeMaps', 'edges_of', 'membership', 'point_maps']

STRIDE = 4  # pixels of the crop along a cell of a map

_SEGMENTS_AT_ONCE = 32  # bounds the memory that drawing takes


class Edge(NamedTuple):
    """A line on the face.

    Args:
        points (tuple[int]): Indices of its landmarks, in order.
        closed (bool): Whether the last is joined to the first.
    """

    points: tuple[int, ...]
    closed: bool


def edges_of(scheme: str) -> tuple[Edge, ...]:
    """The edges of a face: the scheme's curves of two points or more.

    Those of ADNet and STAR: nine for iBUG-68 and WFLW-98 (jaw, brows, bridge
    and base of the nose, eyes, outer and inner lips), and seven for COFW-29
    (brows, eyes, nose, upper and lower lip, which share the corners of the
    mouth). STAR's code leaves one eye of COFW open; here both are closed, so
    that the edges of a mirrored face are the mirror images.

    Args:
        scheme (str): Name of the landmark scheme.

    Raises:
        ValueError: If there is none of that name.

    Examples:
        >>> len(edges_of('ibug68'))
        9
    """
    found = get_scheme(scheme)
    index = found.index
    return tuple(
        Edge(tuple(index[name] for name in curve.points), curve.closed)
        for curve in found.curves
        if len(curve.points) > 1
    )


def membership(edges: Sequence[Edge], num_points: int) -> Tensor:
    """Which landmarks lie on which edge: (E, K), 1 or 0."""
    of_edges = torch.zeros(len(edges), num_points)
    for row, edge in zip(of_edges, edges):
        row[list(edge.points)] = 1
    return of_edges


def _pixels(size: int, like: Tensor) -> Tensor:
    """The two middle pixels of each of ``size`` cells along one side:
    (2 * size, )."""
    cells = torch.arange(size, dtype=like.dtype, device=like.device)
    first = cells * STRIDE + (STRIDE / 2 - 1)
    return torch.stack((first, first + 1), -1).flatten()


def point_maps(points: Tensor, height: int, width: int, sigma: float = 1.5) -> Tensor:
    """Gaussians around landmarks, 1 at the landmark.

    Args:
        points (Tensor): (N, K, 2), x and y in pixels of the crop; 0 is the
            centre of the first one.
        height, width (int): Cells of the maps, a quarter of the crop's size.
        sigma (float): Standard deviation, pixels of the crop.

    Returns:
        Tensor: (N, K, height, width).
    """
    rows, columns = (
        (-((_pixels(size, points) - points[..., i, None]) / sigma).square() / 2)
        .exp()
        .unflatten(-1, (size, 2))
        .mean(-1)
        for i, size in ((1, height), (0, width))
    )
    return rows[..., None] * columns[..., None, :]


def spline(num_points: int, closed: bool, samples: int) -> Array:
    """The cubic spline through points, as a matrix.

    Args:
        num_points (int): Number of points P, equally far apart in the
            spline's parameter.
        closed (bool): Whether the last point is joined to the first.
        samples (int): Parts of the curve between two points.

    Returns:
        np.ndarray: (S + 1, P), which multiplied with the points gives the ends
        of the curve's S parts.
    """
    knots = np.arange(num_points + closed)
    curve = CubicSpline(
        knots,
        np.eye(num_points)[knots % num_points],
        bc_type='periodic' if closed else 'not-a-knot',
    )
    return curve(np.linspace(0, knots[-1], samples * knots[-1] + 1))


def _squared_distances(starts: Tensor, ends: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Of pixels from the lines between points (N, S, 2): (N, S, H, W)."""
    step_x, step_y = (ends - starts)[..., None, None].unbind(2)
    start_x, start_y = starts[..., None, None].unbind(2)
    x, y = x - start_x, y[:, None] - start_y
    square = (step_x.square() + step_y.square()).clamp(min=1e-6)
    along = ((x * step_x + y * step_y) / square).clamp(0, 1)
    return (x - along * step_x).square() + (y - along * step_y).square()


def draw_line(vertices: Tensor, height: int, width: int) -> Tensor:
    """A line of one pixel, antialiased: 1 on the line, falling to 0 within a
    pixel.

    Args:
        vertices (Tensor): (N, S + 1, 2), x and y in pixels of the crop.
        height, width (int): Cells of the map.

    Returns:
        Tensor: (N, height, width).
    """
    x, y = _pixels(width, vertices), _pixels(height, vertices)
    nearest = vertices.new_full((len(vertices), len(y), len(x)), torch.inf)
    for starts, ends in zip(
        vertices[:, :-1].split(_SEGMENTS_AT_ONCE, 1), vertices[:, 1:].split(_SEGMENTS_AT_ONCE, 1)
    ):
        squares = _squared_distances(starts, ends, x, y)
        nearest = torch.minimum(nearest, squares.amin(1))
    return nn.functional.avg_pool2d((1 - nearest.sqrt()).clamp(min=0), 2)


class EdgeMaps(nn.Module):
    """Draws the edges of faces as smooth lines.

    ADNet draws the same splines, as antialiased lines of OpenCV, whose flanks
    are a little wider.

    Args:
        edges (Sequence[Edge]): The edges.
        num_points (int): K, the number of landmarks.
        samples (int): Straight parts between two landmarks.
    """

    curves: Tensor

    def __init__(self, edges: Sequence[Edge], num_points: int, samples: int = 5) -> None:
        super().__init__()
        curves = []
        for points, closed in edges:
            chosen = np.eye(num_points)[list(points)]
            curves.append(spline(len(points), closed, samples) @ chosen)
        self.lengths = [len(curve) for curve in curves]
        self.register_buffer(
            'curves', torch.from_numpy(np.concatenate(curves)).float(), persistent=False
        )

    def forward(self, points: Tensor, height: int, width: int) -> Tensor:
        """The maps of the edges.

        Args:
            points (Tensor): (N, K, 2), x and y in pixels of the crop.
            height, width (int): Cells of the maps.

        Returns:
            Tensor: (N, E, height, width).
        """
        # Half precision would shift points by a pixel.
        with full_precision(points):
            vertices = (self.curves @ points).split(self.lengths, 1)
        return torch.stack([draw_line(v, height, width) for v in vertices], 1)
