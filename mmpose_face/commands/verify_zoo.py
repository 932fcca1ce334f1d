# SPDX-License-Identifier: Apache-2.0
"""Measuring the published tables again: the work of ``tools/verify_zoo.py``."""

from __future__ import annotations

import json
import logging
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from ..downloads import download
from ..engine.orphans import end_with_parent
from ..evaluation.scores import write_json
from ..evaluation.table import figure, markdown_table
from ..files import PathLike, sha256
from ..version import __version__
from ..zoo import Row
from ..zoo.metafiles import project_root

_RESULT = 'verified.json'
# The folder of the data sets in the configs.
_DATA = 'data'


@dataclass(frozen=True)
class Verification:
    """The figures measured with a released checkpoint.

    Args:
        row (Row): The row of the model zoo.
        measured (dict[str, float]): NME of each column, in the unit of the
            benchmark; NaN in a column without faces.
        faces (dict[str, int]): Faces scored in each column.
        partial (bool): Whether fewer faces than the benchmark has are enough.
    """

    row: Row
    measured: dict[str, float]
    faces: dict[str, int]
    partial: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the verdict on every column is ``'agrees'``."""
        return all(verdict(self, column) == 'agrees' for column in self.row.benchmark.columns)


def verdict(result: Verification, column: str) -> str:
    """Compare the measured and published figures of a column.

    Args:
        result (Verification): The figures of the row.
        column (str): A column of the benchmark.

    Returns:
        str: ``'agrees'`` if the measured figure and a published one, rounded
        to the digits of the table, differ by at most one unit of the last
        digit. Otherwise ``'differs'``, ``'incomplete'`` (faces are missing),
        ``'no faces'`` or ``'unpublished'``.
    """
    value, benchmark = result.measured[column], result.row.benchmark
    published = [p.figures[column] for p in result.row.published if column in p.figures]
    if math.isnan(value):
        return 'no faces'
    expected = benchmark.faces.get(column, result.faces[column])
    if result.faces[column] != expected and not result.partial:
        return 'incomplete'
    if not published:
        return 'unpublished'
    unit = 10**-benchmark.digits
    off = min(abs(round(value, benchmark.digits) - p) for p in published)
    return 'agrees' if off < 1.5 * unit else 'differs'


def verify(
    row: Row,
    work_dir: PathLike,
    data: PathLike = _DATA,
    options: dict | None = None,
    partial: bool = False,
    again: bool = False,
) -> Verification:
    """Download the weights of a row and test them.

    A row is not tested again if it was tested before in the same ``work_dir``
    with the same weights, config, annotation files and release of this
    package. Changes of images are not noticed.

    Args:
        row (Row): A row with weights.
        work_dir (str | PathLike): Folder for a folder with the row's name,
            which gets config, log, ``metrics.json`` and ``per_face.json``.
        data (str | PathLike): The folder to use in place of ``data/`` in the
            configs.
        options (dict, optional): Changes of the config, as
            ``Config.merge_from_dict`` takes them.
        partial (bool): See :class:`Verification`.
        again (bool): Test the row even if it was tested before.

    Returns:
        Verification: The figures.

    Raises:
        FileNotFoundError: If the config or the annotations do not exist.
        OSError: If the weights cannot be downloaded.
        ValueError: If the test does not give the row's columns.
        RuntimeError: If the test fails.
    """
    folder = Path(os.path.abspath(work_dir), row.name)
    config, annotations = _write_config(row, folder, data, options or {})
    asked = dict(
        weights=row.weights,
        version=__version__,
        config=sha256(config),
        annotations=[sha256(path) for path in annotations],
    )
    found = None if again else _earlier_result(folder / _RESULT, asked)
    if found is None:
        found = _run_test(row, config)
        write_json(folder / _RESULT, dict(asked, subsets=found))
    columns = row.benchmark.columns
    return Verification(
        row,
        {c: _number(found[c]['NME']) for c in columns},
        {c: found[c]['n'] for c in columns},
        partial,
    )


def _write_config(row: Row, folder: Path, data: PathLike, options: dict) -> tuple[Path, list[str]]:
    """Write the row's config for that data; return it and its annotation files."""
    if not row.has_config:
        raise FileNotFoundError(f'{row.name} has no config yet')
    cfg = Config.fromfile(row.config)
    dataset = cfg.test_dataloader.dataset
    below = os.path.relpath(dataset.data_root, _DATA)
    dataset.data_root = os.path.join(os.path.abspath(data), below, '')
    cfg.test_evaluator.out_dir = str(folder)
    cfg.merge_from_dict(options)
    dataset = cfg.test_dataloader.dataset  # with its references resolved again
    files = dataset.ann_file
    paths = [
        os.path.join(dataset.data_root, name)
        for name in ([files] if isinstance(files, str) else files)
    ]
    # An incomplete release may have only some of the files.
    there = [path for path in paths if os.path.isfile(path)]
    if not there:
        raise FileNotFoundError(
            f'{paths[0]} not found; tools/prepare_data.py '
            f'{row.benchmark.key} makes it from the release'
        )
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f'{row.name}.py'
    cfg.dump(config)
    return config, there


