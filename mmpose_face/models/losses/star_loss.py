# SPDX-License-Identifier: Apache-2.0
"""STAR loss (Zhou et al., CVPR 2023): errors measured along and across the
direction in which a heatmap is unsure.

Whatever needs the eigenvalues and eigenvectors of a heatmap's covariance
``[[a, b], [b, c]]`` is written in closed form: with ``m = (a + c) / 2``,
``d = (a - c) / 2`` and ``r = sqrt(d^2 + b^2)`` the eigenvalues are ``m + r``
and ``m - r``, and an error ``e`` has the squared projections
``(|e|^2 + q) / 2`` and ``(|e|^2 - q) / 2``, where
``q = (d (ex^2 - ey^2) + 2 b ex ey) / r``.
"""
from typing import Callable, Dict, Literal, NamedTuple, Optional, Tuple

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from ...codecs.soft_argmax import grid
from .weighting import only_labelled, weighted_mean

Mode = Literal['per_axis', 'mahalanobis']
Distance = Literal['smooth_l1', 'l1', 'l2']

# Keeps square roots and quotients differentiable at zero, in units of
# squared coordinates: far below the square of a cell.
_TINY = 1e-12


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


def moments(heatmaps: Tensor, eps: float = 1e-5) -> Moments:
    """Mean and covariance of heatmaps, on a grid from -1 to 1.

    The covariance is the unbiased one of a sample whose weights are
    reliabilities: divided by ``V1 - V2 / V1``, where V1 is the sum of the
    heatmap and V2 that of its squares.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1.
        eps (float): Added to V1 and V2.

    Returns:
        Moments: Of each heatmap.
    """
    v1, v2, x, y, xx, xy, yy = _Sums.apply(heatmaps)
    v1, v2 = v1 + eps, v2 + eps
    scale = (v1 - v2 / v1).clamp(min=eps)
    return Moments(x, y, xx / scale, xy / scale, yy / scale)


class _Sums(torch.autograd.Function):
    """Sums over heatmaps p: of p, p^2, p x, p y, and of p dx^2, p dx dy and
    p dy^2 with the distances to the mean.

    All their gradients are one polynomial in x, y and p: written down it is
    one pass over the heatmaps, where autograd takes one for each sum.
    """

    @staticmethod
    def forward(ctx, heatmaps: Tensor) -> Tuple[Tensor, ...]:
        gx, gy = _grid(heatmaps)
        columns = heatmaps.sum(-2)
        rows, rows_x = (heatmaps @ torch.stack((torch.ones_like(gx), gx), 1)
                        ).unbind(-1)  # yapf: disable
        mass, x, y = columns.sum(-1), columns @ gx, rows @ gy
        dx, dy = gx - x[..., None], gy - y[..., None]
        flat = heatmaps.flatten(2)
        squares = torch.linalg.vector_norm(flat, dim=-1).square()
        ctx.save_for_backward(heatmaps, mass, x, y)
        return (mass, squares, x, y, (columns * dx.square()).sum(-1),
                ((rows_x - x[..., None] * rows) * dy).sum(-1),
                (rows * dy.square()).sum(-1))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, v1: Tensor, v2: Tensor, x: Tensor, y: Tensor, xx: Tensor,
                 xy: Tensor, yy: Tensor) -> Tensor:
        heatmaps, mass, mean_x, mean_y = ctx.saved_tensors
        gx, gy = _grid(heatmaps)
        dx, dy = gx - mean_x[..., None], gy - mean_y[..., None]
        # The mean moves too, which matters where the sum is not 1.
        lost = 1 - mass
        x = x - lost * (2 * xx * mean_x + xy * mean_y)
        y = y - lost * (2 * yy * mean_y + xy * mean_x)
        column = x[..., None] * gx + xx[..., None] * dx.square()
        row = v1[..., None] + y[..., None] * gy + yy[..., None] * dy.square()
        one = torch.ones_like
        left = torch.stack((row, one(row), xy[..., None] * dy), -1)
        right = torch.stack((one(column), column, dx), -2)
        return (left @ right).addcmul_(heatmaps, 2 * v2[..., None, None])


