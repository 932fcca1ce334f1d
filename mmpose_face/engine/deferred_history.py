# SPDX-License-Identifier: Apache-2.0
"""Logged values that are fetched from the device only when they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

from ..arrays import Array

# Most values on the device: a history that nobody reads must not grow.
_MOST_WAITING = 1000


def _fetched_when_read(name: str) -> property:
    """An attribute of :class:`DeferredHistory` that contains all values."""

    def read(history: DeferredHistory) -> Array:
        history._fetch()
        return history.__dict__[name]

    def write(history: DeferredHistory, values: Array) -> None:
        history.__dict__[name] = values

    return property(read, write)


class DeferredHistory(HistoryBuffer):
    """MMEngine's ``HistoryBuffer`` that accepts values without waiting for the
    device.

    Tensors stay on the device, and are fetched together when the history is
    read, copied or saved. Copies are MMEngine's buffers with the same content.

    Args:
        before (HistoryBuffer, optional): The history so far.
    """

    def __init__(self, before: HistoryBuffer | None = None) -> None:
        self._waiting: list[tuple[Tensor, int]] = []
        if before is None:
            super().__init__()
        else:
            super().__init__(*before.data, max_length=before.max_length)

    def update(self, log_val: int | float | Tensor, count: int = 1) -> None:
        """Add a value.

        Args:
            log_val (int | float | Tensor): A number, or a tensor of one.
            count (int): Its weight in a mean.
        """
        if not isinstance(log_val, Tensor):
            return super().update(log_val, count)
        self._waiting.append((log_val.detach().reshape(()), count))
        if len(self._waiting) >= _MOST_WAITING:
            self._fetch()

    # MMEngine's methods read and set these two attributes.
    _log_history = _fetched_when_read('_log_history')
    _count_history = _fetched_when_read('_count_history')

    def _fetch(self) -> None:
        if not self._waiting:
            return
        values, counts = zip(*self._waiting)
        self._waiting = []
        kept = slice(-self.max_length, None)
        self._log_history = _appended(self._log_history, on_host(values))[kept]
        self._count_history = _appended(self._count_history, counts)[kept]

    def __reduce__(self) -> tuple[type, tuple]:
        """For copies and checkpoints: MMEngine's buffer."""
        return HistoryBuffer, (*self.data, self.max_length)


def on_host(values: Sequence[Tensor]) -> list[int | float]:
    """The numbers in tensors without dimensions; fetched in one copy if all
    have the same type and device."""
    if len({(value.dtype, value.device) for value in values}) == 1:
        return torch.stack(tuple(values)).tolist()
    return [value.item() for value in values]


def _appended(array: Array, values: Sequence[Any]) -> Array:
    """Append values; an empty array takes their type."""
    return np.append(array, values) if len(array) else np.array(values)
