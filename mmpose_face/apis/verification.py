# SPDX-License-Identifier: Apache-2.0
"""The published tables, measured again: what ``tools/verify_zoo.py`` does."""
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.logging import print_log

from ..downloads import download
from ..evaluation.scores import PathLike, write_json
from ..evaluation.table import figure, markdown_table
from ..zoo import Row
from ..zoo.metafiles import project_root

_RESULT = 'verified.json'
# The folder that the data sets of the configs are in.
_DATA = 'data'


@dataclass(frozen=True)
class Verification:
    """What a released checkpoint was measured to have.

    Args:
        row (Row): The row of the model zoo.
        measured (dict[str, float]): NME of each column, in the unit of the
            benchmark; NaN where there was no face.
        faces (dict[str, int]): Faces scored in each column.
        partial (bool): Whether fewer faces than the benchmark has may do.
    """

    row: Row
    measured: Dict[str, float]
    faces: Dict[str, int]
    partial: bool = False

    @property
    def agrees(self) -> bool:
        """Whether every column does."""
        return all(
            verdict(self, column) == 'agrees'
            for column in self.row.benchmark.columns)


def verdict(result: Verification, column: str) -> str:
    """What is to be said of a column.

    Args:
        result (Verification): The figures of the row.
        column (str): One of the benchmark's.

    Returns:
        str: ``'agrees'`` where published and measured figure, printed with
        the digits of the table, differ by at most one unit of the last
        digit; of several published figures any will do. Otherwise
        ``'differs'``, ``'incomplete'`` (faces are missing), ``'no faces'`` or
        ``'unpublished'``.
    """
    value, benchmark = result.measured[column], result.row.benchmark
    published = [
        p.figures[column] for p in result.row.published if column in p.figures
    ]
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


def verify(row: Row,
           work_dir: PathLike,
           data: PathLike = _DATA,
           options: Sequence[str] = (),
           partial: bool = False,
           again: bool = False) -> Verification:
    """Download the weights of a row and test them.

    A row that was tested before in the same ``work_dir``, with the same
    weights, data and options, is not tested again.

    Args:
        row (Row): A row with weights.
        work_dir (str | PathLike): Where the row gets a folder of its name,
            with the log, ``metrics.json`` and ``per_face.json`` of the test.
        data (str | PathLike): The folder that stands for ``data/`` of the
            configs.
        options (Sequence[str]): ``--cfg-options`` of the test.
        partial (bool): See :class:`Verification`.
        again (bool): Test it even if it was tested before.

    Returns:
        Verification: The figures.

    Raises:
        FileNotFoundError: If the config is not there.
        OSError: If the weights cannot be downloaded.
        ValueError: If the weights are not the released ones.
        RuntimeError: If the test does not end well.
    """
    if not row.has_config:
        raise FileNotFoundError(f'{row.name} has no config yet')
    folder = Path(work_dir) / row.name
    asked = dict(
        weights=row.weights, data=os.path.abspath(data), options=list(options))
    found = None if again else _saved(folder / _RESULT, asked)
    if found:
        print_log(f'{row.name}: tested before, {folder / _RESULT}', 'current')
    else:
        found = _test(row, folder, data, options)
        write_json(folder / _RESULT, dict(asked, subsets=found))
    return Verification(
        row, {c: _number(found[c]['NME'])
              for c in row.benchmark.columns},
        {c: found[c]['n']
         for c in row.benchmark.columns}, partial)


def _saved(path: Path, asked: dict) -> Optional[dict]:
    """The figures of an earlier test of the same."""
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    found = content.pop('subsets')
    return found if content == asked else None


def _number(value: Union[float, str, None]) -> float:
    """A figure as strict JSON holds it."""
    return math.nan if value is None else float(value)


def _test(row: Row, folder: Path, data: PathLike,
          options: Sequence[str]) -> dict:
    """The columns of ``metrics.json`` after ``tools/test.py``, in a process
    of its own: MMEngine keeps loggers and visualizers of earlier runs."""
    weights = download(row.weights, row.sha256)
    root = Config.fromfile(row.config).test_dataloader.dataset.data_root
    here = os.path.join(os.path.abspath(data), os.path.relpath(root, _DATA))
    metrics = folder / 'metrics.json'
    metrics.unlink(missing_ok=True)
    done = subprocess.run([
        sys.executable,
        str(project_root() / 'tools/test.py'),
        str(row.config),
        str(weights), '--work-dir',
        str(folder), '--cfg-options', f'test_evaluator.out_dir={folder}',
        f'test_dataloader.dataset.data_root={here}/', *options
    ])
    if done.returncode or not metrics.is_file():
        raise RuntimeError(f'the test of {row.name} ended with '
                           f'{done.returncode}; its output says why')
    return json.loads(metrics.read_text())['subsets']


def format_verification(result: Verification) -> str:
    """Published, measured and their difference, in a plain text table.

    Args:
        result (Verification): The figures of a row.

    Returns:
        str: A line for each published set of figures, the measured one, the
        difference to the first, how many faces there were, and the verdict.
    """
    row, benchmark = result.row, result.row.benchmark
    columns, digits = benchmark.columns, benchmark.digits
    first = row.published[0].figures if row.published else {}
    lines = [(source, *(figure(figures.get(c, math.nan), digits)
                        for c in columns))
             for source, figures in (*((p.source, p.figures)
                                       for p in row.published),
                                     ('measured', result.measured))]
    lines += [
        ('difference', *(_difference(result.measured[c], first.get(c), digits)
                         for c in columns)),
        ('faces', *(_faces(result, c) for c in columns)),
        ('', *(verdict(result, c) for c in columns)),
    ]
    unit = 'per cent' if benchmark.unit == 'percent' else 'ratio'
    return (f'{row.alias} ({row.name})\nNME, {unit}, normalised by '
            f'{benchmark.normalizer}:\n' + markdown_table(
                ('', *columns), lines))


def _difference(measured: float, published: Optional[float],
                digits: int) -> str:
    """Of the figures as they are printed."""
    if published is None or math.isnan(measured):
        return 'n/a'
    return f'{round(measured, digits) - published:+.{digits}f}'


def _faces(result: Verification, column: str) -> str:
    found = result.faces[column]
    expected = result.row.benchmark.faces.get(column, found)
    return str(found) if found == expected else f'{found} of {expected}'
