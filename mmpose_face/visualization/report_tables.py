# SPDX-License-Identifier: Apache-2.0
"""Sortable tables of the report."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..evaluation.functional import per_group, per_landmark, percentiles
from ..evaluation.scores import Scores
from ..evaluation.table import DIGITS, SCALE, Table, Unit

_PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Args:
        text (str): Its text.
        key (str): Number to sort it by; a cell with an empty key comes last.
        more (str): Smaller text below.
    """

    text: str
    key: str = ''
    more: str = ''


@dataclass(frozen=True)
class SortableTable:
    """A table that can be sorted by each column.

    Args:
        caption (str): Its caption.
        columns (dict[str, bool]): From head to whether the column has numbers.
        rows (list[list[Cell]]): The cells of each row.
    """

    caption: str
    columns: dict[str, bool]
    rows: list[list[Cell]]


def number(value: float, digits: int = 0, more: str = '', infinite: str = 'inf') -> Cell:
    """A cell with a number; ``n/a`` for NaN."""
    if math.isnan(value):
        return Cell('n/a')
    if math.isinf(value):
        return Cell(infinite, 'Infinity', more)
    return Cell(f'{value:.{digits}f}', repr(float(value)), more)


def figures_table(tables: dict[str, Table]) -> SortableTable:
    """All figures of all systems, a row for each subset and system.

    Args:
        tables (dict[str, Table]): From the name of each system to its
            figures; all have the same columns.

    Returns:
        SortableTable: The table; intervals are below their figures.
    """
    first = next(iter(tables.values()))
    # Only some systems may have figures of visible and occluded points.
    names = list(
        dict.fromkeys(
            name
            for table in tables.values()
            for figures in table.figures.values()
            for name in figures
            if name != 'n'
        )
    )
    rows = [
        [
            *_row_head(column, system, tables),
            number(table.figures[column]['n']),
            *(_figure(table, column, name) for name in names),
        ]
        for column in first.columns
        for system, table in tables.items()
    ]
    heads = ['n', *(name.replace('_', ' ') for name in names)]
    return SortableTable(
        'NME, failure rate and AUC with 95 % intervals', _heads(tables, heads), rows
    )


def _heads(systems: dict, numbers: Sequence[str]) -> dict[str, bool]:
    names = ['subset', 'system'] if len(systems) > 1 else ['subset']
    return {**dict.fromkeys(names, False), **dict.fromkeys(numbers, True)}


def _row_head(column: str, system: str, systems: dict) -> list[Cell]:
    cells = [Cell(column), Cell(system)]
    return cells if len(systems) > 1 else cells[:1]


def _figure(table: Table, column: str, name: str) -> Cell:
    digits = DIGITS[table.unit]
    ends = table.intervals.get(column, {}).get(name)
    more = ''
    if ends and not math.isnan(ends[0]):
        more = ' – '.join(number(end, digits).text for end in ends)
    return number(table.figures[column].get(name, math.nan), digits, more)


def percentiles_table(
    systems: dict[str, Scores], columns: Sequence[str], unit: Unit
) -> SortableTable:
    """Percentiles of the errors, a row for each subset and system."""
    rows = []
    for column in columns:
        for system, scores in systems.items():
            errors = scores.errors[scores.members(column)]
            found = SCALE[unit] * percentiles(errors, _PERCENTILES)
            rows.append(
                [*_row_head(column, system, systems), *(number(v, DIGITS[unit]) for v in found)]
            )
    heads = [*(f'{q} %' for q in _PERCENTILES[:-1]), 'largest']
    return SortableTable(
        'Errors that this share of the faces does not exceed', _heads(systems, heads), rows
    )


def groups_table(systems: dict[str, Scores], unit: Unit) -> SortableTable:
    """NME of each part of the face, a column for each system."""
    by_system = [per_group(scores.point_errors, scores.scheme) for scores in systems.values()]
    scheme = _scheme(systems)
    rows = [
        [
            Cell(group),
            number(len(indices)),
            *(number(SCALE[unit] * values[group], DIGITS[unit]) for values in by_system),
        ]
        for group, indices in scheme.groups.items()
    ]
    return SortableTable(
        'NME of each part of the face', dict(part=False, points=True, **_nme_heads(systems)), rows
    )


def landmarks_table(systems: dict[str, Scores], unit: Unit) -> SortableTable:
    """NME of each landmark, a column for each system."""
    by_system = [SCALE[unit] * per_landmark(scores.point_errors) for scores in systems.values()]
    scheme = _scheme(systems)
    group_of = {i: g for g, ids in scheme.groups.items() for i in ids}
    rows = [
        [number(i), Cell(name), Cell(group_of[i]), *(number(v[i], DIGITS[unit]) for v in by_system)]
        for i, name in enumerate(scheme.points)
    ]
    return SortableTable(
        'NME of each landmark',
        dict(index=True, landmark=False, part=False, **_nme_heads(systems)),
        rows,
    )


def _scheme(systems: dict[str, Scores]):
    return next(iter(systems.values())).scheme


def _nme_heads(systems: dict) -> dict[str, bool]:
    """The heads of the columns with the NME of each system."""
    if len(systems) == 1:
        return {'NME': True}
    return {f'NME of {system}': True for system in systems}


def worst_table(
    systems: dict[str, Scores], worst: Sequence[int], names: dict[str, str], unit: Unit
) -> SortableTable:
    """The worst faces of the first system, with the errors of all systems.

    Args:
        systems (dict[str, Scores]): The systems.
        worst (Sequence[int]): Indices of the faces, the worst first.
        names (dict[str, str]): From file to displayed name.
        unit (str): ``'percent'`` or ``'ratio'``.

    Returns:
        SortableTable: A row for each face.
    """
    main, *_ = systems.values()
    by_system = [dict(zip(s.keys, s.errors)) for s in systems.values()]
    rows = []
    for rank, i in enumerate(worst, 1):
        key = main.keys[i]
        errors = (SCALE[unit] * e.get(key, math.nan) for e in by_system)
        rows.append(
            [
                number(rank),
                Cell(names[main.files[i]]),
                number(main.ids[i]),
                Cell(', '.join(main.subsets[i])),
                *(number(e, DIGITS[unit], infinite='failed') for e in errors),
            ]
        )
    heads = dict(rank=True, file=False, id=True, subsets=False)
    return SortableTable(
        f'The {len(rows)} faces with the largest errors', {**heads, **_nme_heads(systems)}, rows
    )


def short_names(files: Sequence[str]) -> dict[str, str]:
    """Shorten file names by their common folder.

    Args:
        files (Sequence[str]): Names as in the annotations.

    Returns:
        dict[str, str]: From name to shorter name.
    """
    try:
        common = os.path.commonpath({os.path.dirname(f) for f in files})
    except ValueError:  # no file, or both absolute and relative paths
        common = ''
    return {f: os.path.relpath(f, common) if common else f for f in files}


def without_failed(scores: Scores) -> Scores:
    """The scores without failed faces, whose infinite errors would make every
    mean infinite."""
    return scores.select(~np.isinf(scores.errors))
