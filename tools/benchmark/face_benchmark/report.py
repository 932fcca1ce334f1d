# SPDX-License-Identifier: Apache-2.0
"""What was found, as JSON, as a table and as a plot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import cv2
import mmengine
import mmpose
import numpy as np
import torch
from torch.utils.benchmark.utils.common import select_unit

from mmpose_face import __version__
from mmpose_face.evaluation.table import markdown_table
from mmpose_face.files import write_whole, written_whole

from .sides import Options
from .timing import MMPOSE, OURS, Result

_HEADER = ('part', 'case', 'MMPose', 'ours', 'ratio', 'of rounds', 'faces/s', 'apart')
_TICKS = (1, 2, 5, 10, 20, 50, 100)


def environment(options: Options) -> dict[str, str | int | None]:
    """Machine, threads and versions, which a figure has to be read with."""
    return dict(
        processor=_processor(),
        cores=os.cpu_count(),
        device=torch.cuda.get_device_name(options.device) if options.on_gpu else 'cpu',
        torch_threads=torch.get_num_threads(),
        opencv_threads=cv2.getNumThreads(),
        clock=options.clock,
        rounds=options.rounds,
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        opencv=cv2.__version__,
        mmengine=mmengine.__version__,
        mmpose=mmpose.__version__,
        mmpose_face=__version__,
    )


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(':', 1)[1].strip() for line in lines if 'model name' in line)
    return next(names, platform.processor())


def write_report(results: Sequence[Result], options: Options) -> None:
    """Write ``benchmark.json`` (all values), ``benchmark.md`` (the table) and
    ``benchmark.png`` (the ratios).

    Args:
        results (Sequence[Result]): What was found.
        options (Options): What was asked for.
    """
    where = environment(options)
    content = dict(environment=where, results=[_as_dict(r) for r in results])
    write_whole(options.out / 'benchmark.json', json.dumps(content, indent=1))
    write_whole(options.out / 'benchmark.md', f'{format_results(results)}\n')
    _plot(results, where, options.out / 'benchmark.png')


def _as_dict(r: Result) -> dict:
    names = ('case', 'faces', 'apart', 'unit', 'limit', 'agree')
    said = {name: getattr(r.pair, name) for name in names}
    return dict(said, part=r.part, seconds=r.seconds, ratios=r.ratios, ratio=r.ratio)


def format_results(results: Sequence[Result]) -> str:
    """The results as a plain text table, which is Markdown too.

    Args:
        results (Sequence[Result]): What was found.

    Returns:
        str: A line for each result: medians of both sides, the median of the
        rounds' ratios and their range, our faces in a second, and how far the
        two sides are apart.
    """
    return markdown_table(_HEADER, [_row(r) for r in results])


def _row(r: Result) -> Sequence[str]:
    theirs, ours = (median(r.seconds[side]) for side in (MMPOSE, OURS))
    return (
        r.part,
        r.pair.case,
        amount(theirs),
        amount(ours),
        f'{r.ratio:.2f} x',
        f'{min(r.ratios):.2f}-{max(r.ratios):.2f}',
        f'{r.pair.faces / ours:.{0 if r.pair.faces > 10 * ours else 1}f}',
        f'{r.pair.apart:.1e} {r.pair.unit}' + ('' if r.pair.agree else ', too far'),
    )


def amount(seconds: float) -> str:
    """Three significant digits with a unit from ns to s."""
    unit, scale = select_unit(seconds)
    return f'{seconds / scale:#.3g}'.rstrip('.') + f' {unit}'


def _plot(results: Sequence[Result], where: dict, path: Path) -> None:
    """How many times faster ours is: a bar to the median ratio, a line from
    the least to the largest of the rounds."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(9, 0.32 * len(results) + 1.2), dpi=110, layout='constrained')
    axes = figure.add_subplot()
    for y, r in enumerate(results):
        # From 1, where both take the same time, to the right or to the left.
        axes.barh(y, r.ratio - 1, left=1, color='#56b4e9', height=0.6)
        axes.plot([min(r.ratios), max(r.ratios)], [y, y], color='k', lw=1.5)
        axes.text(1.07 * max(1, *r.ratios), y, f'{r.ratio:.1f} x', va='center', fontsize=8)
    ratios = [ratio for r in results for ratio in r.ratios]
    axes.axvline(1, color='.4', lw=1)
    axes.set_xscale('log')
    axes.set_xlim(0.9 * min(0.7, *ratios), 1.5 * max(8, *ratios))
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(results)), [f'{r.part}: {r.pair.case}' for r in results])
    axes.invert_yaxis()
    axes.set_xlabel("MMPose's time / ours", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[['top', 'right']].set_visible(False)
    machine = f'{where["device"]} ({where["processor"]}), threads: {where["torch_threads"]}'
    axes.set_title(f'{machine}, torch {where["torch"]}, MMPose {where["mmpose"]}', fontsize=9)
    with written_whole(path) as partial:
        figure.savefig(partial, format='png')
