# SPDX-License-Identifier: Apache-2.0
"""Reusable host memory for large results."""

import weakref
from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor

# Above this many bytes the C library asks the system for new memory each
# time, whose pages take longer to get than to fill.
LARGE = 2**25


class Recycler:
    """Keeps one block and gives it out again when no one sees it any more.

    Every tensor and array that shares a result's memory keeps alive the
    array that the result was made of; the block is free when that is gone.
    """

    def __init__(self) -> None:
        self._kept: list[tuple] = []

    def empty(self, shape: Sequence[int]) -> Tensor:
        """Room for a result of this shape: float32, on the host, not
        cleared."""
        number = prod(shape)
        try:  # Whoever takes the block out has it alone, in threads too.
            block, user = self._kept.pop()
        except IndexError:
            block, user = np.empty(0, np.float32), None
        if block.size < number or (user is not None and user() is not None):
            block = np.empty(number, np.float32)
        array = block[:number]
        self._kept[:] = [(block, weakref.ref(array))]
        return torch.from_numpy(array).view(*shape)


_recycler = Recycler()


def empty(shape: Sequence[int], device: torch.device) -> Tensor:
    """Room for a result.

    Args:
        shape (Sequence[int]): Of the result.
        device (torch.device): Where it is to be.

    Returns:
        Tensor: float32, not cleared.
    """
    if device.type == 'cpu' and 4 * prod(shape) > LARGE:
        return _recycler.empty(shape)
    return torch.empty(shape, dtype=torch.float32, device=device)
