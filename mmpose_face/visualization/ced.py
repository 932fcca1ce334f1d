# SPDX-License-Identifier: Apache-2.0
"""The cumulative error curve, as papers show it."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..evaluation.functional import auc, ced, failure_rate, nme
from ..evaluation.scores import Scores
from ..files import written_whole

# After matplotlib's ten colours, lines are dashed.
_DASHES = ('-', '--', ':')
_LEGEND_LINE = 0.21  # height of a line of the legend in inches
_NAME = 36  # longest name, in characters, that fits beside the figures


def subset_curves(scores: Scores, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """The errors of each subset, for :func:`plot_ced`.

    Args:
        scores (Scores): The errors of all faces.
        columns (Sequence[str]): The subsets, the main one first.

    Returns:
        dict[str, np.ndarray]: Errors of the faces of each subset that has
        scored faces; if none has, of the main subset.
    """
    found = {name: scores.errors[scores.members(name)] for name in columns}
    scored = {n: e for n, e in found.items() if not np.isnan(e).all()}
    return scored or {columns[0]: found[columns[0]]}


def plot_ced(
    errors_by_name: Mapping[str, ArrayLike], threshold: float, path: str | os.PathLike[str]
) -> None:
    """Draw the cumulative error distribution of one or more systems.

    The curve is the exact step function; the legend gives each system's NME,
    AUC and failure rate in per cent. The same errors give the same file.

    Args:
        errors_by_name (dict[str, ArrayLike]): From a system's name to the
            errors of its N faces ``(N, )``, ratios.
        threshold (float): Threshold of AUC and failure rate, a ratio; the
            right end of the plot.
        path (str | PathLike): ``.png`` or ``.svg`` to write.

    Raises:
        ValueError: If the file is neither.
    """
    path = Path(path)
    if path.suffix not in ('.png', '.svg'):
        raise ValueError(f'expected a .png or .svg file, got {path}')
    with written_whole(path) as partial:
        _save(errors_by_name, threshold, partial, path.suffix[1:])


def ced_svg(errors_by_name: Mapping[str, ArrayLike], threshold: float) -> str:
    """The drawing of :func:`plot_ced` as the text of an SVG file.

    Args:
        errors_by_name (dict[str, ArrayLike]): See :func:`plot_ced`.
        threshold (float): See :func:`plot_ced`.

    Returns:
        str: The text.
    """
    text = io.StringIO()
    _save(errors_by_name, threshold, text, 'svg')
    return text.getvalue()


def _save(
    errors_by_name: Mapping[str, ArrayLike], threshold: float, file: str | io.StringIO, kind: str
) -> None:
    # Here, so that drawing landmarks does not load matplotlib.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # A long legend makes the figure taller, not the curves smaller.
    height = 4.8 + _LEGEND_LINE * max(0, len(errors_by_name) - 2)
    figure = Figure(figsize=(6.4, height), dpi=150, layout='constrained')
    axes = figure.add_subplot()
    lines = [
        axes.plot(
            *_steps(errors, threshold),
            drawstyle='steps-post',
            color=f'C{i}',
            linestyle=_DASHES[i // 10 % len(_DASHES)],
        )[0]
        for i, errors in enumerate(errors_by_name.values())
    ]
    _format_axes(axes, threshold)
    legend = figure.legend(
        lines,
        [_label(*item, threshold) for item in errors_by_name.items()],
        loc='outside lower center',
        frameon=False,
        title=f'in per cent; AUC and FR at {100 * threshold:g} %',
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # names may contain $
    # Without the date and random ids, the same errors give the same file.
    with rc_context({'svg.hashsalt': 'mmpose_face'}):
        figure.savefig(file, format=kind, metadata={'Date': None} if kind == 'svg' else {})


def _steps(errors: ArrayLike, threshold: float):
    """Errors at which the curve steps, from 0 to the threshold, and its height
    there, both in per cent."""
    errors = np.asarray(errors, np.float64)
    xs = np.unique(np.concatenate([[0, threshold], errors]))
    xs = xs[xs <= threshold]
    return 100 * xs, 100 * ced(errors, xs)


def _label(name: str, errors: ArrayLike, threshold: float) -> str:
    figures = dict(NME=nme(errors), AUC=auc(errors, threshold), FR=failure_rate(errors, threshold))
    texts = ', '.join(f'{key} {_percent(v)}' for key, v in figures.items())
    return f'{shown(name)}: {texts}'


def shown(name: str) -> str:
    """A name as the legend shows it: shortened, without unprintable characters."""
    name = ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in name)
    name = name if len(name) <= _NAME else f'{name[: _NAME - 1]}…'
    # matplotlib leaves out labels that begin with an underscore.
    return f' {name}' if name.startswith('_') else name


def _percent(ratio: float) -> str:
    return 'n/a' if math.isnan(ratio) else f'{100 * ratio:.2f}'


def _format_axes(axes, threshold: float) -> None:
    axes.set_xlabel('normalised mean error of a face (%)')
    axes.set_ylabel('faces with that error or less (%)')
    axes.set_xlim(0, 100 * threshold)
    axes.set_ylim(0, 101)
    axes.grid(color='0.9')
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
