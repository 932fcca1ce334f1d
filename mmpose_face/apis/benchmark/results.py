# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found, as records and as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from ...files import write_whole

OURS, THEIRS = 'ours', 'mmpose'

FORMAT = 'mmpose_face benchmark'


@dataclass(frozen=True)
class Goal:
    """A ratio of two ways that is aimed at.

    Args:
        above (str): The way that stands above the line.
        below (str): The way that stands below it.
        at_least (float, optional): Least value of the ratio.
        at_most (float, optional): Largest value of the ratio; one of the two
            is given.
    """

    above: str
    below: str
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(
                f'expected at_least or at_most, got {self.at_least} and {self.at_most}'
            )

    def met(self, ratio: float) -> bool:
        """Whether a ratio is as good as it should be."""
        if self.at_most is not None:
            return ratio <= self.at_most
        return ratio >= self.at_least

    def __str__(self) -> str:
        sign, value = ('≥', self.at_least) if self.at_most is None else ('≤', self.at_most)
        return f'{self.above} / {self.below} {sign} {value:g}'


@dataclass(frozen=True)
class Measurement:
    """Values of several ways to the same result.

    Args:
        part (str): What was measured, such as ``'decode'``.
        case (str): With which settings, in words.
        values (dict[str, list[float]]): One value for each round of each
            way.
        unit (str): Of the values: ``'s'``, ``'MiB'``, ``'faces'``.
        faces (int): Number of faces that a value is for; 0 where it is for no
            number of faces.
        settings (dict): The settings as numbers and names.
        difference (str): How far the results of ours and MMPose's were
            apart, in words; empty where it was not looked at.
        goals (tuple[Goal]): What is aimed at.
    """

    part: str
    case: str
    values: dict[str, list[float]]
    unit: str = 's'
    faces: int = 0
    settings: dict[str, int | float | str] = field(default_factory=dict)
    difference: str = ''
    goals: tuple[Goal, ...] = ()

    def median(self, way: str) -> float:
        """The median over the rounds."""
        return median(self.values[way])

    def ratio(self, above: str, below: str) -> float:
        """Of two medians."""
        return self.median(above) / self.median(below)

    @property
    def gain(self) -> float | None:
        """How many times MMPose's value ours is smaller by; None where one
        of them was not measured."""
        if OURS in self.values and THEIRS in self.values:
            return self.ratio(THEIRS, OURS)
        return None


@dataclass(frozen=True)
class Report:
    """All that one command measured.

    Args:
        environment (dict): Machine, versions, threads and command.
        measurements (list[Measurement]): In the order of the command.
    """

    environment: dict[str, str | int | None]
    measurements: list[Measurement]

    def of(self, part: str) -> list[Measurement]:
        """The measurements of a part."""
        return [m for m in self.measurements if m.part == part]


def save(report: Report, path: str | os.PathLike[str]) -> None:
    """Write a report as JSON, with every value, medians and ratios.

    Args:
        report (Report): What was measured.
        path (str | PathLike): The file.
    """
    content = dict(
        format=FORMAT,
        environment=report.environment,
        measurements=[_as_dict(m) for m in report.measurements],
    )
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False))


def _as_dict(m: Measurement) -> dict:
    goals = [
        dict(
            asdict(goal),
            ratio=m.ratio(goal.above, goal.below),
            met=goal.met(m.ratio(goal.above, goal.below)),
        )
        for goal in m.goals
    ]
    return dict(
        asdict(m), goals=goals, medians={way: m.median(way) for way in m.values}, gain=m.gain
    )


def load(path: str | os.PathLike[str]) -> Report:
    """Read a report.

    Args:
        path (str | PathLike): What :func:`save` wrote.

    Returns:
        Report: The same report.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if content['format'] != FORMAT:
            raise KeyError('format')
        return Report(content['environment'], [_from_dict(m) for m in content['measurements']])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is not a report of tools/benchmark.py: {error!r}') from error


def _from_dict(content: dict) -> Measurement:
    goals = tuple(
        Goal(**{key: goal[key] for key in Goal.__dataclass_fields__}) for goal in content['goals']
    )
    kept = {key: content[key] for key in Measurement.__dataclass_fields__}
    return Measurement(**dict(kept, goals=goals))
