# SPDX-License-Identifier: Apache-2.0
"""Error curves under shifted and scaled face boxes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Union

from ..evaluation import Table
from ..files import written_whole
from .ced import shown


class BoxChange(NamedTuple):
    """A change of all face boxes of a test.

    Args:
        shift (float): How far a box moves, as a share of its longer side.
        scale (float): Factor of its sides.
    """

    shift: float
    scale: float


UNCHANGED = BoxChange(shift=0.0, scale=1.0)


def plot_robustness(
    tables: dict[BoxChange, Table], normalizer: str, path: Union[str, 'os.PathLike[str]']
) -> None:
    """Draw NME against the shift and against the scale of the boxes.

    There is a curve for each column of the table, thick for the main one. An
    infinite NME has no point.

    Args:
        tables (dict[BoxChange, Table]): The table under each change,
            :data:`UNCHANGED` among them.
        normalizer (str): Normaliser of the errors, for the caption.
        path (str | PathLike): ``.png`` or ``.svg`` to write.

    Raises:
        ValueError: If the file is neither.
    """
    path = Path(path)
    if path.suffix not in ('.png', '.svg'):
        raise ValueError(f'expected a .png or .svg file, got {path}')
    # Here, so that drawing landmarks does not load matplotlib.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), dpi=110, layout='constrained')
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, tables, [c for c in tables if c.scale == 1], 'shift')
    _draw(right, tables, [c for c in tables if c.shift == 0], 'scale')
    plain = tables[UNCHANGED]
    _format_axes(left, right, 'NME (%)' if plain.unit == 'percent' else 'NME')
    legend = figure.legend(
        *left.get_legend_handles_labels(),
        loc='outside lower center',
        ncols=min(4, len(plain.columns)),
        frameon=False,
        title=f'normaliser: {normalizer}, protocol: {plain.protocol}; n faces',
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # names may contain $
    with written_whole(path) as partial:
        figure.savefig(partial, format=path.suffix[1:])


def _draw(axes, tables: dict[BoxChange, Table], changes: Sequence[BoxChange], what: str) -> None:
    """The curves of one panel: NME against ``what`` of the changes."""
    changes = sorted(changes)
    xs = [100 * getattr(change, what) for change in changes]
    plain = tables[UNCHANGED]
    for number, (column, figures) in enumerate(plain.figures.items()):
        axes.plot(
            xs,
            [tables[change].figures[column]['NME'] for change in changes],
            marker='o',
            markersize=4,
            linewidth=1.2 if number else 2.4,
            # The main curve lies above the others.
            zorder=2 if number else 3,
            label=f'{shown(column)} (n = {figures["n"]})',
        )


def _format_axes(left, right, label: str) -> None:
    left.set_xlabel('box moved by (% of its side)')
    right.set_xlabel('side of the box (% of the given one)')
    left.set_ylabel(label)
    left.set_ylim(bottom=0)
    for axes, plain in ((left, 0), (right, 100)):
        axes.axvline(plain, color='0.6', linewidth=1, linestyle='--', zorder=1)
        axes.grid(color='0.9')
        axes.set_axisbelow(True)
        axes.spines[['top', 'right']].set_visible(False)
