# SPDX-License-Identifier: Apache-2.0
"""Testing a model under shifted and scaled face boxes: ``tools/test.py --box-robustness``."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset, Compose
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ..datasets.transforms import PerturbFaceBox
from ..engine.launch import subset_metric
from ..evaluation import SubsetNME, Table
from ..evaluation.scores import write_json
from ..evaluation.table import markdown_table, table_as_dict, table_rows
from ..files import PathLike
from ..visualization.robustness import UNCHANGED, BoxChange, plot_robustness

SHIFTS = (0.0, 0.05, 0.1, 0.2)
SCALES = (0.8, 0.9, 1.0, 1.1, 1.25)

Tables = dict[BoxChange, Table]


def box_robustness(
    runner: Runner,
    shifts: Sequence[float] = SHIFTS,
    scales: Sequence[float] = SCALES,
    out_dir: PathLike | None = None,
) -> Tables | None:
    """Repeat a test under face boxes that are shifted or scaled.

    There is a test for each shift, one for each scale, and the plain one,
    which equals ``runner.test()``. The plain test comes last, so that its
    results are those that hooks and metrics write or keep in the end. How a
    box changes: see :class:`~mmpose_face.datasets.PerturbFaceBox`.

    Args:
        runner (Runner): A runner whose test has the metric ``SubsetNME``.
        shifts (Sequence[float]): Shifts of the boxes, as shares of their
            longer side.
        scales (Sequence[float]): Factors of the sides of the boxes.
        out_dir (str | PathLike, optional): Folder for ``robustness.json`` and
            the curves ``robustness.png`` and ``robustness.svg``. Defaults to
            no files.

    Returns:
        dict[BoxChange, Table] | None: The table under each change of the
        boxes: the plain one, then shifts, then scales, each in rising order.
        None in all processes except the main one.

    Raises:
        ValueError: If the test has no metric ``SubsetNME``, its data set has
            no pipeline, or a shift or scale is out of range.
    """
    steps = _steps(shifts, scales)
    metric = subset_metric(runner, 'box robustness')
    tables: Tables = {}
    for step in reversed(steps):
        print_log(
            f'box robustness, test {len(tables) + 1} of {len(steps)}: boxes {_change_text(step)}',
            'current',
        )
        with _under_other_boxes(runner, metric, steps[step]):
            runner.test()
        tables[step] = metric.table
    if not is_main_process():
        return None
    tables = {step: tables[step] for step in steps}
    if out_dir is not None:
        _write(tables, metric.scores.normalizer, Path(out_dir))
    return tables


def test_boxes(runner: Runner, folder: PathLike) -> None:
    """Run :func:`box_robustness` with its default shifts and scales, and log
    the table.

    Args:
        runner (Runner): A runner whose test has the metric ``SubsetNME``.
        folder (str | PathLike): Folder for its files.
    """
    tables = box_robustness(runner, out_dir=folder)
    if tables is not None:
        print_log(
            f'NME and failure rate under other boxes:\n'
            f'{format_robustness(tables)}\nwritten to {folder}',
            'current',
        )


def _steps(
    shifts: Sequence[float], scales: Sequence[float]
) -> dict[BoxChange, PerturbFaceBox | None]:
    """Each change of the boxes once, and the transform that makes it."""
    changes = [BoxChange(shift, 1.0) for shift in sorted(shifts)]
    changes += [BoxChange(0.0, scale) for scale in sorted(scales)]
    return {
        UNCHANGED: None,
        **{change: PerturbFaceBox(*change) for change in changes if change != UNCHANGED},
    }


@contextmanager
def _under_other_boxes(
    runner: Runner, metric: SubsetNME, transform: PerturbFaceBox | None
) -> Iterator[None]:
    """Let a runner test under other boxes, without files of the metric."""
    loop = runner.test_loop
    before = loop.dataloader, metric.out_dir
    if transform is not None:
        loop.dataloader = _with_transform(loop.dataloader, transform)
        metric.out_dir = None
    try:
        yield
    finally:
        loop.dataloader, metric.out_dir = before


def _with_transform(loader: DataLoader, transform: PerturbFaceBox) -> DataLoader:
    """A copy of a loader with a transform before its pipeline; a copy, because
    persistent workers would not see a change of their data set."""
    return DataLoader(
        _before_pipeline(loader.dataset, transform),
        batch_sampler=loader.batch_sampler,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
    )


def _before_pipeline(dataset: BaseDataset, transform: PerturbFaceBox) -> BaseDataset:
    pipeline: Any = getattr(dataset, 'pipeline', None)
    # A combined data set applies its pipeline after those of its parts.
    if hasattr(dataset, 'datasets') or not hasattr(pipeline, 'transforms'):
        raise ValueError(
            f"the test's data set, {type(dataset).__name__}, "
            'has no pipeline of its own to change boxes in'
        )
    changed = copy.copy(dataset)
    changed.pipeline = Compose([transform, *pipeline.transforms])
    return changed


def _change_text(step: BoxChange) -> str:
    if step == UNCHANGED:
        return 'unchanged'
    if step.shift:
        return f'moved by {100 * step.shift:g} %'
    return f'side × {step.scale:g}'


def format_robustness(tables: Tables) -> str:
    """The results of :func:`box_robustness` as a Markdown table.

    Args:
        tables (dict[BoxChange, Table]): The tables it returns.

    Returns:
        str: NME of every column and the failure rate of the main one, one row
        for each change of the boxes and one for the number of faces.
    """
    plain = tables[UNCHANGED]
    rate = next(key for key in plain.figures[plain.columns[0]] if key.startswith('FR@'))
    header = ('boxes', *(f'NME {column}' for column in plain.columns), f'{rate} {plain.columns[0]}')
    rows = []
    for step, table in tables.items():
        cells = dict(table_rows(table))
        rows.append((_change_text(step), *cells['NME'], cells[rate][0]))
    n = dict(table_rows(plain))['n']
    return markdown_table(header, [*rows, ('n faces', *n, n[0])])


def _write(tables: Tables, normalizer: str, folder: Path) -> None:
    write_json(
        folder / 'robustness.json',
        dict(
            normalizer=normalizer,
            tests=[dict(step._asdict(), **table_as_dict(table)) for step, table in tables.items()],
        ),
    )
    for suffix in ('.png', '.svg'):
        plot_robustness(tables, normalizer, folder / f'robustness{suffix}')