def _grid(heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
    """Coordinates of the columns and the rows."""
    height, width = heatmaps.shape[-2:]
    return grid(width, heatmaps), grid(height, heatmaps)


def _smooth_l1(square: Tensor, beta: float) -> Tensor:
    """Of an error given as its square, so that no root is taken at zero."""
    root = square.clamp(min=beta**2).sqrt()
    return torch.where(square < beta**2, square / (2 * beta), root - beta / 2)


def _l1(square: Tensor, beta: float) -> Tensor:
    return (square + _TINY).sqrt()


def _l2(square: Tensor, beta: float) -> Tensor:
    return square


_DISTANCES: Dict[Distance, Callable[[Tensor, float], Tensor]] = dict(
    smooth_l1=_smooth_l1, l1=_l1, l2=_l2)


def _per_axis(ex: Tensor, ey: Tensor, cov: Moments, distance: Distance,
              beta: float, eps: float, axis_eps: float,
              detach_axes: bool) -> Tensor:
    """The sum over both axes of d(projection) / sqrt(eigenvalue)."""
    m, d, b = (cov.xx + cov.yy) / 2, (cov.xx - cov.yy) / 2, cov.xy
    gap = d.square() + b.square()
    r = (gap + _TINY).sqrt()
    major, minor = m + r, (m - r).clamp(min=0)
    # Where the eigenvalues are equal every direction is an axis; there the
    # error is shared out evenly.
    length = (gap + (axis_eps * m).square() + _TINY).sqrt()
    if detach_axes:
        d, b, length = d.detach(), b.detach(), length.detach()
    q = (d * (ex.square() - ey.square()) + 2 * b * ex * ey) / length
    square = ex.square() + ey.square()
    f = _DISTANCES[distance]
    return (f((square + q).clamp(min=0) / 2, beta) / (major + eps).sqrt() + f(
        (square - q).clamp(min=0) / 2, beta) / (minor + eps).sqrt())


def _mahalanobis(ex: Tensor, ey: Tensor, cov: Moments, distance: Distance,
                 beta: float, eps: float) -> Tensor:
    """d(the Mahalanobis distance of the error)."""
    a, b, c = cov.xx + eps, cov.xy, cov.yy + eps
    square = (c * ex.square() - 2 * b * ex * ey +
              a * ey.square()) / (a * c - b.square()).clamp(min=eps**2)
    return _DISTANCES[distance](square.clamp(min=0), beta)


def star_loss(heatmaps: Tensor,
              targets: Tensor,
              mode: Mode = 'mahalanobis',
              distance: Distance = 'smooth_l1',
              eigen_weight: float = 1.0,
              beta: float = 0.01,
              detach_axes: bool = True,
              axis_eps: float = 1e-2,
              eps: float = 1e-5) -> Tensor:
    """STAR loss of each landmark (equations 3 to 6 of the paper).

    Args:
        heatmaps (Tensor): (N, K, H, W), not negative, the sum of each is 1.
        targets (Tensor): (N, K, 2), x and y; -1 is the centre of the first
            cell and 1 that of the last.
        mode, distance, eigen_weight, beta, detach_axes, axis_eps, eps: See
            :class:`STARLoss`.

    Returns:
        Tensor: (N, K), in float32, or float64 for such heatmaps.
    """
    with torch.autocast(heatmaps.device.type, enabled=False):
        dtype = torch.promote_types(heatmaps.dtype, torch.float32)
        cov = moments(heatmaps.to(dtype), eps)
        ex = targets[..., 0].to(dtype) - cov.x
        ey = targets[..., 1].to(dtype) - cov.y
        if mode == 'mahalanobis':
            error = _mahalanobis(ex, ey, cov, distance, beta, eps)
        else:
            error = _per_axis(ex, ey, cov, distance, beta, eps, axis_eps,
                              detach_axes)
        return error + eigen_weight * (cov.xx + cov.yy)


@MODELS.register_module()
class STARLoss(nn.Module):
    """STAR loss (`Zhou et al., CVPR 2023
    <https://arxiv.org/abs/2306.02763>`_) on heatmaps that sum to 1.

    With the mean ``mu`` and the covariance ``S`` of a heatmap, the eigenvalues
    ``l1``, ``l2`` and eigenvectors ``v1``, ``v2`` of ``S``, a target ``y`` and
    a distance ``d``,

    - ``'per_axis'``, the paper's, is ``d(v1 . (y - mu)) / sqrt(l1) +
      d(v2 . (y - mu)) / sqrt(l2) + w (l1 + l2)``;
    - ``'mahalanobis'`` is ``d(sqrt((y - mu)^T S^-1 (y - mu))) + w (l1 + l2)``,
      which needs no axes where the eigenvalues are equal.

    Everything is computed on the grid from -1 (centre of the first cell) to 1
    (centre of the last), on which the paper's constants are meant, in float32
    at least and outside autocast.

    Args:
        mode (str): ``'per_axis'`` or ``'mahalanobis'``.
        distance (str): ``'smooth_l1'``, ``'l1'`` or ``'l2'``.
        eigen_weight (float): The paper's ``w``, which keeps the
            heatmaps from widening (value restriction).
        beta (float): Where smooth-L1 turns from quadratic to linear.
        detach_axes (bool): Whether the axes of ``'per_axis'`` are taken as
            given, so that gradients reach the heatmap through its mean and
            eigenvalues alone. With full gradients they grow without bounds
            where the eigenvalues are nearly equal, as in a new network.
        axis_eps (float): Below this relative difference of the eigenvalues
            the axes of ``'per_axis'`` fade out; 0 for the paper's form.
        eps (float): Added to the eigenvalues.
        target_range (tuple[float, float]): The targets' coordinates at the
            centres of the first and the last cell.
        loss_weight (float): Factor of the loss.
    """

    def __init__(self,
                 mode: Mode = 'mahalanobis',
                 distance: Distance = 'smooth_l1',
                 eigen_weight: float = 1.0,
                 beta: float = 0.01,
                 detach_axes: bool = True,
                 axis_eps: float = 1e-2,
                 eps: float = 1e-5,
                 target_range: Tuple[float, float] = (-1., 1.),
                 loss_weight: float = 1.0):
        super().__init__()
        _check_choice('mode', mode, ('per_axis', 'mahalanobis'))
        _check_choice('distance', distance, tuple(_DISTANCES))
        self.options = dict(
            mode=mode,
            distance=distance,
            eigen_weight=eigen_weight,
            beta=beta,
            detach_axes=detach_axes,
            axis_eps=axis_eps,
            eps=eps)
        self.target_range = target_range
        self.loss_weight = loss_weight

    def forward(self,
                heatmaps: Tensor,
                targets: Tensor,
                weights: Optional[Tensor] = None) -> Tensor:
        """The mean over all landmarks.

        Args:
            heatmaps (Tensor): (N, K, H, W), not negative, the sum of each is
                1, as a softmax gives them.
            targets (Tensor): (N, K, 2), x and y in the frame that
                ``target_range`` says; they may lie outside the heatmap.
            weights (Tensor, optional): (N, K), 0 for landmarks without a
                label, whose targets are not looked at.

        Returns:
            Tensor: A number.

        Raises:
            ValueError: If the shapes do not fit.
        """
        _check_shapes(heatmaps, targets, weights)
        first, last = self.target_range
        targets = (targets - first) * (2 / (last - first)) - 1
        losses = star_loss(heatmaps, only_labelled(targets, weights),
                           **self.options)
        return weighted_mean(losses, weights) * self.loss_weight


def _check_choice(name: str, value: str, known: Tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f'{name} is {value!r}, expected one of '
                         f'{", ".join(known)}')


def _check_shapes(heatmaps: Tensor, targets: Tensor,
                  weights: Optional[Tensor]) -> None:
    found = [tuple(t.shape) for t in (heatmaps, targets)]
    if heatmaps.dim() != 4 or targets.shape != (*heatmaps.shape[:2], 2):
        raise ValueError('expected heatmaps (N, K, H, W) and targets '
                         f'(N, K, 2), got {found[0]} and {found[1]}')
    if weights is not None and weights.shape != heatmaps.shape[:2]:
        raise ValueError(f'expected weights {found[0][:2]}, one for each '
                         f'heatmap, got {tuple(weights.shape)}')