def _earlier_result(path: Path, asked: dict) -> dict | None:
    """The figures of an earlier test of the same inputs; None without one."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        found = content.pop('subsets')
    except (AttributeError, KeyError, TypeError, ValueError):
        print_log(f'{path} is damaged: testing anew', 'current', logging.WARNING)
        return None
    if content != asked:
        return None
    day = time.strftime('%Y-%m-%d', time.localtime(path.stat().st_mtime))
    print_log(f'tested before, on {day}: {path}; --again tests it anew', 'current')
    return found


def _number(value: float | str | None) -> float:
    """A figure from strict JSON, which has None or text for NaN and infinity."""
    return math.nan if value is None else float(value)


def _run_test(row: Row, config: Path) -> dict:
    """Run ``tools/test.py`` and return the columns of ``metrics.json``; in
    another process, since MMEngine keeps loggers and visualizers of earlier
    runs."""
    if row.weights is None:
        raise ValueError(f'{row.name} has no released weights')
    weights = download(row.weights, row.sha256)
    metrics = config.with_name('metrics.json')
    metrics.unlink(missing_ok=True)
    done = subprocess.run(
        (
            sys.executable,
            project_root() / 'tools/test.py',
            config,
            weights,
            '--work-dir',
            config.parent,
        ),
        preexec_fn=end_with_parent,
    )
    if done.returncode:
        raise RuntimeError(f'its test ended with {done.returncode}; the output above says why')
    content = json.loads(metrics.read_bytes())
    found, benchmark = content['subsets'], row.benchmark
    missing = [c for c in benchmark.columns if c not in found]
    if missing or content['unit'] != benchmark.unit:
        raise ValueError(
            f'its test gave {", ".join(found)} in {content["unit"]}; expected '
            f'{", ".join(benchmark.columns)} in {benchmark.unit}'
        )
    return found


def format_verification(result: Verification) -> str:
    """A plain text table of the published and measured figures.

    Args:
        result (Verification): The figures of a row.

    Returns:
        str: A line for each published set of figures, and lines for the
        measured one, its difference from the first published one, the number
        of faces, and the verdict.
    """
    row, benchmark = result.row, result.row.benchmark
    columns, digits = benchmark.columns, benchmark.digits
    first = row.published[0].figures if row.published else {}
    lines = [
        (source, *(figure(figures.get(c, math.nan), digits) for c in columns))
        for source, figures in (
            *((p.source, p.figures) for p in row.published),
            ('measured', result.measured),
        )
    ]
    lines += [
        ('difference', *(_difference(result.measured[c], first.get(c), digits) for c in columns)),
        ('faces', *(_faces(result, c) for c in columns)),
        ('', *(verdict(result, c) for c in columns)),
    ]
    unit = 'per cent' if benchmark.unit == 'percent' else 'ratio'
    return (
        f'{row.alias} ({row.name})\nNME, {unit}, normalised by '
        f'{benchmark.normalizer}:\n' + markdown_table(('', *columns), lines)
    )


def _difference(measured: float, published: float | None, digits: int) -> str:
    """The difference of the figures as printed."""
    if published is None or math.isnan(measured):
        return 'n/a'
    return f'{round(measured, digits) - published:+.{digits}f}'


def _faces(result: Verification, column: str) -> str:
    found = result.faces[column]
    expected = result.row.benchmark.faces.get(column, '?')
    return str(found) if found == expected else f'{found} of {expected}'
