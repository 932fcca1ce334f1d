# SPDX-License-Identifier: Apache-2.0
"""The maxima of heatmaps, for a whole batch on its device."""

from typing import NamedTuple

import torch
from torch import Tensor


class Peaks(NamedTuple):
    """The maxima of N heatmaps.

    Attributes:
        x (Tensor): (N, ) columns, int64.
        y (Tensor): (N, ) rows, int64.
        values (Tensor): (N, ) the maxima, float32.
    """

    x: Tensor
    y: Tensor
    values: Tensor


def first_maximum(rows: Tensor, maxima: Tensor) -> Tensor:
    """Where each row first reaches its maximum, as ``numpy.argmax``.

    ``torch.argmax`` treats ties, which are common in half precision and in
    saturated maps, in another way on each device.

    Args:
        rows (Tensor): (N, M).
        maxima (Tensor): (N, ) the maximum of each row. Where it is NaN, any
            place of the row may be the result.

    Returns:
        Tensor: (N, ), int64.
    """
    size = rows.shape[1]
    # The first of equals has the largest number. Short integers are the
    # fastest by far.
    from_end = torch.arange(size, 0, -1, dtype=torch.int16, device=rows.device)
    found = ((rows == maxima[:, None]) * from_end).amax(1)
    return (size - found.long()).clamp(max=size - 1)


def find_peaks(heatmaps: Tensor) -> Peaks:
    """The first maximum of each heatmap in the order of its memory.

    The heatmaps are read only once, for the maxima of their rows; then only
    the row of each maximum.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.

    Returns:
        Peaks: Of the N heatmaps.
    """
    number, height, width = heatmaps.shape
    rows = heatmaps.amax(2)
    values = rows.amax(1)
    y = first_maximum(rows, values)
    lines = heatmaps.view(-1, width).index_select(0, first_cells(number, height, y) + y)
    return Peaks(first_maximum(lines, values), y, values.float())


def first_cells(number: int, size: int, like: Tensor) -> Tensor:
    """Where each of ``number`` maps of ``size`` begins in memory: (number, ),
    int64, on the device of ``like``."""
    return torch.arange(number, device=like.device) * size


def quarter_offsets(heatmaps: Tensor, peaks: Peaks) -> Tensor:
    """A quarter of a cell towards the higher neighbour.

    As MMPose's ``refine_keypoints``: along x only where ``1 < x < W - 1`` and
    ``0 < y``, along y only where ``1 < y < H - 1`` and ``0 < x``.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.

    Returns:
        Tensor: (N, 2) along x and y, cells, float32.
    """
    number, height, width = heatmaps.shape
    x, y, _ = peaks
    along_x = (x > 1) & (x < width - 1) & (y > 0)
    along_y = (y > 1) & (y < height - 1) & (x > 0)
    # Where there is no step, both neighbours are the peak itself.
    step = torch.stack((along_x, along_y * width), 1)
    peak = first_cells(number, height * width, x) + y * width + x
    cells = torch.stack((peak[:, None] + step, peak[:, None] - step))
    ahead, behind = heatmaps.view(-1).index_select(0, cells.view(-1)).float().view(2, number, 2)
    return torch.sign(ahead - behind) * 0.25
