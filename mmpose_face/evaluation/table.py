# SPDX-License-Identifier: Apache-2.0
"""All columns of a benchmark's table from the scores of one run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from .functional import auc, bootstrap_ci, failure_rate, nme
from .scores import Protocol, Scores, strict

_WIDTH = 1000  # wide enough for rich never to break a line

Unit = Literal['percent', 'ratio']
SCALE: dict[Unit, float] = dict(percent=100.0, ratio=1.0)
# Behind the point, as the benchmarks' tables print.
DIGITS: dict[Unit, int] = dict(percent=2, ratio=4)


@dataclass(frozen=True)
class Table:
    """The figures of a test.

    Args:
        figures (dict[str, dict[str, float]]): For each column ``NME``,
            ``FR@t``, ``AUC@t``, ``NME_visible`` and ``NME_occluded`` where
            the data says which points are occluded, all in ``unit``, and
            ``n``, the number of faces scored. Those of a column without
            faces are NaN.
        intervals (dict[str, dict[str, tuple[float, float]]]): For each column
            the 95 % intervals of ``NME``, ``FR@t`` and ``AUC@t``; empty where
            none were asked for.
        threshold (float): Of FR and AUC, a ratio.
        protocol (str): ``'mmpose'`` or ``'paper'``.
        unit (str): ``'percent'`` or ``'ratio'``.
    """

    figures: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, tuple[float, float]]]
    threshold: float
    protocol: Protocol
    unit: Unit

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, the main one first."""
        return tuple(self.figures)


def make_table(
    scores: Scores,
    columns: Sequence[str],
    threshold: float,
    protocol: Protocol = 'paper',
    unit: Unit = 'percent',
    bootstrap: int = 0,
) -> Table:
    """NME, failure rate and AUC of each subset.

    Args:
        scores (Scores): The errors of all faces.
        columns (Sequence[str]): Subsets in the order of the table.
        threshold (float): Threshold of failure rate and AUC, a ratio.
        protocol (str): ``'paper'``: NME is the mean over faces of the mean
            over points; ``'mmpose'``: the mean over all scored points. They
            are one where every point is labelled.
        unit (str): ``'percent'``, as most tables have it, or ``'ratio'``.
        bootstrap (int): Samples for the 95 % intervals; 0 for none.

    Returns:
        Table: The figures.
    """
    at = f'@{100 * threshold:g}'
    figures, intervals = {}, {}
    for column in columns:
        part = scores.select(scores.members(column))
        figures[column] = _figures(part, threshold, at, protocol, SCALE[unit])
        if bootstrap:
            intervals[column] = _intervals(part, threshold, at, protocol, SCALE[unit], bootstrap)
    return Table(figures, intervals, threshold, protocol, unit)


def _mean_error(errors: np.ndarray, points: np.ndarray, protocol: Protocol) -> float:
    return nme(errors if protocol == 'paper' else points)


def _figures(
    part: Scores, threshold: float, at: str, protocol: Protocol, scale: float
) -> dict[str, float]:
    figures = {
        'NME': scale * _mean_error(part.errors, part.point_errors, protocol),
        f'FR{at}': scale * failure_rate(part.errors, threshold),
        f'AUC{at}': scale * auc(part.errors, threshold),
    }
    if part.occluded is not None:
        for name, which in (('visible', ~part.occluded), ('occluded', part.occluded)):
            # Over all such points: many faces have a few, or none.
            figures[f'NME_{name}'] = scale * nme(part.only_points(which))
    figures['n'] = int(np.count_nonzero(~np.isnan(part.errors)))
    return figures


def _intervals(
    part: Scores, threshold: float, at: str, protocol: Protocol, scale: float, samples: int
) -> dict[str, tuple[float, float]]:
    scored = ~np.isnan(part.errors)
    errors = part.errors[scored]
    values = np.stack([errors, errors > threshold, np.maximum(0, 1 - errors / threshold)], axis=1)
    ends = np.array(bootstrap_ci(values, samples=samples))
    if protocol == 'mmpose':
        points = np.count_nonzero(~np.isnan(part.point_errors[scored]), 1)
        ends[:, 0] = bootstrap_ci(errors, points, samples=samples)
    return {
        name: (scale * float(low), scale * float(high))
        for name, low, high in zip(('NME', f'FR{at}', f'AUC{at}'), *ends)
    }


def format_table(table: Table) -> str:
    """The figures as a plain text table, which is Markdown too.

    Args:
        table (Table): The figures.

    Returns:
        str: A line for each figure, one for the interval of NME where it is
        known, and one for n; a column for each subset; ``n/a`` where a subset
        has no faces.
    """
    return markdown_table(
        ('', *table.columns), [(name, *cells) for name, cells in table_rows(table)]
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as a plain text table, which is Markdown too.

    Args:
        header (Sequence[str]): Names of the columns.
        rows (Sequence[Sequence[str]]): Cells of each row.

    Returns:
        str: The table; all columns but the first to the right.
    """
    table = RichTable(box=box.MARKDOWN)
    for i, name in enumerate(header):
        table.add_column(name, justify='right' if i else 'left')
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    Console(file=text, width=_WIDTH, markup=False, emoji=False).print(table)
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return '\n'.join(line for line in lines if line)


def table_rows(table: Table) -> Sequence[tuple[str, Sequence[str]]]:
    """The lines of a printed table.

    Args:
        table (Table): The figures.

    Returns:
        list[tuple[str, list[str]]]: Name and cells of each line.
    """
    digits = DIGITS[table.unit]
    rows = []
    for name in next(iter(table.figures.values())):
        cells = [_cell(f[name], digits) for f in table.figures.values()]
        rows.append((name.replace('_', ' '), cells))
        if name == 'NME' and table.intervals:
            rows.append(
                (
                    '95 % of NME',
                    [_range(table.intervals[column][name], digits) for column in table.columns],
                )
            )
    return rows


def _cell(value: float, digits: int) -> str:
    return str(value) if isinstance(value, int) else figure(value, digits)


def figure(value: float, digits: int) -> str:
    """The value with that many digits; ``n/a`` for NaN."""
    return 'n/a' if math.isnan(value) else f'{value:.{digits}f}'


def _range(ends: tuple[float, float], digits: int) -> str:
    low, high = (_cell(end, digits) for end in ends)
    return low if low == high == 'n/a' else f'{low}–{high}'


def summary(scores: Scores, table: Table) -> dict:
    """What ``metrics.json`` holds of a system.

    Args:
        scores (Scores): The errors of all faces.
        table (Table): The figures.

    Returns:
        dict: :func:`table_as_dict` with ``normalizer``, and the files of the
        faces that ``failed`` and that are ``left_out``.
    """
    files = np.array(scores.files, object)
    return dict(
        table_as_dict(table),
        normalizer=scores.normalizer,
        failed=files[scores.failed].tolist(),
        left_out=files[scores.left_out].tolist(),
    )


def table_as_dict(table: Table) -> dict:
    """The figures as strict JSON can hold them.

    Args:
        table (Table): The figures.

    Returns:
        dict: ``threshold`` (a ratio), ``unit``, ``protocol``, ``subsets``
        and ``intervals``; ``null`` is not scored, ``"Infinity"`` failed.
    """
    return dict(
        threshold=table.threshold,
        unit=table.unit,
        protocol=table.protocol,
        subsets={
            column: {name: strict(value) for name, value in figures.items()}
            for column, figures in table.figures.items()
        },
        intervals={
            column: {name: [strict(end) for end in ends] for name, ends in intervals.items()}
            for column, intervals in table.intervals.items()
        },
    )
