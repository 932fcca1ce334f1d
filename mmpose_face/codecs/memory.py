# SPDX-License-Identifier: Apache-2.0
"""Reusable host memory for large results."""

import weakref
from collections.abc import Sequence
from contextlib import suppress
from math import prod

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array

# Above this many bytes the C library asks the system for new memory each
# time, whose pages take longer to get than to fill.
LARGE = 2**25

# The last block that was given out, and its user: everything that shares a
# result's memory keeps this array alive.
_kept: list[tuple[Array, weakref.ref[Array]]] = []


def empty(shape: Sequence[int], device: torch.device) -> Tensor:
    """Memory for a result of this shape: float32, not cleared.

    A large result on the host gets the block of the one before, if nothing
    uses it any more.
    """
    number = prod(shape)
    if device.type != 'cpu' or 4 * number <= LARGE:
        return torch.empty(shape, dtype=torch.float32, device=device)
    block = np.empty(0, np.float32)
    with suppress(IndexError):
        kept, user = _kept.pop()  # by one thread only
        if user() is None:
            block = kept
    if block.size < number:
        block = np.empty(number, np.float32)
    array = block[:number]
    _kept[:] = [(block, weakref.ref(array))]
    return torch.from_numpy(array).view(*shape)
