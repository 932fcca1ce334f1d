# SPDX-License-Identifier: Apache-2.0
"""A report as a table."""

from __future__ import annotations

from collections.abc import Sequence

from ...evaluation.table import markdown_table
from .results import OURS, THEIRS, Goal, Measurement, Report

_HEADER = ('part', 'case', 'ours', 'MMPose', 'gain', 'faces/s', 'others', 'apart', 'goals')


def format_report(report: Report) -> str:
    """All measurements in a plain text table, which is Markdown too.

    Args:
        report (Report): What was measured.

    Returns:
        str: Where it was measured; a line for each measurement with the
        medians of ours and MMPose's, how many times less ours is, faces in a
        second of both, the other ways, how far results are apart, and each
        goal with the ratio and whether it is met.
    """
    table = markdown_table(_HEADER, [_row(m) for m in report.measurements])
    return f'{format_environment(report)}\n\n{table}\n'


def format_environment(report: Report) -> str:
    """Where it was measured, a line for each thing to know."""
    return '\n'.join(
        f'{name.replace("_", " ")}: {value}'
        for name, value in report.environment.items()
        if value is not None
    )


def _row(m: Measurement) -> Sequence[str]:
    others = [
        f'{way}: {amount(m.median(way), m.unit)}' for way in m.values if way not in (OURS, THEIRS)
    ]
    return (
        m.part,
        m.case,
        _cell(m, OURS),
        _cell(m, THEIRS),
        times(m.gain),
        _rates(m),
        ', '.join(others),
        m.difference,
        '; '.join(goal_text(m, goal) for goal in m.goals),
    )


def _cell(m: Measurement, way: str) -> str:
    return amount(m.median(way), m.unit) if way in m.values else ''


def _rates(m: Measurement) -> str:
    if m.unit != 's' or not m.faces:
        return ''
    return ' and '.join(
        _three(m.faces / m.median(way)) for way in (OURS, THEIRS) if way in m.values
    )


def times(ratio: float | None) -> str:
    """A ratio as it is printed; nothing for None."""
    return '' if ratio is None else f'{ratio:.2f} x'


def goal_text(m: Measurement, goal: Goal) -> str:
    """A goal, the ratio, and whether it is met."""
    ratio = m.ratio(goal.above, goal.below)
    return f'{goal}: {ratio:.2f}, {"met" if goal.met(ratio) else "not met"}'


def amount(value: float, unit: str) -> str:
    """A value with its unit; seconds below 1 in milliseconds.

    Args:
        value (float): The value.
        unit (str): ``'s'`` or any other.

    Returns:
        str: Three significant digits, or all that stand before the point.
    """
    if unit == 's' and value < 1:
        return f'{_three(1e3 * value)} ms'
    return f'{_three(value)} {unit}'


def _three(value: float) -> str:
    for limit, digits in ((10, 2), (100, 1)):
        if value < limit:
            return f'{value:.{digits}f}'
    return f'{value:.0f}'


def unmet(report: Report) -> list[str]:
    """The goals that are not met, in words."""
    return [
        f'{m.part}, {m.case}: {goal_text(m, goal)}'
        for m in report.measurements
        for goal in m.goals
        if not goal.met(m.ratio(goal.above, goal.below))
    ]
