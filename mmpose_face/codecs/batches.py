# SPDX-License-Identifier: Apache-2.0
"""The points of a batch, as codecs take and return them."""

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array


def check_points(points: Tensor, visible: Tensor) -> None:
    """Raise ValueError unless these are (B, K, 2) and (B, K)."""
    if points.ndim != 3 or points.shape != (*visible.shape, 2):
        raise ValueError(
            'points are (B, K, 2) and visible is (B, K), got '
            f'{tuple(points.shape)} and {tuple(visible.shape)}'
        )


def lists_on_host(*batch: Tensor) -> list[list[Array]]:
    """Copy the results of a batch to the host, in one copy.

    Args:
        *batch (Tensor): Each (B, K) or (B, K, D), on one device.

    Returns:
        list[list[np.ndarray]]: For each tensor a list of B arrays (1, K) or
        (1, K, D), float32.
    """
    columns = [each if each.ndim == 3 else each[..., None] for each in batch]
    copied = torch.cat([each.float() for each in columns], 2).cpu().numpy()
    ends = np.cumsum([each.shape[2] for each in columns])
    lists = []
    for each, end, column in zip(batch, ends, columns):
        array = copied[:, None, :, end - column.shape[2] : end].copy()
        lists.append(list(array if each.ndim == 3 else array[..., 0]))
    return lists
