# SPDX-License-Identifier: Apache-2.0
"""STAR loss (Zhou et al., CVPR 2023): errors measured along and across the
direction in which a heatmap is uncertain.

All that needs the eigenvalues and eigenvectors of a heatmap's covariance
``[[a, b], [b, c]]`` is written in closed form: with ``m = (a + c) / 2``,
``d = (a - c) / 2`` and ``r = sqrt(d^2 + b^2)`` the eigenvalues are ``m + r``
and ``m - r``, and an error ``e`` has the squared projections
``(|e|^2 + q) / 2`` and ``(|e|^2 - q) / 2``, where
``q = (d (ex^2 - ey^2) + 2 b ex ey) / r``.
"""

from __future__ import annotations

from typing import Literal

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from .heatmap_moments import EPS, Moments, moments
from .input_checks import check_form
from .weighting import only_labelled, weighted_mean

Mode = Literal['per_axis', 'mahalanobis']
Restriction = Literal['value', 'detach']

# Where smooth-L1 turns from quadratic to linear, as in the paper's code.
_BETA = 0.01
# Below this relative difference of the eigenvalues the axes fade out.
_AXIS_EPS = 1e-2
# Keeps square roots and quotients differentiable at zero, in units of
# squared coordinates: far below the square of a cell.
_TINY = 1e-12


def _smooth_l1(square: Tensor) -> Tensor:
    """Of an error given as its square, so that no root is taken at zero."""
    root = square.clamp(min=_BETA**2).sqrt()
    return torch.where(square < _BETA**2, square / (2 * _BETA), root - _BETA / 2)


def _per_axis(ex: Tensor, ey: Tensor, cov: Moments) -> Tensor:
    """The sum over both axes of d(projection) / sqrt(eigenvalue)."""
    m, d, b = (cov.xx + cov.yy) / 2, (cov.xx - cov.yy) / 2, cov.xy
    gap = d.square() + b.square()
    r = (gap + _TINY).sqrt()
    major, minor = m + r, (m - r).clamp(min=0)
    # Where the eigenvalues are equal every direction is an axis: both get the
    # same share of the error.
    length = (gap + (_AXIS_EPS * m).square() + _TINY).sqrt()
    # There a gradient through the axes grows without bounds.
    d, b, length = d.detach(), b.detach(), length.detach()
    q = (d * (ex.square() - ey.square()) + 2 * b * ex * ey) / length
    square = ex.square() + ey.square()
    return (
        _smooth_l1((square + q).clamp(min=0) / 2) / (major + EPS).sqrt()
        + _smooth_l1((square - q).clamp(min=0) / 2) / (minor + EPS).sqrt()
    )


def _mahalanobis(ex: Tensor, ey: Tensor, cov: Moments) -> Tensor:
    """d(the Mahalanobis distance of the error)."""
    a, b, c = cov.xx + EPS, cov.xy, cov.yy + EPS
    square = (c * ex.square() - 2 * b * ex * ey + a * ey.square()) / (a * c - b.square()).clamp(
        min=EPS**2
    )
    return _smooth_l1(square.clamp(min=0))


_ERRORS = dict(per_axis=_per_axis, mahalanobis=_mahalanobis)


def star_loss(
    heatmaps: Tensor,
    targets: Tensor,
    mode: Mode = 'per_axis',
    w: float = 1.0,
    restriction: Restriction = 'value',
) -> Tensor:
    """STAR loss of each landmark (equations 3 to 6 of the paper).

    Args:
        heatmaps (Tensor): (N, K, H, W), not negative, the sum of each is 1.
        targets (Tensor): (N, K, 2), x and y; -1 is the centre of the first
            cell and 1 that of the last.
        mode, w, restriction: See :class:`STARLoss`.

    Returns:
        Tensor: (N, K), in float32, or float64 for such heatmaps.

    Raises:
        ValueError: If shapes, types or devices do not fit.
    """
    check_form(heatmaps, targets, None)
    cov = moments(heatmaps)
    if restriction == 'detach':
        cov = Moments(cov.x, cov.y, *(c.detach() for c in cov[2:]))
    ex = targets[..., 0].to(cov.x.dtype) - cov.x
    ey = targets[..., 1].to(cov.y.dtype) - cov.y
    error = _ERRORS[mode](ex, ey, cov)
    return error if restriction == 'detach' else error + w * (cov.xx + cov.yy)


