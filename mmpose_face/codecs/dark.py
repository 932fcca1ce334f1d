# SPDX-License-Identifier: Apache-2.0
"""DARK decoding: the maximum between cells, from a second-order expansion.

Zhang et al., *Distribution-Aware Coordinate Representation for Human Pose
Estimation*, CVPR 2020, https://arxiv.org/abs/1910.06278, with the choices of
MMPose's ``refine_keypoints_dark``: the heatmap is blurred with zeros around
it, scaled to its old maximum, cut at 1e-10 from below, and its logarithm
expanded around the maximum; first derivatives reach one cell, second ones
two.

All of it is in double precision: where the Hessian is near singular, single
precision loses tenths of a pixel.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from .patches import blur_kernel, patches_around
from .peaks import Peaks, first_cells

# The least value of blurred and scaled heatmaps, as in MMPose.
FLOOR = 1e-10
# The cells that the expansion reads, as steps from the maximum to the right
# and down.
CELLS = (
    *((right, 0) for right in (0, 1, -1, 2, -2)),
    *((0, down) for down in (1, -1, 2, -2)),
    *((right, down) for down in (1, -1) for right in (1, -1)),
)
REACH = 2


def refined(shape: Sequence[int], peaks: Peaks) -> Tensor:
    """Which points MMPose refines, (N, ) bool: positive, and not at a border.

    Args:
        shape (Sequence[int]): Height and width of the heatmaps.
        peaks (Peaks): Of N heatmaps.
    """
    height, width = shape
    x, y, values = peaks
    return (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2) & (values > 0)


@lru_cache(maxsize=16)
def blur_weights(kernel_size: int, device: torch.device) -> Tensor:
    """The matrix that blurs a patch at :data:`CELLS`: (16, side * side),
    float64, where the side is ``kernel_size + 2 * REACH``. The last three rows
    are zeros: processors multiply 16 rows faster than 13."""
    kernel = blur_kernel(kernel_size)
    side = kernel_size + 2 * REACH
    weights = torch.zeros(16, side, side, dtype=torch.float64)
    for each, (right, down) in zip(weights, CELLS):
        top, left = REACH + down, REACH + right
        each[top : top + kernel_size, left : left + kernel_size] = torch.outer(kernel, kernel)
    return weights.flatten(1).to(device)


def expansion_offsets(logs: Tensor) -> Tensor:
    """The maximum of the second-order expansion.

    Args:
        logs (Tensor): (13, N) logarithms of heatmaps at :data:`CELLS` around
            their maxima.

    Returns:
        Tensor: (N, 2) along x and y, cells; 0 where the Hessian is singular.
    """
    here, right, left, right2, left2, down, up, down2, up2, *corners = logs
    down_right, down_left, up_right, up_left = corners
    dx = (right - left) / 2
    dy = (down - up) / 2
    dxx = (right2 - 2 * here + left2) / 4
    dyy = (down2 - 2 * here + up2) / 4
    dxy = (down_right - up_right - down_left + up_left) / 4
    determinant = dxx * dyy - dxy * dxy
    offsets = torch.stack((dxy * dy - dyy * dx, dxy * dx - dxx * dy))
    singular = determinant == 0
    return torch.where(singular, 0.0, offsets / determinant.masked_fill(singular, 1)).T


def dark_offsets(heatmaps: Tensor, peaks: Peaks, kernel_size: int) -> tuple[Tensor, Tensor]:
    """Offsets of most maps, and which maps need :func:`scaled_offsets`.

    Maps are blurred only around their maxima, and not scaled. Scaling adds a
    constant to the logarithm and so changes nothing, unless a value is below
    :data:`FLOOR`. The factor is at least 1, as blurring raises no maximum.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.
        kernel_size (int): Of the blur, odd.

    Returns:
        tuple[Tensor, Tensor]: (N, 2) offsets along x and y, cells, float32;
        and (N, ), which of them are wrong: values close to the maximum may be
        below the floor, or the patch could not be read.
    """
    patches, misread = patches_around(heatmaps, peaks, kernel_size + 2 * REACH)
    values = blur_weights(kernel_size, heatmaps.device) @ patches.T
    values = values[: len(CELLS)]
    low = ~(values.amin(0) > 2 * FLOOR)
    inner = refined(heatmaps.shape[1:], peaks)
    offsets = expansion_offsets(values.clamp_(min=FLOOR).log_())
    return (torch.where(inner[:, None], offsets, 0.0).float(), inner & (low | misread))


@lru_cache(maxsize=16)
def blur_matrix(kernel_size: int, size: int, device: torch.device) -> Tensor:
    """The matrix that blurs a line of ``size`` cells with zeros around it:
    (size, size), float64."""
    kernel = blur_kernel(kernel_size)
    cells = torch.arange(size)
    taps = cells - cells[:, None] + kernel_size // 2
    inside = (taps >= 0) & (taps < kernel_size)
    weights = torch.where(inside, kernel[taps.clamp(0, kernel_size - 1)], 0.0)
    return weights.to(device)


def scaled_offsets(heatmaps: Tensor, peaks: Peaks, kernel_size: int) -> Tensor:
    """Offsets of any maps, which are blurred and scaled as a whole.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima, which are :func:`refined`.
        kernel_size (int): Of the blur, odd.

    Returns:
        Tensor: (N, 2) along x and y, cells, float32.
    """
    number, height, width = heatmaps.shape
    down, across = (blur_matrix(kernel_size, size, heatmaps.device) for size in (height, width))
    blurred = down @ heatmaps.double() @ across.T
    steps = torch.tensor([y * width + x for x, y in CELLS])
    places = first_cells(number, height * width, peaks.x) + peaks.y * width + peaks.x
    values = blurred.view(-1)[places + steps.to(places.device)[:, None]]
    values *= peaks.values / blurred.amax((1, 2))
    return expansion_offsets(values.clamp_(min=FLOOR).log_()).float()
