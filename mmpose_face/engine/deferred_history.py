# SPDX-License-Identifier: Apache-2.0
"""Logged values that are fetched from the device only when they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

# Limit of values on the device: a history that nobody reads must not grow.
_MOST_WAITING = 1000


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
    @property
    def _log_history(self) -> np.ndarray:
        self._fetch()
        return self._values

    @_log_history.setter
    def _log_history(self, values: np.ndarray) -> None:
        self._values = values

    @property
    def _count_history(self) -> np.ndarray:
        self._fetch()
        return self._counts

    @_count_history.setter
    def _count_history(self, counts: np.ndarray) -> None:
        self._counts = counts

    def _fetch(self) -> None:
        if not self._waiting:
            return
        values, counts = zip(*self._waiting)
        self._waiting = []
        kept = slice(-self.max_length, None)
        self._values = _appended(self._values, on_host(values))[kept]
        self._counts = _appended(self._counts, counts)[kept]

    def plain(self) -> HistoryBuffer:
        """MMEngine's buffer with the same history."""
        values, counts = (array.copy() for array in self.data)
        return HistoryBuffer(values, counts, self.max_length)

    def __deepcopy__(self, memo: dict) -> HistoryBuffer:
        return self.plain()

    def __reduce__(self) -> tuple[type, tuple]:
        return HistoryBuffer, (*self.data, self.max_length)


def on_host(values: Sequence[Tensor]) -> list[int | float]:
    """The numbers in tensors without dimensions; fetched in one copy if all
    have the same type and device."""
    if len({(value.dtype, value.device) for value in values}) == 1:
        return torch.stack(tuple(values)).tolist()
    return [value.item() for value in values]


def _appended(array: np.ndarray, values: Sequence[Any]) -> np.ndarray:
    """Append values; an empty array takes their type."""
    return np.append(array, values) if len(array) else np.array(values)
