# SPDX-License-Identifier: Apache-2.0
"""DARK: the maximum between the cells, from a second-order expansion.

Zhang et al., *Distribution-Aware Coordinate Representation for Human Pose
Estimation*, CVPR 2020, https://arxiv.org/abs/1910.06278, with the choices of
MMPose's ``refine_keypoints_dark``: the heatmap is blurred with zeros around
it, scaled to its old maximum, cut at 1e-10 from below and its logarithm
expanded around the maximum; first derivatives reach one cell, second ones
two.
"""
from functools import lru_cache
from typing import NamedTuple, Tuple

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from .peaks import Peaks, first_cells

# What MMPose cuts blurred and scaled heatmaps at from below.
FLOOR = 1e-10
# The expansion needs the blurred heatmap up to two cells from the maximum.
REACH = 2


class Neighbourhoods(NamedTuple):
    """Blurred heatmaps around their maxima.

    Attributes:
        values (Tensor): (N, 5, 5), float64; the maximum is in the middle.
        whole (Tensor): (N, ) where all of it is within the map and MMPose
            refines.
    """
    values: Tensor
    whole: Tensor


@lru_cache(maxsize=16)
def _blur_matrices(kernel_size: int, size: int,
                   device: torch.device) -> Tensor:
    """What blurs five cells of a stretch of ``size`` cells.

    Args:
        kernel_size (int): Of the blur.
        size (int): Cells of the stretch.
        device (torch.device): Where the result is.

    Returns:
        Tensor: (size, 5, size), float64. Matrix ``i`` times the stretch is
        the stretch blurred at the cells ``i - 2`` to ``i + 2``, with zeros
        around it.
    """
    # OpenCV's own, in the precision that it blurs with.
    kernel = torch.from_numpy(
        cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)[:, 0]).double()
    middles = torch.arange(size)[:, None, None]
    shifts = torch.arange(-REACH, REACH + 1)[None, :, None]
    taps = torch.arange(size) - middles - shifts + kernel_size // 2
    inside = (taps >= 0) & (taps < kernel_size)
    weights = torch.where(inside, kernel[taps.clamp(0, kernel_size - 1)], 0.)
    return weights.to(device)


def blurred_around(heatmaps: Tensor, peaks: Peaks,
                   kernel_size: int) -> Neighbourhoods:
    """Blur heatmaps where the expansion needs it, and nowhere else.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.
        kernel_size (int): Of the blur, odd.

    Returns:
        Neighbourhoods: Without MMPose's scaling.
    """
    number, height, width = heatmaps.shape
    x, y, values = peaks
    whole = ((x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
             & ~(values <= 0))
    # A square patch with all cells that count, moved into the map.
    side = kernel_size + 2 * REACH
    if height < side or width < side:
        heatmaps = F.pad(heatmaps,
                         (0, max(side - width, 0), 0, max(side - height, 0)))
        number, height, width = heatmaps.shape
    left = (x - side // 2).clamp(0, width - side)
    top = (y - side // 2).clamp(0, height - side)
    rows = torch.arange(side, device=x.device)
    starts = first_cells(number, height * width, x) + top * width + left
    # Each row of a patch is copied as one piece.
    patches = F.embedding(starts[:, None] + rows * width,
                          heatmaps.view(-1).unfold(0, side, 1)).double()
    matrices = _blur_matrices(kernel_size, side, x.device)
    across = matrices.index_select(0, x - left).transpose(1, 2)
    down = matrices.index_select(0, y - top)
    return Neighbourhoods(down @ (patches @ across), whole)


def expansion_offsets(logs: Tensor) -> Tensor:
    """The maximum of the second-order expansion.

    Args:
        logs (Tensor): (N, 5, 5) logarithms of heatmaps around their maxima.

    Returns:
        Tensor: (N, 2) along x and y from the middle, cells; 0 where the
        Hessian is singular.
    """
    (left2, left, here, right, right2) = logs[:, 2].unbind(1)
    (up2, up, _, down, down2) = logs[:, :, 2].unbind(1)
    dx = (right - left) / 2
    dy = (down - up) / 2
    dxx = (right2 - 2 * here + left2) / 4
    dyy = (down2 - 2 * here + up2) / 4
    dxy = (logs[:, 3, 3] - logs[:, 1, 3] - logs[:, 3, 1] + logs[:, 1, 1]) / 4
    determinant = dxx * dyy - dxy * dxy
    offsets = torch.stack((dxy * dy - dyy * dx, dxy * dx - dxx * dy), 1)
    singular = determinant[:, None] == 0
    return torch.where(singular, 0.,
                       offsets / determinant[:, None].masked_fill(singular, 1))


def dark_offsets(heatmaps: Tensor, peaks: Peaks,
                 kernel_size: int) -> Tuple[Tensor, Tensor]:
    """Offsets of most maps, and which maps need :func:`scaled_offsets`.

    Scaling to the old maximum adds a constant to the logarithm and so changes
    nothing, but where a value is cut at the floor. The factor is at least 1,
    as blurring raises no maximum.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.
        kernel_size (int): Of the blur, odd.

    Returns:
        tuple[Tensor, Tensor]: (N, 2) offsets along x and y, cells, float32;
        and (N, ), true where a value close to the maximum may be cut, so that
        the offsets are not right.
    """
    values, whole = blurred_around(heatmaps, peaks, kernel_size)
    low = ~(values.amin((1, 2)) > 2 * FLOOR)
    offsets = expansion_offsets(values.clamp(min=FLOOR).log_())
    offsets = torch.where(whole[:, None], offsets, 0.).float()
    return offsets, whole & low


def scaled_offsets(heatmaps: Tensor, peaks: Peaks, kernel_size: int) -> Tensor:
    """Offsets where the scaling counts: the whole maps are blurred.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.
        kernel_size (int): Of the blur, odd.

    Returns:
        Tensor: (N, 2) along x and y, cells, float32.
    """
    height, width = heatmaps.shape[1:]
    down, across = (
        _blur_matrices(kernel_size, size, heatmaps.device)[:, REACH]
        for size in (height, width))
    maxima = (down @ heatmaps.double() @ across.T).amax((1, 2))
    values, whole = blurred_around(heatmaps, peaks, kernel_size)
    values = values * (peaks.values / maxima)[:, None, None]
    offsets = expansion_offsets(values.clamp(min=FLOOR).log_())
    return torch.where(whole[:, None], offsets, 0.).float()
