# SPDX-License-Identifier: Apache-2.0
"""All columns of a benchmark's table from one list of face errors."""
import math
from io import StringIO
from typing import Dict, Sequence

import numpy as np
from numpy.typing import ArrayLike
from rich import box
from rich.console import Console
from rich.table import Table

from .functional import auc, failure_rate, nme

_WIDTH = 1000  # wide enough for rich never to break a line

# Column -> row -> figure in per cent; the row 'n' is a number of faces.
Results = Dict[str, Dict[str, float]]


def evaluate_subsets(errors: ArrayLike, subsets: Sequence[Sequence[str]],
                     columns: Sequence[str], threshold: float) -> Results:
    """NME, failure rate and AUC of each subset, in per cent as published.

    Args:
        errors (ArrayLike): Ratios ``(N, )`` of the faces; NaN is not scored.
        subsets (Sequence[Sequence[str]]): For each of the N faces the names
            of its subsets.
        columns (Sequence[str]): Subsets in the order of the table.
        threshold (float): Threshold of failure rate and AUC, a ratio.

    Returns:
        dict[str, dict[str, float]]: For each column ``NME``, ``FR@t`` and
        ``AUC@t`` in per cent, with t in per cent, and ``n``, the number of
        faces scored. A column without faces has n = 0 and NaN figures.

    Examples:
        >>> evaluate_subsets([0.05, 0.15], [['test']] * 2, ['test'], 0.10)
        {'test': {'NME': 10.0, 'FR@10': 50.0, 'AUC@10': 25.0, 'n': 2}}
    """
    errors = np.asarray(errors, np.float64)
    member = {
        name: np.array([name in s for s in subsets], bool)
        for name in columns
    }
    return {name: _figures(errors[m], threshold) for name, m in member.items()}


def _figures(errors: np.ndarray, threshold: float) -> Dict[str, float]:
    at = f'@{100 * threshold:g}'
    return {
        'NME': 100 * nme(errors),
        f'FR{at}': 100 * failure_rate(errors, threshold),
        f'AUC{at}': 100 * auc(errors, threshold),
        'n': int(np.count_nonzero(~np.isnan(errors)))
    }


def format_table(results: Results) -> str:
    """The results as a plain text table, which is Markdown too.

    Args:
        results (dict): What :func:`evaluate_subsets` returns.

    Returns:
        str: A line for each figure and one for n, a column for each subset;
        ``n/a`` where a subset has no faces.
    """
    table = Table(box=box.MARKDOWN)
    table.add_column('')
    for name in results:
        table.add_column(name, justify='right')
    for row in next(iter(results.values())):
        table.add_row(row,
                      *(_cell(figures[row]) for figures in results.values()))
    text = StringIO()
    Console(file=text, width=_WIDTH, markup=False, emoji=False).print(table)
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return '\n'.join(line for line in lines if line)


def _cell(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return 'n/a' if math.isnan(value) else f'{value:.2f}'
