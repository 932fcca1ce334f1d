# SPDX-License-Identifier: Apache-2.0
"""Seconds of two ways to the same result, in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Any, Callable, Literal

import torch
from torch.utils.benchmark import Timer

OURS, MMPOSE = 'ours', 'mmpose'

# What is timed; the number of the round chooses its input.
Way = Callable[[int], Any]

# Seconds on the wall, or those that processors spent on this process, which
# others on the machine change less.
Clock = Literal['wall', 'cpu']

# Least seconds of a timing; a way that takes longer is called once.
_LEAST = 0.1


@dataclass(frozen=True)
class Pair:
    """Two ways to the same result.

    Args:
        case (str): With which settings, in words.
        faces (int): Number of faces of a call.
        ways (dict[str, Callable]): ``'ours'`` and ``'mmpose'``.
        apart (float): How far the results of the two are apart.
        unit (str): Of ``apart`` and ``limit``.
        limit (float): Largest ``apart`` of results that agree.
    """

    case: str
    faces: int
    ways: dict[str, Way]
    apart: float
    unit: str
    limit: float

    @property
    def agree(self) -> bool:
        """Whether both sides gave the same; not where one gave NaN."""
        return self.apart <= self.limit


@dataclass(frozen=True)
class Result:
    """What was found of a pair.

    Args:
        part (str): Name of the part.
        pair (Pair): What was timed.
        seconds (dict[str, list[float]]): Of a call, for each round of
            ``'ours'`` and ``'mmpose'``.
    """

    part: str
    pair: Pair
    seconds: dict[str, list[float]]

    @property
    def ratios(self) -> list[float]:
        """MMPose's time over ours in each round."""
        return [b / a for a, b in zip(self.seconds[OURS], self.seconds[MMPOSE])]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)


def time_pair(part: str, pair: Pair, rounds: int, clock: Clock = 'wall') -> Result:
    """Time both ways in each round, so that what slows the machine for a
    while slows both; the one that begins changes from round to round.

    Args:
        part (str): Name of the part.
        pair (Pair): The two ways.
        rounds (int): Number of rounds.
        clock (str): ``'wall'`` or ``'cpu'``; the latter does not see a GPU.

    Returns:
        Result: The times.
    """
    seconds: dict[str, list[float]] = {OURS: [], MMPOSE: []}
    for i in range(rounds):
        for side in (OURS, MMPOSE) if i % 2 else (MMPOSE, OURS):
            seconds[side].append(_seconds(pair.ways[side], i, clock))
    return Result(part, pair, seconds)


def _seconds(way: Way, i: int, clock: Clock) -> float:
    """Of a call, after one to warm up. torch's timer waits for a GPU."""
    timer = dict(timer=time.process_time) if clock == 'cpu' else {}
    threads = torch.get_num_threads()
    made = Timer('way(i)', globals=dict(way=way, i=i), num_threads=threads, **timer)
    return made.blocked_autorange(min_run_time=_LEAST).median
