# SPDX-License-Identifier: Apache-2.0
"""Errors for code that makes the host wait for a device, also without a device."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Callable

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

# Operators that need values on the host.
READING = {
    aten._local_scalar_dense,
    aten.nonzero,
    aten.masked_select,
    aten.equal,
    aten.unique_dim,
    aten._unique2,
    aten.is_nonzero,
}
# Functions that copy to the host, or numbers from it, and wait for the copy.
COPYING = {
    Tensor.cpu,
    Tensor.numpy,
    Tensor.item,
    Tensor.tolist,
    Tensor.__array__,
    Tensor.new_tensor,
}
# Without a device these make tensors on the host.
MAKING = {torch.tensor, torch.as_tensor}


class HostWaits(AssertionError):
    """The host waits for the device."""


@contextmanager
def no_waits(is_host: Callable[[Tensor], bool]) -> Iterator[None]:
    """Let code that waits for the device raise :class:`HostWaits`, or torch's
    error on a GPU.

    Args:
        is_host (Callable): Whether a tensor is on the host in every training.
    """
    if torch.cuda.is_available():
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode('error')
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
        return
    with ExitStack() as stack:
        stack.enter_context(_Functions(is_host))
        stack.enter_context(_Operators(is_host))
        yield


class _Operators(TorchDispatchMode):
    def __init__(self, is_host):
        super().__init__()
        self.is_host = is_host

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket
        if name in READING and not self.is_host(args[0]):
            raise HostWaits(str(name))
        if name in (aten.index, aten.index_put, aten.index_put_) and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        ):
            raise HostWaits(f'{name} with a mask')
        return func(*args, **(kwargs or {}))


class _Functions(TorchFunctionMode):
    def __init__(self, is_host):
        super().__init__()
        self.is_host = is_host

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        first = args[0] if args and isinstance(args[0], Tensor) else None
        if func in COPYING and not (first is not None and self.is_host(first)):
            raise HostWaits(str(func))
        if func in MAKING and kwargs.get('device') is not None:
            raise HostWaits(str(func))
        if func is Tensor.to and _waits(*args[1:], **kwargs):
            raise HostWaits('Tensor.to without non_blocking')
        if func in (Tensor.__getitem__, Tensor.__setitem__) and _has_list(args[1]):
            raise HostWaits('an index that must be copied to the device')
        return func(*args, **kwargs)


def _waits(*args, non_blocking=False, **kwargs) -> bool:
    places = [*args, kwargs.get('device')]
    return not non_blocking and any(isinstance(place, (str, torch.device)) for place in places)


def _has_list(index) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, list) for part in parts)
