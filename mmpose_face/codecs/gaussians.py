# SPDX-License-Identifier: Apache-2.0
"""Points as Gaussians on heatmaps, for a whole batch on its device."""
from math import ceil, floor
from typing import NamedTuple, Sequence, Tuple

import torch
from torch import Tensor

from .batches import check_points
from .memory import empty

# Two of these make the smallest number of full precision in float32.
TINY = 2e-19


class Extent(NamedTuple):
    """What a Gaussian covers along one side of the map.

    Attributes:
        middle (Tensor): (B, K) where it is 1, cells.
        first (Tensor): (B, K) the first cell that is drawn.
        end (Tensor): (B, K) the cell behind the last that is drawn.
        near (Tensor): (B, K) whether it counts as touching the map.
    """
    middle: Tensor
    first: Tensor
    end: Tensor
    near: Tensor


def patch_extent(points: Tensor, size: int, sigma: float,
                 border_shift: bool) -> Extent:
    """Extents of MMPose's patches of ``6 * sigma + 1`` cells.

    MMPose rounds by ``int(point + .5)`` and begins the patch at
    ``int(rounded - 3 * sigma)``, which to the left of the map go towards it.
    That shifts the patch where ``3 * sigma`` is not whole.

    Args:
        points (Tensor): (B, K) along one side, cells.
        size (int): Cells of that side.
        sigma (float): Standard deviation, cells.
        border_shift (bool): Whether to shift patches as MMPose does.

    Returns:
        Extent: Of each patch. Whether it counts as touching the map is
        MMPose's in either case.
    """
    radius = 3 * sigma
    # All are whole numbers and small, which floats hold exactly.
    rounded = (points + .5).trunc()
    near = (rounded - ceil(radius) < size) & (rounded + 1 + ceil(radius) >= 0)
    if border_shift:
        first = rounded - ceil(radius)
        first = torch.where(first < 0, rounded - floor(radius), first)
    else:
        rounded = (points + .5).floor()
        first = rounded - ceil(radius)
    # The patch has 2 * radius + 1 cells, the middle one is 1.
    middle = first + (2 * radius + 1) // 2
    return Extent(middle, first, rounded + 1 + floor(radius), near)


def map_extent(points: Tensor, size: int, sigma: float) -> Extent:
    """Extents of Gaussians that are drawn on the whole map.

    Args:
        points (Tensor): (B, K) along one side, cells.
        size (int): Cells of that side.
        sigma (float): Standard deviation, cells.

    Returns:
        Extent: Of each Gaussian.
    """
    radius = 3 * sigma
    near = (points - radius < size) & (points + radius + 1 >= 0)
    nothing = torch.zeros_like(points)
    return Extent(points, nothing, nothing + size, near)


def profile(extent: Extent, drawn: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussians along one side of the map.

    Args:
        extent (Extent): Of each Gaussian.
        drawn (Tensor): (B, K) which are drawn at all.
        size (int): Cells of that side.
        sigma (float): Standard deviation, cells.

    Returns:
        Tensor: (B, K, size), 0 outside the extents.
    """
    middle, first, end = (
        each[..., None].float()
        for each in (extent.middle, extent.first, extent.end))
    cells = torch.arange(size, dtype=torch.float32, device=middle.device)
    inside = drawn[..., None] & (cells >= first) & (cells < end)
    values = torch.exp((cells - middle)**2 / (-2 * sigma**2))
    # Products of less are subnormal numbers, which processors are slow with.
    return torch.where(inside & (values > TINY), values, 0.)


@torch.no_grad()
def gaussian_heatmaps(points: Tensor,
                      visible: Tensor,
                      size: Sequence[int],
                      sigma: float,
                      unbiased: bool = False,
                      border_shift: bool = True) -> Tuple[Tensor, Tensor]:
    """Draw points as MMPose's ``MSRAHeatmap`` does.

    A Gaussian is the outer product of one along x and one along y.

    Args:
        points (Tensor): (B, K, 2), x and y in cells of the heatmaps.
        visible (Tensor): (B, K), 0 to 1. Points below 0.5 are not drawn.
        size (Sequence[int]): Width and height of the heatmaps, cells.
        sigma (float): Standard deviation, cells.
        unbiased (bool): Draw around the point itself on the whole map (DARK)
            and not around the nearest cell in a square of three standard
            deviations. Defaults to False.
        border_shift (bool): Without ``unbiased``, shift squares that begin
            left of the map or above it as MMPose does; see
            :class:`~mmpose_face.codecs.FaceMSRAHeatmap`. Defaults to True.

    Returns:
        tuple[Tensor, Tensor]: Heatmaps (B, K, H, W), float32; and weights
        (B, K): ``visible``, but 0 where a Gaussian does not touch the map.

    Raises:
        ValueError: If the shapes do not fit together, the size is no width
            and height, or sigma is not above 0.
    """
    check_points(points, visible)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f'size is a width and a height, got {size}')
    if not sigma > 0:
        raise ValueError(f'sigma is above 0, got {sigma}')
    if points.dtype not in (torch.float32, torch.float64):
        points = points.float()
    labelled = visible >= .5
    if unbiased:
        extents = [
            map_extent(points[..., i], size[i], sigma) for i in range(2)
        ]
    else:
        extents = [
            patch_extent(points[..., i], size[i], sigma, border_shift)
            for i in range(2)
        ]
    near = extents[0].near & extents[1].near
    across, down = (profile(extent, labelled & near, cells, sigma)
                    for extent, cells in zip(extents, size))
    heatmaps = empty((*visible.shape, size[1], size[0]), points.device)
    torch.mul(down[..., None], across[..., None, :], out=heatmaps)
    return heatmaps, visible.masked_fill(labelled & ~near, 0)