@MODELS.register_module()
class STARLoss(nn.Module):
    """STAR loss (`Zhou et al., CVPR 2023
    <https://arxiv.org/abs/2306.02763>`_) on heatmaps that sum to 1.

    With the mean ``mu`` and the covariance ``S`` of a heatmap, the eigenvalues
    ``l1``, ``l2`` and eigenvectors ``v1``, ``v2`` of ``S``, a target ``y`` and
    smooth-L1 as the distance ``d`` (quadratic below 0.01),

    - ``'per_axis'``, the paper's, is ``d(v1 . (y - mu)) / sqrt(l1) +
      d(v2 . (y - mu)) / sqrt(l2) + w (l1 + l2)``;
    - ``'mahalanobis'`` is ``d(sqrt((y - mu)^T S^-1 (y - mu))) + w (l1 + l2)``,
      which needs no axes where the eigenvalues are equal.

    The value of ``'per_axis'`` is the paper's, its gradient is not quite:
    axes count as constants and fade out where the eigenvalues differ by less
    than 1 %. There the gradient through them grows without bounds, and a new
    network starts there.

    Everything is computed on the grid from -1 (centre of the first cell) to 1
    (centre of the last), on which the paper's constants are meant, in float32
    at least and outside autocast.

    Unusual input: a target outside the heatmap counts as any other; a target
    of weight 0 is ignored and may be NaN; a heatmap that
    sums to less than 1/2, such as an empty one, counts as a flat one and gets
    no gradient; heatmaps may be in half precision, targets and weights of any
    real type.

    Values are not checked, as the host would wait for a GPU: NaN and infinity
    in heatmaps or targets make the loss NaN, and MMDetection's
    ``CheckInvalidLossHook``, which the rows of STAR have, then ends a training.

    Args:
        mode (str): ``'per_axis'`` or ``'mahalanobis'``.
        w (float): The paper's weight of the eigenvalues, which keeps the
            heatmaps from widening.
        restriction (str): What keeps a heatmap from lowering its loss by
            being wide: ``'value'`` is the term of ``w``; with ``'detach'``
            eigenvalues and axes count as constants, so that gradients reach
            the heatmap only through its mean, and ``w`` is not used. The
            paper names both; its code has the former.
        loss_weight (float): Factor of the loss.

    Raises:
        ValueError: If ``mode`` or ``restriction`` is none of those above.
    """

    def __init__(
        self,
        mode: Mode = 'per_axis',
        w: float = 1.0,
        restriction: Restriction = 'value',
        loss_weight: float = 1.0,
    ):
        super().__init__()
        _check_choice('mode', mode, tuple(_ERRORS))
        _check_choice('restriction', restriction, ('value', 'detach'))
        self.mode = mode
        self.w = w
        self.restriction = restriction
        self.loss_weight = loss_weight

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean over all landmarks.

        Args:
            heatmaps (Tensor): (N, K, H, W), not negative, the sum of each is
                1, as a softmax gives them.
            targets (Tensor): (N, K, 2), x and y on the grid from -1 to 1;
                they may lie outside the heatmap.
            weights (Tensor, optional): (N, K), 0 for landmarks without a
                label, whose targets are ignored.

        Returns:
            Tensor: A number.

        Raises:
            ValueError: If shapes, types or devices do not fit.
        """
        check_form(heatmaps, targets, weights)
        targets = only_labelled(targets, weights)
        losses = star_loss(heatmaps, targets, self.mode, self.w, self.restriction)
        return weighted_mean(losses, weights) * self.loss_weight


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f'{name} is {value!r}, expected one of {", ".join(known)}')
