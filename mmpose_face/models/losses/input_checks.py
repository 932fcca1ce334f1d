# SPDX-License-Identifier: Apache-2.0
"""Checks of the inputs and options of heatmap losses.

Shapes, types and devices are looked at before anything is computed. Values
on a GPU are looked at when they have reached the host by themselves: waiting
for them in every iteration would stop the GPU.
"""

from __future__ import annotations

from collections import deque
from typing import Callable

import torch
from torch import Tensor

# How far above 1 the sum of a heatmap may be: half precision rounds.
_TOLERANCE = 0.05

# Torch 2.1 cannot tell.
_is_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)


def check_positive(name: str, value: float) -> None:
    """Raise a ValueError that names an option which is not above 0."""
    if not value > 0:
        raise ValueError(f'{name} is {value}, expected a number above 0')


def check_form(heatmaps: Tensor, targets: Tensor, weights: Tensor | None) -> None:
    """Whether heatmaps (N, K, H, W), targets (N, K, 2) and weights (N, K) fit
    together.

    Raises:
        ValueError: If their shapes, types or devices do not.
    """
    shape = tuple(heatmaps.shape)
    if len(shape) != 4 or targets.shape != (*shape[:2], 2):
        raise ValueError(
            'expected heatmaps (N, K, H, W) and targets '
            f'(N, K, 2), got {shape} and {tuple(targets.shape)}'
        )
    if not heatmaps.numel():
        raise ValueError(f'expected heatmaps, got none: the shape is {shape}')
    if weights is not None and weights.shape != shape[:2]:
        raise ValueError(
            f'expected weights {shape[:2]}, one for each heatmap, got {tuple(weights.shape)}'
        )
    if not heatmaps.is_floating_point():
        raise ValueError(f'expected heatmaps of a floating point type, got {heatmaps.dtype}')
    given = dict(targets=targets)
    if weights is not None:
        given['weights'] = weights
    _check_real_and_near(heatmaps.device, given)


def _check_real_and_near(device: torch.device, given: dict[str, Tensor]) -> None:
    for name, tensor in given.items():
        if tensor.is_complex():
            raise ValueError(f'expected real {name}, got {tensor.dtype}')
        if tensor.device != device:
            raise ValueError(
                f'the heatmaps are on {device}, the {name} on '
                f'{tensor.device}; expected the same device'
            )


def values_of(heatmaps: Tensor, mass: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """What :func:`fault_in` looks at, in one pass over the heatmaps.

    Args:
        heatmaps (Tensor): (N, K, H, W).
        mass (Tensor): (N, K), their sums.
        targets (Tensor): (N, K, 2).
        weights (Tensor, optional): (N, K).

    Returns:
        Tensor: (N, K, 5), without gradient: the sum of the heatmap, its
        smallest cell, x, y and the weight.
    """
    if weights is None:
        weights = torch.ones_like(mass)
    with torch.no_grad():
        lowest = heatmaps.flatten(2).amin(-1)
        columns = mass, lowest, *targets.unbind(-1), weights
        return torch.stack([column.to(mass.dtype) for column in columns], -1)


def fault_in(values: Tensor) -> str | None:
    """What is wrong with the input of a loss.

    Args:
        values (Tensor): (N, K, 5) on the host, see :func:`values_of`.

    Returns:
        str, optional: The first fault, with the sample and landmark where it
        is; None if there is none.
    """
    mass, lowest, x, y, weight = values.unbind(-1)
    faults = (
        (
            ~(mass + lowest).isfinite(),
            'the heatmap has NaN or infinite cells: its sum is {}, its smallest cell {}',
            values[..., :2],
        ),
        (lowest < 0, 'expected no cell of a heatmap below 0, got {:.4g}', values[..., 1:2]),
        (
            mass > 1 + _TOLERANCE,
            'expected a heatmap that sums to 1, as a softmax gives it, got a sum of {:.4g}',
            values[..., :1],
        ),
        (
            ~(weight.isfinite() & (weight >= 0)),
            'expected a weight of 0 or more, got {}',
            values[..., 4:],
        ),
        (
            (weight > 0) & ~(x + y).isfinite(),
            'expected a target, or weight 0 where there is none, got ({}, {})',
            values[..., 2:4],
        ),
    )
    for where, text, found in faults:
        places = where.nonzero().tolist()
        if places:
            sample, landmark = places[0]
            more = f' and {len(places) - 1} more' if len(places) > 1 else ''
            return f'sample {sample}, landmark {landmark}{more}: ' + text.format(
                *found[sample, landmark].tolist()
            )
    return None


def _is_recording(values: Tensor) -> bool:
    return values.is_cuda and torch.cuda.is_current_stream_capturing()


class LateCheck:
    """Looks at values without waiting for a GPU.

    Values on the host are looked at at once. Those on a CUDA device are
    copied behind the work that is queued there; a later call looks at them
    when the copy is done, usually one or two iterations later.
    :meth:`finish` waits for what is under way.

    Nothing is looked at within ``torch.compile`` or while a CUDA graph is
    recorded.

    Args:
        fault_in (Callable): From values to a message, or None.
    """

    def __init__(self, fault_in: Callable[[Tensor], str | None]) -> None:
        self.fault_in = fault_in
        self.calls = 0
        self.pending: deque = deque()

    def __getstate__(self) -> dict:
        """A copy of a model has nothing under way."""
        return dict(self.__dict__, pending=deque())

    def __call__(self, values: Tensor) -> None:
        """Look at values now, or as soon as they are here.

        Raises:
            ValueError: If there is a fault in these or in earlier ones.
        """
        if _is_compiling() or _is_recording(values):
            return
        self.calls += 1
        self.finish(wait=False)
        if not values.is_cuda:
            self._look(values, self.calls)
        else:
            stream = torch.cuda.current_stream(values.device)
            copy = values.to('cpu', non_blocking=True)
            self.pending.append((stream.record_event(), copy, self.calls))

    def finish(self, wait: bool = True) -> None:
        """Look at what has arrived, or at all with ``wait``.

        Raises:
            ValueError: If there is a fault.
        """
        while self.pending and (wait or self.pending[0][0].query()):
            event, values, call = self.pending.popleft()
            event.synchronize()
            self._look(values, call)

    def _look(self, values: Tensor, call: int) -> None:
        fault = self.fault_in(values)
        if fault:
            late = self.calls - call
            raise ValueError(fault + (f'; {late} calls ago' if late else ''))
