# SPDX-License-Identifier: Apache-2.0
"""A report as a drawing: the gains, and how cost grows."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Union

from ...files import written_whole
from .results import OURS, THEIRS, Measurement, Report

_COLORS = {OURS: '#0072b2', THEIRS: '#d55e00'}
_LABELS = {OURS: 'ours', THEIRS: 'MMPose'}
_BAR = 0.3  # inches of a bar


def plot(report: Report, path: Union[str, 'os.PathLike[str]']) -> None:
    """Draw how many times faster ours is in each part, with the goals, and
    how the time of a face grows.

    Args:
        report (Report): What was measured.
        path (str | PathLike): ``.png`` or ``.svg`` to write.

    Raises:
        ValueError: If the suffix is another, or the report has nothing of
            ours and MMPose's to draw.
    """
    path = Path(path)
    if path.suffix not in ('.png', '.svg'):
        raise ValueError(f'expected a .png or .svg file, got {path}')
    gains, panels = gain_bars(report), growth_panels(report)
    if not gains and not panels:
        raise ValueError("nothing was measured of both ours and MMPose's")
    with written_whole(path) as partial:
        _draw(gains, panels, report, partial, path.suffix[1:])


def gain_bars(report: Report) -> list[Measurement]:
    """What has a bar: time of ours and MMPose's, but how it grows."""
    return [
        m
        for m in report.measurements
        if m.gain is not None and m.unit == 's' and m.part != 'growth'
    ]


def growth_panels(report: Report) -> dict[str, list[Measurement]]:
    """What has a curve, by the title of its panel."""
    panels: dict[str, list[Measurement]] = {}
    for m in report.of('growth'):
        title = f'{m.settings["of"]}: {m.settings["axis"]}'
        panels.setdefault(title, []).append(m)
    return panels


def _draw(
    gains: Sequence[Measurement],
    panels: dict[str, list[Measurement]],
    report: Report,
    file: str,
    kind: str,
) -> None:
    from matplotlib.figure import Figure

    columns = 3
    rows = -(-len(panels) // columns)
    heights = [_BAR * len(gains) + 0.9] if gains else []
    heights += [2.4] * rows
    figure = Figure(figsize=(9, sum(heights) + 0.6), dpi=110, layout='constrained')
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    if gains:
        _draw_gains(figure.add_subplot(grid[0, :]), gains)
    for i, (title, found) in enumerate(panels.items()):
        row = i // columns + bool(gains)
        _draw_growth(figure.add_subplot(grid[row, i % columns]), title, found)
    figure.suptitle(_where(report), fontsize=9)
    figure.savefig(file, format=kind, metadata={'Date': None} if kind == 'svg' else {})


def _where(report: Report) -> str:
    of = report.environment
    threads = of['torch_threads']
    return (
        f'{of["device"]} ({of["processor"]}), {threads} '
        f'thread{"" if threads == 1 else "s"}, torch {of["torch"]}, '
        f'MMPose {of["mmpose"]}'
    )


def _draw_gains(axes: Any, gains: Sequence[Measurement]) -> None:
    names = [f'{m.part}: {m.case}' for m in gains]
    ys = range(len(gains))
    values = [float(m.gain or 0) for m in gains]
    # From 1, where both take the same time, to the right and to the left.
    axes.barh(ys, [v - 1 for v in values], left=1, color=_COLORS[OURS], height=0.6)
    for y, m, value in zip(ys, gains, values):
        aims = [goal.at_least for goal in m.goals if (goal.above, goal.below) == (THEIRS, OURS)]
        for aim in aims:
            axes.plot([aim] * 2, [y - 0.4, y + 0.4], color='k', lw=2)
        axes.text(1.07 * max(1, value, *aims), y, f'{value:.2g} x', va='center', fontsize=8)
    axes.axvline(1, color='.4', lw=1)
    axes.set_xscale('log')
    axes.set_xlim(min(0.7, *values) * 0.9, max(8, *values) * 1.4)
    _plain_ticks(axes.xaxis, (0.5, 1, 2, 5, 10, 20, 50, 100))
    axes.set_yticks(ys, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("MMPose's time / ours (black line: the goal)", fontsize=8)
    _dress(axes)


def _draw_growth(axes: Any, title: str, found: Sequence[Measurement]) -> None:
    for way in (THEIRS, OURS):
        drawn = [m for m in found if way in m.values]
        axes.plot(
            [m.settings['x'] for m in drawn],
            [1e3 * m.median(way) / m.faces for m in drawn],
            marker='o',
            ms=4,
            color=_COLORS[way],
            label=_LABELS[way],
        )
    xs = [m.settings['x'] for m in found]
    if min(xs) > 0 and max(xs) > 8:
        axes.set_xscale('log', base=2)
    _plain_ticks(axes.xaxis, xs)
    axes.set_ylim(0, None)
    axes.set_title(title, fontsize=9)
    axes.set_ylabel('ms for a face', fontsize=8)
    axes.legend(frameon=False, fontsize=8)
    _dress(axes)


def _plain_ticks(axis: Any, values: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator

    axis.set_ticks(values, [f'{v:g}' for v in values])
    axis.set_minor_locator(NullLocator())


def _dress(axes: Any) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(axis='both', color='0.92')
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
