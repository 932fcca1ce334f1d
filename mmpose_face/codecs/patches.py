# SPDX-License-Identifier: Apache-2.0
"""The surroundings of heatmap maxima, for a whole batch at once."""

from functools import lru_cache

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from .peaks import Peaks, first_cells


def blur_kernel(size: int) -> Tensor:
    """OpenCV's Gaussian of this size: (size, ), float64, of the values by
    which OpenCV blurs float32."""
    kernel = cv2.getGaussianKernel(size, 0, cv2.CV_32F)
    return torch.from_numpy(kernel[:, 0]).double()


@lru_cache(maxsize=16)
def _on_map(side: int, height: int, width: int, device: torch.device) -> Tensor:
    """Which cells of a patch are on the map.

    Args:
        side (int): Of the patch, cells, odd.
        height, width (int): Of the map, but at most ``side``: of a larger map
            only the part next to the patch counts.
        device (torch.device): Where the result is.

    Returns:
        Tensor: (height * width, side * side), for each cell of the map that
        can be in the middle of the patch: int32, all bits set or none.
    """
    reach = torch.arange(side) - side // 2
    rows, columns = (torch.arange(size)[:, None] + reach for size in (height, width))
    down = (rows >= 0) & (rows < height)
    across = (columns >= 0) & (columns < width)
    on_map = down[:, None, :, None] & across[:, None, :]
    masks = -on_map.to(torch.int32)
    return masks.reshape(height * width, side * side).to(device)


def patches_around(heatmaps: Tensor, peaks: Peaks, side: int) -> tuple[Tensor, Tensor]:
    """Square patches around the maxima, 0 outside the map.

    Each row of a patch is copied as one piece of memory. Beside the map that
    piece has cells of another row, which are then cleared; before the first
    map of all and after the last there is nothing to copy.

    Args:
        heatmaps (Tensor): (N, H, W), contiguous.
        peaks (Peaks): Their maxima.
        side (int): Of the patches, cells, odd.

    Returns:
        tuple[Tensor, Tensor]: Patches (N, side * side), float64; and (N, ),
        which of them could not be copied, as they reach beyond the first or
        the last map, and hold values of other cells.
    """
    number, height, width = heatmaps.shape
    x, y, _ = peaks
    memory = heatmaps.view(-1)
    if len(memory) < side:
        memory = F.pad(memory, (0, side - len(memory)))
    rows = y[:, None] + torch.arange(side, device=x.device) - side // 2
    on_map = (rows >= 0) & (rows < height)
    starts = first_cells(number, height * width, x)[:, None] + rows * width + x[:, None] - side // 2
    copied = starts.clamp(0, len(memory) - side)
    misread = ((starts != copied) & on_map).any(1)
    patches = F.embedding(copied, memory.unfold(0, side, 1)).float().flatten(1)

    # The masks of maps larger than a patch do not depend on their size.
    part = min(height, side), min(width, side)
    from_top = y - (y - side // 2).clamp(0, height - part[0])
    from_left = x - (x - side // 2).clamp(0, width - part[1])
    masks = _on_map(side, *part, x.device).index_select(0, from_top * part[1] + from_left)
    # By bits: NaN times 0 is NaN, and masked_fill_ takes three times as long.
    patches.view(torch.int32).bitwise_and_(masks)
    return patches.double(), misread
