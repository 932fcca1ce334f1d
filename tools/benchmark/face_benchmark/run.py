# SPDX-License-Identifier: Apache-2.0
"""The parts of a benchmark, one after the other."""

from __future__ import annotations

from importlib import import_module

import cv2
import torch

from . import PARTS
from .report import format_results, write_report
from .sides import Options
from .timing import Result, time_pair


def run(options: Options) -> list[Result]:
    """Measure parts, print the table and write the report.

    The report is written anew after every measurement, so that a command that
    is stopped leaves what it has.

    Args:
        options (Options): What is asked for.

    Returns:
        list[Result]: What was found.

    Raises:
        ValueError: If there is no such row, or MMPose has no config of it.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for name in (name for name in PARTS if name in options.parts):
        part = getattr(import_module(f'.{PARTS[name]}', __package__), name)
        for pair in part(options):
            _set_threads(options.threads)
            results.append(time_pair(name, pair, options.rounds, options.clock))
            print(f'{name}, {pair.case}: {results[-1].ratio:.2f} x', flush=True)
            write_report(results, options)
    print(format_results(results))
    return results


def _set_threads(threads: int | None) -> None:
    """MMEngine's runner sets OpenCV's to 0, so that it has to be called after
    one was built."""
    if threads is not None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
