# SPDX-License-Identifier: Apache-2.0
"""Seconds of several ways to the same result, in turn."""

import gc
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Literal

import torch

# What is timed: called with 0, 1, 2 ..., which choose the input, so that no
# way meets the same input twice in a row.
Way = Callable[[int], Any]

# Seconds of the clock on the wall, or those that processors spent on this
# process: what to compare on a machine that others use as well.
Clock = Literal['wall', 'cpu']
CLOCKS: dict[Clock, Callable[[], float]] = dict(wall=time.perf_counter, cpu=time.process_time)


def in_turn(
    ways: dict[str, Way],
    rounds: int = 7,
    device: str = 'cpu',
    clock: Clock = 'wall',
    least: float = 0.02,
    most_calls: int = 50,
) -> dict[str, list[float]]:
    """Time ways in rounds, so that what slows the machine slows all of them.

    Before the first round each way is called twice. In a round each is called
    on the same inputs, often enough to last ``least`` seconds; the next round
    begins with another one. Garbage is collected between timings, not within.

    Args:
        ways (dict[str, Way]): The ways, by name.
        rounds (int): Number of timings of each.
        device (str): Where they run; work that is queued on a GPU is waited
            for at both ends of a timing.
        clock (str): A key of :data:`CLOCKS`.
        least (float): Seconds that a timing should last.
        most_calls (int): Most calls in a timing.

    Returns:
        dict[str, list[float]]: Seconds of one call, for each round.
    """
    with _little_garbage():
        calls = {name: _calls(way, device, clock, least, most_calls) for name, way in ways.items()}
        times: dict[str, list[float]] = {name: [] for name in ways}
        names = list(ways)
        for i in range(rounds):
            shift = i % len(names)
            for name in names[shift:] + names[:shift]:
                gc.collect()
                total = seconds(ways[name], 1 + i, calls[name], device, clock)
                times[name].append(total / calls[name])
    return times


def _calls(way: Way, device: str, clock: Clock, least: float, most: int) -> int:
    """How many calls a timing takes; warms up."""
    way(0)
    once = seconds(way, 1, 1, device, clock)
    return max(1, min(most, math.ceil(least / max(once, 1e-9))))


def seconds(way: Way, first: int, calls: int, device: str, clock: Clock = 'wall') -> float:
    """Of that many calls, with the numbers from ``first`` on.

    Args:
        way (Way): What is timed.
        first (int): Number of the first call.
        calls (int): Number of calls.
        device (str): Where it runs.
        clock (str): A key of :data:`CLOCKS`.

    Returns:
        float: Seconds, until the device has nothing left to do.
    """
    synchronize(device)
    now = CLOCKS[clock]
    begin = now()
    for i in range(first, first + calls):
        way(i)
    synchronize(device)
    return now() - begin


def synchronize(device: str) -> None:
    """Wait for what is queued on a GPU; nothing on a CPU."""
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize(device)


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Nothing is collected by itself, and of what is there already nothing:
    to look through a whole process takes a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
