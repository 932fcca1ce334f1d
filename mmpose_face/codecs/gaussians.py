# SPDX-License-Identifier: Apache-2.0
"""Points to Gaussian heatmaps, for a whole batch on its device.

A Gaussian is the outer product of one along x and one along y.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, floor

import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import check_points
from .memory import empty

# Products of lesser values are subnormal numbers, which slow processors down.
TINY = 2e-19


def gaussian(distances: Tensor, sigma: float) -> Tensor:
    """1 at distance 0. Writes into the distances."""
    values = distances.square_().mul_(-0.5 / sigma**2).exp_()
    return F.threshold(values, TINY, 0.0, inplace=True)


def rounded(points: Tensor) -> Tensor:
    """The cell of a point by MMPose's ``int(point + .5)``."""
    return (points + 0.5).trunc()


def touches(points: Tensor, size: int, sigma: float, unbiased: bool) -> Tensor:
    """Whether MMPose counts a Gaussian as touching the map, along one side.

    Args:
        points (Tensor): (B, K) along that side, cells.
        size (int): Cells of that side.
        sigma (float): Standard deviation, cells.
        unbiased (bool): Whether points are not rounded.

    Returns:
        Tensor: (B, K), false where a point is NaN.
    """
    radius = 3 * sigma
    if not unbiased:
        points, radius = rounded(points), ceil(radius)
    return (points - radius < size) & (points + radius + 1 >= 0)


@lru_cache(maxsize=16)
def _patches(
    size: int, sigma: float, border_shift: bool, device: torch.device
) -> tuple[Tensor, int]:
    """MMPose's patches of ``6 * sigma + 1`` cells along one side of the map.

    A patch begins at ``int(cell - 3 * sigma)``, which rounds towards the map
    left of it: that shifts the patch where ``3 * sigma`` is not whole.

    Args:
        size (int): Cells of that side.
        sigma (float): Standard deviation, cells.
        border_shift (bool): Whether to shift patches as MMPose does.
        device (torch.device): Where the result is.

    Returns:
        tuple[Tensor, int]: (C, size), the map with the patch of one cell in
        each row, from the first cell whose patch may touch it to the last;
        and that first cell.
    """
    radius = 3 * sigma
    margin = ceil(radius) + 2
    cells = torch.arange(-margin, size + margin)[:, None]
    first = cells - ceil(radius)
    if border_shift:
        first = torch.where(first < 0, cells - floor(radius), first)
    end = cells + 1 + floor(radius)
    # The patch has 2 * radius + 1 cells, and is 1 on the middle one.
    middle = first + int((2 * radius + 1) // 2)
    places = torch.arange(size)
    values = gaussian((places - middle).double(), sigma)
    inside = (places >= first) & (places < end)
    return (values * inside).float().to(device), -margin


def _on_cells(points: Tensor, drawn: Tensor, size: int, sigma: float, border_shift: bool) -> Tensor:
    """Patches along one side around the cells of points (B, K): (B, K, size),
    0 where nothing is drawn."""
    patches, first = _patches(size, sigma, border_shift, points.device)
    # Rounding towards the map from the left is part of the shift.
    cells = rounded(points) if border_shift else (points + 0.5).floor()
    # The last row is empty.
    rows = torch.where(drawn, cells - first, len(patches) - 1).long()
    return F.embedding(rows, patches)


def _on_map(points: Tensor, drawn: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussians along one side around points (B, K): (B, K, size), 0 where
    nothing is drawn."""
    middles = torch.where(drawn, points, torch.inf).float()
    places = torch.arange(size, dtype=torch.float32, device=points.device)
    return gaussian(places - middles[..., None], sigma)


@torch.no_grad()
def gaussian_heatmaps(
    points: Tensor,
    visible: Tensor,
    size: Sequence[int],
    sigma: float,
    unbiased: bool = False,
    border_shift: bool = True,
) -> tuple[Tensor, Tensor]:
    """Draw points as MMPose's ``MSRAHeatmap`` does.

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
    (x, y), (width, height) = points.unbind(-1), size
    near = touches(x, width, sigma, unbiased) & touches(y, height, sigma, unbiased)
    labelled = visible >= 0.5
    drawn = labelled & near
    if unbiased:
        across = _on_map(x, drawn, width, sigma)
        down = _on_map(y, drawn, height, sigma)
    else:
        across = _on_cells(x, drawn, width, sigma, border_shift)
        down = _on_cells(y, drawn, height, sigma, border_shift)
    heatmaps = empty((*visible.shape, height, width), points.device)
    torch.mul(down[..., None], across[..., None, :], out=heatmaps)
    return heatmaps, visible.masked_fill(labelled & ~near, 0)
