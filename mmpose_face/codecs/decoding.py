# SPDX-License-Identifier: Apache-2.0
"""Heatmaps to points, for a whole batch on its device."""

from typing import NamedTuple

import torch
from torch import Tensor

from .dark import dark_offsets, scaled_offsets
from .peaks import Peaks, find_peaks, quarter_offsets

# Number of whole maps to blur at once: in double precision and 64 x 64 cells
# these take 25 MB.
MAPS_AT_ONCE = 256


class Decoded(NamedTuple):
    """Points of N heatmaps.

    Attributes:
        points (Tensor): (N, 2) x and y in cells, float32; -1 where nothing is
            above 0, and NaN where the heatmap holds a NaN.
        scores (Tensor): (N, ) the maxima, float32.
        doubtful (Tensor): (N, ) which points :func:`correct_doubtful` must correct.
    """

    points: Tensor
    scores: Tensor
    doubtful: Tensor


def as_maps(heatmaps: Tensor) -> Tensor:
    """The heatmaps of all faces, one after another.

    Args:
        heatmaps (Tensor): (B, K, H, W) of any type, in any order of memory.

    Returns:
        Tensor: (B * K, H, W), contiguous, in half or single precision.

    Raises:
        ValueError: If the shape is another, or there are no cells.
    """
    if heatmaps.ndim != 4 or 0 in heatmaps.shape[2:]:
        raise ValueError(
            f'heatmaps are (B, K, H, W) with at least one cell, got {tuple(heatmaps.shape)}'
        )
    # The maximum of a half is that of its float, and faster to find.
    if heatmaps.dtype not in (torch.float16, torch.bfloat16):
        heatmaps = heatmaps.float()
    return heatmaps.detach().contiguous().flatten(0, 1)


def check_kernel(size: int) -> None:
    """Raise ValueError if a blur of this size has no middle."""
    if size < 1 or size % 2 == 0:
        raise ValueError(f'blur_kernel_size is odd, got {size}')


def decode_once(maps: Tensor, unbiased: bool, blur_kernel_size: int) -> tuple[Decoded, Peaks]:
    """Decode without reading a value back, so that the host does not wait for
    the device; :func:`correct_doubtful` corrects the doubtful points."""
    peaks = find_peaks(maps)
    places = torch.stack((peaks.x, peaks.y), 1).float()
    doubtful = torch.zeros_like(peaks.x, dtype=torch.bool)
    if unbiased:
        offsets, doubtful = dark_offsets(maps, peaks, blur_kernel_size)
    else:
        offsets = quarter_offsets(maps, peaks)
    values = peaks.values[:, None]
    points = torch.where(values <= 0, -1.0, places + offsets)
    points = torch.where(values.isnan(), values, points)
    return Decoded(points, peaks.values, doubtful), peaks


def correct_doubtful(maps: Tensor, decoded: Decoded, peaks: Peaks, blur_kernel_size: int) -> None:
    """Correct the doubtful points of :func:`decode_once`, in place."""
    for index in torch.split(decoded.doubtful.nonzero()[:, 0], MAPS_AT_ONCE):
        some = Peaks(*(each[index] for each in peaks))
        places = torch.stack((some.x, some.y), 1).float()
        decoded.points[index] = places + scaled_offsets(maps[index], some, blur_kernel_size)


@torch.no_grad()
def decode_heatmaps(
    heatmaps: Tensor, unbiased: bool = False, blur_kernel_size: int = 11
) -> tuple[Tensor, Tensor]:
    """Points of heatmaps as MMPose's ``MSRAHeatmap`` finds them.

    With ``unbiased`` the host waits for one bit of the device: whether any
    map has values so low around its maximum that the whole map must be
    blurred.

    Args:
        heatmaps (Tensor): (B, K, H, W), of any floating type; the work is
            done in single precision, with ``unbiased`` partly in double.
        unbiased (bool): DARK in place of the step of a quarter of a cell
            towards the higher neighbour. Defaults to False.
        blur_kernel_size (int): Size of DARK's blur, odd. Defaults to 11.

    Returns:
        tuple[Tensor, Tensor]: Points (B, K, 2), x and y in cells, -1 where
        nothing is above 0; and scores (B, K), the maxima. Both are float32,
        and NaN where a heatmap holds a NaN.

    Raises:
        ValueError: If the heatmaps are not (B, K, H, W), or with ``unbiased``
            the kernel's size is even.
    """
    if unbiased:
        check_kernel(blur_kernel_size)
    maps = as_maps(heatmaps)
    decoded, peaks = decode_once(maps, unbiased, blur_kernel_size)
    if unbiased and decoded.doubtful.any():
        correct_doubtful(maps, decoded, peaks, blur_kernel_size)
    shape = heatmaps.shape[:2]
    return decoded.points.view(*shape, 2), decoded.scores.view(shape)
