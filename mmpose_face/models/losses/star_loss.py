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

from __future__ import annotations

from typing import Callable, Literal

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from .heatmap_moments import Moments, moments, moments_of, sums
from .input_checks import LateCheck, check_form, check_positive, fault_in, values_of
from .weighting import only_labelled, weighted_mean

Mode = Literal['per_axis', 'mahalanobis']
Distance = Literal['smooth_l1', 'l1', 'l2']
Restriction = Literal['value', 'detach']

# Keeps square roots and quotients differentiable at zero, in units of
# squared coordinates: far below the square of a cell.
_TINY = 1e-12


def _smooth_l1(square: Tensor, beta: float) -> Tensor:
    """Of an error given as its square, so that no root is taken at zero."""
    root = square.clamp(min=beta**2).sqrt()
    return torch.where(square < beta**2, square / (2 * beta), root - beta / 2)


def _l1(square: Tensor, beta: float) -> Tensor:
    return (square + _TINY).sqrt()


def _l2(square: Tensor, beta: float) -> Tensor:
    return square


_DISTANCES: dict[Distance, Callable[[Tensor, float], Tensor]] = dict(
    smooth_l1=_smooth_l1, l1=_l1, l2=_l2
)


def _per_axis(
    ex: Tensor,
    ey: Tensor,
    cov: Moments,
    distance: Distance,
    beta: float,
    eps: float,
    axis_eps: float,
    detach_axes: bool,
) -> Tensor:
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
    return (
        f((square + q).clamp(min=0) / 2, beta) / (major + eps).sqrt()
        + f((square - q).clamp(min=0) / 2, beta) / (minor + eps).sqrt()
    )


def _mahalanobis(
    ex: Tensor, ey: Tensor, cov: Moments, distance: Distance, beta: float, eps: float
) -> Tensor:
    """d(the Mahalanobis distance of the error)."""
    a, b, c = cov.xx + eps, cov.xy, cov.yy + eps
    square = (c * ex.square() - 2 * b * ex * ey + a * ey.square()) / (a * c - b.square()).clamp(
        min=eps**2
    )
    return _DISTANCES[distance](square.clamp(min=0), beta)


def star_loss(
    heatmaps: Tensor,
    targets: Tensor,
    mode: Mode = 'mahalanobis',
    distance: Distance = 'smooth_l1',
    eigen_weight: float = 1.0,
    beta: float = 0.01,
    detach_axes: bool = True,
    axis_eps: float = 1e-2,
    eps: float = 1e-5,
    restriction: Restriction = 'value',
) -> Tensor:
    """STAR loss of each landmark (equations 3 to 6 of the paper).

    Values are not looked at, other than by :class:`STARLoss`.

    Args:
        heatmaps (Tensor): (N, K, H, W), not negative, the sum of each is 1.
        targets (Tensor): (N, K, 2), x and y; -1 is the centre of the first
            cell and 1 that of the last.
        mode, distance, eigen_weight, beta, detach_axes, axis_eps, eps,
            restriction: See :class:`STARLoss`.

    Returns:
        Tensor: (N, K), in float32, or float64 for such heatmaps.

    Raises:
        ValueError: If shapes, types or devices do not fit.
    """
    check_form(heatmaps, targets, None)
    return _of_moments(
        moments(heatmaps, eps),
        targets,
        mode,
        distance,
        eigen_weight,
        beta,
        detach_axes,
        axis_eps,
        eps,
        restriction,
    )


