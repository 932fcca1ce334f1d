# SPDX-License-Identifier: Apache-2.0
"""The parts of a benchmark, one after the other."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable

import torch

from .decoding import decoding
from .environment import describe, set_threads
from .growth import growth
from .options import Options
from .pipeline import pipeline
from .plot import gain_bars, growth_panels, plot
from .preprocessing import preprocessing
from .report import amount, format_report, goal_text, times
from .results import Measurement, Report, save
from .rows import rows
from .targets import targets
from .testing import flip_test, testing
from .training import training
from .variants import changes_of
from .whole import whole

Part = Callable[[Options], Iterator[Measurement]]

# In the order in which they are run. Those that need the same runners stand
# together.
PARTS: dict[str, Part] = {
    'decode': decoding,
    'targets': targets,
    'pipeline': pipeline,
    'preprocessing': preprocessing,
    'step': training,
    'test': testing,
    'flip': flip_test,
    'whole': whole,
    'growth': growth,
    'rows': rows,
}


def run(
    parts: Sequence[str], options: Options, out: Path, show: Callable[[str], None] = print
) -> Report:
    """Measure parts and write what is found.

    Writes ``benchmark.json`` anew after every measurement, so that a command
    that is stopped leaves what it has.

    Args:
        parts (Sequence[str]): Of :data:`PARTS`.
        options (Options): What is asked for.
        out (Path): The folder to write to.
        show (Callable): Takes a line for every measurement as it comes.

    Returns:
        Report: All measurements.

    Raises:
        ValueError: If there is no such part, variant or device.
    """
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        raise ValueError(f'expected parts of {", ".join(PARTS)}; got {", ".join(unknown)}')
    for variant in options.variants:
        changes_of(variant)
    if options.device != 'cpu' and not torch.cuda.is_available():
        raise ValueError(f'--device {options.device}: torch finds no GPU')
    out.mkdir(parents=True, exist_ok=True)
    set_threads(options.threads)
    found: list[Measurement] = []
    report = Report(
        dict(describe(options.device), clock=options.clock, rounds=options.rounds), found
    )
    for name, part in PARTS.items():
        if name in parts:
            for measurement in part(options):
                found.append(measurement)
                show(line(measurement))
                save(report, out / 'benchmark.json')
    return report


def write_pages(report: Report, out: Path) -> None:
    """Write the table of a report, ``benchmark.md``, and its drawing,
    ``benchmark.png``, where there is something to draw.

    Args:
        report (Report): What was measured.
        out (Path): The folder to write to.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / 'benchmark.md').write_text(format_report(report), encoding='utf-8')
    if gain_bars(report) or growth_panels(report):
        plot(report, out / 'benchmark.png')


def line(m: Measurement) -> str:
    """A measurement in a line."""
    values = ', '.join(f'{way} {amount(m.median(way), m.unit)}' for way in m.values)
    texts = [times(m.gain), *(goal_text(m, goal) for goal in m.goals)]
    return f'{m.part}, {m.case}: {values}; ' + '; '.join(t for t in texts if t)
