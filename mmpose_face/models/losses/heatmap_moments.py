# SPDX-License-Identifier: Apache-2.0
"""Mean and covariance of heatmaps, in few passes over them."""

from typing import NamedTuple

import torch
from torch import Tensor

from ...codecs.soft_argmax import grid
from ..precision import full_precision

# Added to sums of heatmaps and to eigenvalues, as in STAR's code.
EPS = 1e-5
# A heatmap that sums to less counts as empty.
_LEAST_MASS = 0.5
# Mean and covariance of a flat heatmap.
_FLAT = (0.0, 0.0, 1 / 3, 0.0, 1 / 3)


class Moments(NamedTuple):
    """Mean and covariance of heatmaps; each tensor has the shape (N, K).

    Args:
        x (Tensor): Mean of the columns, -1 at the first and 1 at the last.
        y (Tensor): Mean of the rows, likewise.
        xx (Tensor): Variance of the columns.
        xy (Tensor): Covariance of columns and rows.
        yy (Tensor): Variance of the rows.
    """

    x: Tensor
    y: Tensor
    xx: Tensor
    xy: Tensor
    yy: Tensor


class Sums(NamedTuple):
    """Sums over heatmaps p; each tensor has the shape (N, K).

    Args:
        mass (Tensor): Of p.
        squares (Tensor): Of p^2.
        x, y (Tensor): Of p times the column's and the row's coordinate.
        xx, xy, yy (Tensor): Of p dx^2, p dx dy and p dy^2, with the distances
            to ``x`` and ``y``.
    """

    mass: Tensor
    squares: Tensor
    x: Tensor
    y: Tensor
    xx: Tensor
    xy: Tensor
    yy: Tensor


def moments(heatmaps: Tensor) -> Moments:
    """Mean and covariance of heatmaps, on a grid from -1 to 1.

    The covariance is the unbiased one of a sample whose weights are
    reliabilities: it is divided by ``V1 - V2 / V1``, where V1 is the sum of the
    heatmap and V2 that of its squares, with 1e-5 added to each.

    A heatmap that sums to less than 1/2, such as an empty one, counts as a
    flat one and gets no gradient: divided by such a small sum it would
    outweigh all others by orders of magnitude.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1, or 0 where
            there is nothing.

    Returns:
        Moments: Of each heatmap, in float32, or float64 for such heatmaps.
    """
    found = sums(heatmaps)
    v1, v2 = found.mass + EPS, found.squares + EPS
    scale = (v1 - v2 / v1).clamp(min=EPS)
    known = (found.x, found.y, found.xx / scale, found.xy / scale, found.yy / scale)
    # A NaN is not below it, so it remains visible.
    empty = found.mass < _LEAST_MASS
    return Moments(*(value.masked_fill(empty, flat) for flat, value in zip(_FLAT, known)))


def sums(heatmaps: Tensor) -> Sums:
    """Sums over heatmaps (N, K, H, W), in float32 at least."""
    # Autocast would multiply in half precision.
    with full_precision(heatmaps):
        dtype = torch.promote_types(heatmaps.dtype, torch.float32)
        return Sums(*_Sums.apply(heatmaps.to(dtype)))


class _Sums(torch.autograd.Function):
    """:class:`Sums` of heatmaps.

    The gradient is one polynomial in x, y and p: written out it takes three
    passes over the heatmaps, where autograd takes several for each sum.
    """

    @staticmethod
    def forward(ctx, heatmaps: Tensor) -> tuple[Tensor, ...]:
        gx, gy = _grid(heatmaps)
        columns, columns_y = _over_rows(heatmaps)
        rows = heatmaps.sum(-1)
        mass, x, y = rows.sum(-1), columns @ gx, rows @ gy
        dx, dy = gx - x[..., None], gy - y[..., None]
        squares = torch.linalg.vector_norm(heatmaps.flatten(2), dim=-1).square()
        ctx.save_for_backward(heatmaps, mass, x, y)
        columns, rows = columns * dx, rows * dy
        # The difference between y and dy is tiny: y times the sum of p dx.
        xy = columns_y.mul_(dx).sum(-1) - y * columns.sum(-1)
        return (mass, squares, x, y, columns.mul_(dx).sum(-1), xy, rows.mul_(dy).sum(-1))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx, v1: Tensor, v2: Tensor, x: Tensor, y: Tensor, xx: Tensor, xy: Tensor, yy: Tensor
    ) -> Tensor:
        heatmaps, mass, mean_x, mean_y = ctx.saved_tensors
        gx, gy = _grid(heatmaps)
        dx, dy = gx - mean_x[..., None], gy - mean_y[..., None]
        # The mean depends on p too, which matters where the sum is not 1.
        lost = 1 - mass
        x = x - lost * (2 * xx * mean_x + xy * mean_y)
        y = y - lost * (2 * yy * mean_y + xy * mean_x)
        column = _quadratic(v1 + x * mean_x, x, xx, dx)
        row = _quadratic(y * mean_y, y, yy, dy)
        grad = row[..., None] + column[..., None, :]
        grad.addcmul_((xy[..., None] * dy)[..., None], dx[..., None, :])
        return grad.addcmul_(heatmaps, 2 * v2[..., None, None])


def _quadratic(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """``a + b d + c d^2`` of coefficients (N, K) and distances (N, K, L)."""
    slope = torch.addcmul(b[..., None], c[..., None], d)
    return torch.addcmul(a[..., None], slope, d)


def _grid(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates of the columns and the rows."""
    height, width = heatmaps.shape[-2:]
    return grid(width, heatmaps), grid(height, heatmaps)


def _over_rows(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """For each column its sum, and that times the row's coordinate: each
    (N, K, W), in one pass."""
    height = heatmaps.shape[-2]
    # In half cells coordinates are integers, which TF32 does not round.
    cells = torch.arange(1 - height, height, 2, dtype=heatmaps.dtype, device=heatmaps.device)
    columns, columns_y = (torch.stack((torch.ones_like(cells), cells)) @ heatmaps).unbind(-2)
    return columns, columns_y / max(height - 1, 1)