def _of_moments(
    cov: Moments,
    targets: Tensor,
    mode: Mode,
    distance: Distance,
    eigen_weight: float,
    beta: float,
    detach_axes: bool,
    axis_eps: float,
    eps: float,
    restriction: Restriction,
) -> Tensor:
    """:func:`star_loss` of heatmaps with these moments."""
    if restriction == 'detach':
        cov = Moments(cov.x, cov.y, *(c.detach() for c in cov[2:]))
    ex = targets[..., 0].to(cov.x.dtype) - cov.x
    ey = targets[..., 1].to(cov.y.dtype) - cov.y
    if mode == 'mahalanobis':
        error = _mahalanobis(ex, ey, cov, distance, beta, eps)
    else:
        error = _per_axis(ex, ey, cov, distance, beta, eps, axis_eps, detach_axes)
    if restriction == 'detach':
        return error
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

    What is defined, though unusual: a target outside the heatmap counts as
    any other; one of weight 0 is not looked at and may be NaN; a heatmap that
    sums to less than 1/2, such as an empty one, counts as a flat one and gets
    no gradient; heatmaps may be in half precision, targets and weights of any
    real type.

    What is refused with a ValueError that names sample and landmark: heatmaps
    with NaN, infinite or negative cells, or that sum to more than 1.05, such
    as logits and Gaussians of height 1; targets that are not finite; weights
    that are negative or not finite. On a GPU that needs no waiting: values
    are looked at one or two calls later, or at the next ``train()`` or
    ``eval()``, so that a training that has turned to NaN stops there. Within
    ``torch.compile`` they are not looked at; NaN then shows in the loss.

    Args:
        mode (str): ``'per_axis'`` or ``'mahalanobis'``.
        distance (str): ``'smooth_l1'``, ``'l1'`` or ``'l2'``.
        eigen_weight (float): The paper's ``w``, which keeps the
            heatmaps from widening.
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
        restriction (str): What keeps a heatmap from lowering its loss by
            being wide: ``'value'`` is the term of ``w``; with ``'detach'``
            eigenvalues and axes are taken as given, so that gradients reach
            the heatmap through its mean alone, and ``w`` has no part. The
            paper names both; its code has the former.

    Raises:
        ValueError: If an option is none of those above, or out of range.
    """

    def __init__(
        self,
        mode: Mode = 'mahalanobis',
        distance: Distance = 'smooth_l1',
        eigen_weight: float = 1.0,
        beta: float = 0.01,
        detach_axes: bool = True,
        axis_eps: float = 1e-2,
        eps: float = 1e-5,
        target_range: tuple[float, float] = (-1.0, 1.0),
        loss_weight: float = 1.0,
        restriction: Restriction = 'value',
    ):
        super().__init__()
        _check_choice('mode', mode, ('per_axis', 'mahalanobis'))
        _check_choice('distance', distance, tuple(_DISTANCES))
        _check_choice('restriction', restriction, ('value', 'detach'))
        check_positive('beta', beta)
        check_positive('eps', eps)
        if target_range[0] == target_range[1]:
            raise ValueError(f'target_range is {target_range}, expected two different numbers')
        self.options = dict(
            mode=mode,
            distance=distance,
            eigen_weight=eigen_weight,
            beta=beta,
            detach_axes=detach_axes,
            axis_eps=axis_eps,
            eps=eps,
            restriction=restriction,
        )
        self.target_range = target_range
        self.loss_weight = loss_weight
        self.check_values = LateCheck(fault_in)

    def train(self, mode: bool = True) -> STARLoss:
        """As in PyTorch; looks at what earlier calls were given first."""
        self.check_values.finish()
        return super().train(mode)

    def forward(self, heatmaps: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
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
            ValueError: If shapes, types or devices do not fit, or values are
                refused; see the class.
        """
        check_form(heatmaps, targets, weights)
        found = sums(heatmaps)
        self.check_values(values_of(heatmaps, found.mass, targets, weights))
        first, last = self.target_range
        targets = only_labelled(targets.to(found.mass.dtype), weights)
        targets = (targets - first) * (2 / (last - first)) - 1
        cov = moments_of(found, self.options['eps'])
        losses = _of_moments(cov, targets, **self.options)
        return weighted_mean(losses, weights) * self.loss_weight


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f'{name} is {value!r}, expected one of {", ".join(known)}')
