# SPDX-License-Identifier: Apache-2.0
"""The table of a benchmark: the figures of every column, from the scores of
one run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from ..arrays import FloatArray
from .functional import auc, bootstrap_ci, failure_rate, nme
from .scores import Protocol, Scores, strict

_WIDTH = 1000  # wide enough for rich never to break a line

Unit = Literal['percent', 'ratio']
SCALE: dict[Unit, float] = dict(percent=100.0, ratio=1.0)
# Digits behind the point, as in the benchmarks' tables.
DIGITS: dict[Unit, int] = dict(percent=2, ratio=4)


@dataclass(frozen=True)
class Table:
    """The figures of a test.

    Args:
        figures (dict[str, dict[str, float]]): For each column ``NME``,
            ``FR@t`` and ``AUC@t``, and ``NME_visible`` and ``NME_occluded``
            if the data says which points are occluded, all in ``unit``; and
            ``n``, the number of faces scored. The figures of a column without
            faces are NaN.
        intervals (dict[str, dict[str, tuple[float, float]]]): For each column
            the 95 % intervals of ``NME``, ``FR@t`` and ``AUC@t``; empty if
            none were computed.
        threshold (float): Threshold of FR and AUC, a ratio.
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
            agree where every point is labelled.
        unit (str): ``'percent'``, as in most tables, or ``'ratio'``.
        bootstrap (int): Samples for the 95 % intervals; 0 for no intervals.

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


def _mean_error(errors: FloatArray, points: FloatArray, protocol: Protocol) -> float:
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
            # The mean over points: many faces have few such points or none.
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
    """The figures as a Markdown table, which also reads well as plain text.

    Args:
        table (Table): The figures.

    Returns:
        str: A line for each figure, one for the interval of NME if it was
        computed, and one for n; a column for each subset; ``n/a`` where a
        subset has no faces.
    """
    return markdown_table(
        ('', *table.columns), [(name, *cells) for name, cells in table_rows(table)]
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table, which also reads well as plain text.

    Args:
        header (Sequence[str]): Names of the columns.
        rows (Sequence[Sequence[str]]): Cells of each row.

    Returns:
        str: The table; all columns but the first are right-aligned.
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
    """The rows of a printed table.

    Args:
        table (Table): The figures.

    Returns:
        list[tuple[str, list[str]]]: Name and cells of each row.
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
    """The value with that many digits behind the point; ``n/a`` for NaN."""
    return 'n/a' if math.isnan(value) else f'{value:.{digits}f}'


def _range(ends: tuple[float, float], digits: int) -> str:
    low, high = (_cell(end, digits) for end in ends)
    return low if low == high == 'n/a' else f'{low}–{high}'


def summary(scores: Scores, table: Table) -> dict[str, Any]:
    """The content of ``metrics.json`` for one system.

    Args:
        scores (Scores): The errors of all faces.
        table (Table): The figures.

    Returns:
        dict: :func:`table_as_dict` with ``normalizer``, and with the files of
        the faces that ``failed`` and of those that are ``left_out``.
    """
    files = np.array(scores.files, object)
    return dict(
        table_as_dict(table),
        normalizer=scores.normalizer,
        failed=files[scores.failed].tolist(),
        left_out=files[scores.left_out].tolist(),
    )


def table_as_dict(table: Table) -> dict[str, Any]:
    """The figures for strict JSON.

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
