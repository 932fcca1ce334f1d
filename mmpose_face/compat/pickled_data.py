# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the objects in MMEngine's pickled checkpoints.

A pickle that may call NumPy's own reconstructors can make arrays over foreign
memory, for instance by changing a dtype after its use. So the names in a file
are read as classes of this module, which keep plain values. When the file has
been read, arrays and buffers are made from these values, with their sizes
checked.
"""

from __future__ import annotations

import pickle
import re
from typing import Any, Callable, Literal

import numpy as np
from mmengine.logging import HistoryBuffer

_DTYPE_CODE = re.compile(r'[biufcSU][0-9]{1,8}|\?')


class _Dtype:
    """A pickled ``numpy.dtype``: numbers, truth values and text."""

    def __init__(self, code: str, align: bool = False, copy: bool = True):
        if not (isinstance(code, str) and _DTYPE_CODE.fullmatch(code)):
            raise _refused(f'numpy.dtype({code!r})')
        self.code = code
        self.order = '='

    def __setstate__(self, state: tuple) -> None:
        _, order, *inner = state
        if order not in ('<', '>', '|', '=') or any(inner[:3]):
            raise _refused('numpy.dtype(...)')
        self.order = order

    def read(self, data: bytes) -> np.ndarray:
        """A copy of the data as a vector."""
        order = '' if self.order == '|' else self.order
        return np.frombuffer(data, np.dtype(order + self.code)).copy()


class _Array:
    """A pickled ``numpy.ndarray``."""

    state: Any = None

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def read(self) -> np.ndarray:
        _, shape, dtype, is_fortran, data = self.state
        if not (isinstance(dtype, _Dtype) and isinstance(data, bytes)):
            raise _refused('numpy.ndarray(...)')
        order: Literal['F', 'C'] = 'F' if is_fortran else 'C'
        return dtype.read(data).reshape(shape, order=order)


class _History:
    """A pickled ``HistoryBuffer``; its table of statistics is that of the
    class, not that of the file."""

    state: Any = None

    def __setstate__(self, state: dict) -> None:
        self.state = state

    def read(self, read: Callable) -> HistoryBuffer:
        values, counts = (
            np.asarray(read(self.state[key])) for key in ('_log_history', '_count_history')
        )
        return HistoryBuffer(values, counts, int(self.state['max_length']))


def _reconstruct(subtype: type, shape: tuple, typecode: bytes) -> _Array:
    """Stand-in for ``numpy.core.multiarray._reconstruct``."""
    return _Array()


def _scalar(dtype: _Dtype, data: bytes) -> Any:
    """Stand-in for ``numpy.core.multiarray.scalar``."""
    if not (isinstance(dtype, _Dtype) and isinstance(data, bytes)):
        raise _refused('numpy.core.multiarray.scalar(...)')
    (value,) = dtype.read(data)
    return value


def _statistic(owner: Any, name: str) -> str:
    """Stand-in for ``getattr``, with which a pickled HistoryBuffer names its
    four statistics; it allows no other use."""
    if owner is _History and name in ('min', 'max', 'current', 'mean'):
        return name
    raise _refused(f'builtins.getattr(...,{name!r})')


def _no_bytes(*args) -> bytes:
    """Stand-in for ``bytes()``, which is an empty string in pickles."""
    if args:
        raise _refused('builtins.bytes(...)')
    return b''


def _refused(what: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(f'GLOBAL {what} is not allowed')


# From the name in the file to its stand-in; NumPy's module paths are those of
# NumPy 1 and 2.
GLOBALS: dict[str, Any] = {
    'numpy.ndarray': _Array,
    'numpy.dtype': _Dtype,
    'numpy.core.multiarray._reconstruct': _reconstruct,
    'numpy._core.multiarray._reconstruct': _reconstruct,
    'numpy.core.multiarray.scalar': _scalar,
    'numpy._core.multiarray.scalar': _scalar,
    f'{HistoryBuffer.__module__}.{HistoryBuffer.__name__}': _History,
    'builtins.getattr': _statistic,
    'builtins.bytes': _no_bytes,
}


def to_objects(loaded: Any) -> Any:
    """Replace the stand-ins in loaded data by the real objects.

    Args:
        loaded (Any): Nested containers; dicts and lists are changed in place.

    Returns:
        Any: The data with arrays and buffers.
    """
    # By id; the value is kept too, so that its id is not used again.
    done: dict[int, tuple[Any, Any]] = {}

    def read(value: Any) -> Any:
        if id(value) not in done:
            if isinstance(value, (dict, list)):
                done[id(value)] = value, value
                _read_items(value, read)
            else:
                done[id(value)] = value, _read_one(value, read)
        return done[id(value)][1]

    return read(loaded)


def _read_items(container: dict | list, read: Callable) -> None:
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, item in list(items):
        container[key] = read(item)


def _read_one(value: Any, read: Callable) -> Any:
    if type(value) is tuple:
        return tuple(read(item) for item in value)
    if isinstance(value, _Array):
        return value.read()
    if isinstance(value, _History):
        return value.read(read)
    return value
