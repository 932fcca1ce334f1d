# SPDX-License-Identifier: Apache-2.0
"""The rows of the model zoo, read from their metafiles.

The metafiles, ``configs/**/*.yml``, are the only source of published figures,
addresses and citations. mim reads them too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import yaml

from ..datasets.benchmarks import Benchmark, get_benchmark
from ..evaluation.scores import default_normalizer
from ..evaluation.table import DIGITS, Unit

INDEX = 'model-index.yml'

# {method}_{model}[_{variant}]_{GPUs}xb{batch}-{epochs}e_{data}-{size}; the
# variant of a heatmap row is joined to the batch by a hyphen.
_NAME = re.compile(
    r'td-(?:hm|reg)_(?P<model>[^_]+)_'
    r'(?:(?P<variant>[a-z]+)[-_])?\d+xb\d+-\d+e_'
    r'(?P<data>.+)-\d+x\d+'
)
_WEIGHTS = re.compile(
    r'https?://\S+/(?P<stem>[^/\s]+)-(?P<sha256>[0-9a-f]{8})'
    r'_(?P<date>\d{8})\.pth'
)

_NORMALIZERS = dict(inter_ocular='outer eye corners', face_box='side of the face box')


@dataclass(frozen=True)
class Paper:
    """A method, a backbone or a data set, and its paper.

    Args:
        name (str): Its name in the rows.
        kind (str): ``'Algorithm'``, ``'Backbone'`` or ``'Dataset'``.
        venue (str): Conference or journal, and year.
        url (str): Address of the paper.
        bibtex (str): Citation of the paper.
    """

    name: str
    kind: str
    venue: str
    url: str
    bibtex: str


@dataclass(frozen=True)
class BenchmarkPaper(Paper):
    """A data set with a table.

    Args:
        benchmark (Benchmark): Columns, threshold and unit of the table.
        faces (dict[str, int]): Number of faces of each column; empty if the
            owner does not give it.
        boxes (str): Source of the face boxes, in words.
        caption (str): Caption of the table.
        note (str): Note of the table on the training; may be empty.
    """

    benchmark: Benchmark
    faces: dict[str, int]
    boxes: str
    caption: str
    note: str

    @property
    def key(self) -> str:
        """A key of :data:`~mmpose_face.datasets.BENCHMARKS`."""
        return self.benchmark.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Subsets in the order of the table, the main one first."""
        return self.benchmark.columns

    @property
    def unit(self) -> Unit:
        """Unit of NME in the table, ``'percent'`` or ``'ratio'``."""
        return self.benchmark.unit

    @property
    def normalizer(self) -> str:
        """What NME is divided by, in words."""
        return _NORMALIZERS[default_normalizer(self.benchmark.scheme)]

    @property
    def digits(self) -> int:
        """Decimals of the figures in the table."""
        return DIGITS[self.unit]


@dataclass(frozen=True)
class Published:
    """Published figures.

    Args:
        source (str): Author and place.
        figures (dict[str, float]): NME of each column, in the benchmark's
            unit.
    """

    source: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Measured:
    """Figures of this project's own trainings of the same network on other data.

    Args:
        data (str): Data for training and test.
        conditions (str): Schedule, seeds, normaliser, boxes, flip test, and
            the epoch that counts.
        command (str): The command of the training.
        table (tuple[dict[str, str]]): The printed rows, all with the same
            columns.
    """

    data: str
    conditions: str
    command: str
    table: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Costs:
    """What the network of a row costs, for one face.

    Args:
        parameters (int): Number of weights.
        flops (int): Multiplications, each with its addition.
        milliseconds (float): Processor time of one forward pass on one
            thread, without flip test, on the machine that the metafiles name.
    """

    parameters: int
    flops: int
    milliseconds: float


@dataclass(frozen=True)
class Row:
    """A row of the model zoo.

    Args:
        name (str): Name of the config, without ``.py``.
        title (str): Name of the model in an overview.
        label (str): Name of the model in the table of its method.
        papers (tuple[Paper]): Its methods and backbones.
        benchmark (BenchmarkPaper): The data it is trained and tested on.
        config (Path): The config file; see :attr:`has_config`.
        metafile (str): Path of the metafile from the root of the project.
        weights (str, optional): Address of the released checkpoint.
        published (tuple[Published]): Published figures of these weights, those
            of the table first; may be empty.
        measured (Measured, optional): Figures measured for this project.
        costs (Costs, optional): Parameters, FLOPs and time of the network.
        old_name (str, optional): Name of the config in MMPose 0.x, if
            documents still use it.
        note (str): What its page says below the table; may be empty.
    """

    name: str
    title: str
    label: str
    papers: tuple[Paper, ...]
    benchmark: BenchmarkPaper
    config: Path
    metafile: str
    weights: str | None
    published: tuple[Published, ...]
    measured: Measured | None
    costs: Costs | None
    old_name: str | None
    note: str

    @property
    def alias(self) -> str:
        """The short name, ``{data}-{model}[-{variant}]``."""
        return alias_of(self.name)

    @property
    def has_config(self) -> bool:
        """Whether the config exists."""
        return self.config.is_file()

    @property
    def module(self) -> str:
        """The module to import from in ``read_base()`` of another config."""
        folder = self.metafile.rpartition('/')[0]
        return module_of(f'{folder}/{self.name}.py')

    @property
    def sha256(self) -> str | None:
        """The first digits of the checkpoint's SHA-256, from its name."""
        return self.weights and _fullmatch(_WEIGHTS, self.weights)['sha256']

    @property
    def log(self) -> str | None:
        """Address of the log of the training that gave the weights."""
        if not self.weights:
            return None
        found = _fullmatch(_WEIGHTS, self.weights)
        folder = self.weights[: found.start('stem')]
        return f'{folder}{found["stem"]}_{found["date"]}.log.json'


def alias_of(name: str) -> str:
    """The short name of a config, ``{data}-{model}[-{variant}]``."""
    found = _fullmatch(_NAME, name)
    parts = found['data'], found['model'], found['variant']
    return '-'.join(filter(None, parts))


def _fullmatch(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f'expected text of the form {pattern.pattern}, got {text!r}')
    return found


def module_of(config: str) -> str:
    """The importable name of a config of the tables.

    Args:
        config (str): Its path from the root of the project.

    Returns:
        str: The path in the package, with underscores for hyphens and ``face_``
        before a name that begins with a digit.

    Examples:
        >>> module_of('configs/300w/td-hm_x.py')
        'mmpose_face.configs.face_300w.td_hm_x'
    """
    names = config[: -len('.py')].replace('-', '_').split('/')
    names = [f'face_{name}' if name[0].isdigit() else name for name in names]
    return '.'.join(('mmpose_face', *names))


def project_root() -> Path:
    """The folder with ``model-index.yml`` and ``configs/``: the clone, or the
    copy for mim in an installed package.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package.parent, package / '.mim'):
        if (root / INDEX).is_file() and (root / 'configs').is_dir():
            return root
    raise FileNotFoundError(
        f'{package} has no model zoo: expected {INDEX} and configs/ in .mim '
        'or beside the package; install mmpose_face again'
    )


def read_rows(root: os.PathLike[str] | None = None) -> tuple[Row, ...]:
    """All rows of the model zoo.

    Args:
        root (PathLike, optional): The folder with ``model-index.yml``.
            Defaults to :func:`project_root`.

    Returns:
        tuple[Row]: The rows in the order of the index.

    Raises:
        FileNotFoundError: If a metafile of the index is missing.
        ValueError: If a metafile has another form; the message names file and
            field.
    """
    root = Path(root) if root else project_root()
    index = _Fields(root / INDEX, _read(root / INDEX))
    parts = [(name, _read(root / name)) for name in index.get('Import', list, of=_is_text)]
    papers = {
        paper.name: paper for name, content in parts for paper in _papers(root / name, content)
    }
    rows = tuple(
        _row(root, name, model, papers)
        for name, content in parts
        for model in _listed(root / name, content, 'Models')
    )
    _check_names(rows)
    return rows


class _Fields:
    """The fields of a mapping in a metafile, checked when they are read."""

    def __init__(self, path: Path, values: Any, where: str = ''):
        self.path = path
        self.where = where
        if not isinstance(values, Mapping):
            raise self.error(f'expected fields, got {values!r}')
        self.values = values

    def error(self, what: str) -> ValueError:
        place = f'{self.path}, {self.where}' if self.where else str(self.path)
        return ValueError(f'{place}: {what}')

    def get(
        self,
        name: str,
        kind: type | tuple[type, ...] = str,
        default: Any = ...,
        of: Callable[[Any], bool] | None = None,
    ) -> Any:
        value = self.values.get(name, default)
        if value is ...:
            raise self.error(f'{name} is missing')
        if value is default:
            return value
        fits = isinstance(value, kind)
        if not fits or (of and not all(map(of, value))):
            raise self.error(
                f'{name} is {value!r}, expected {_KINDS[kind]}' + ' of texts' * bool(of)
            )
        return value


_NUMBER = (int, float)
_KINDS = {str: 'text', list: 'a list', dict: 'fields', int: 'a whole number', _NUMBER: 'a number'}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f'{path} not found; {INDEX} names it')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path} is not YAML: {error}') from None
    return _Fields(path, content).values


def _papers(path: Path, content: Mapping[str, Any]) -> list[Paper]:
    listed = _listed(path, content, 'Collections')
    return [_paper(path, each) for each in listed]


def _listed(path: Path, content: Mapping[str, Any], name: str) -> list[Any]:
    return _Fields(path, content).get(name, list, default=[])


def _paper(path: Path, collection: Any) -> Paper:
    fields = _Fields(path, collection)
    fields = _Fields(path, collection, f'collection {fields.get("Name")}')
    common = dict(
        name=fields.get('Name'),
        kind=fields.get('Kind'),
        venue=fields.get('Venue'),
        url=fields.get('Paper'),
        bibtex=fields.get('BibTeX').rstrip(),
    )
    if common['kind'] != 'Dataset':
        return Paper(**common)
    try:
        benchmark = get_benchmark(fields.get('Dataset Name'))
    except ValueError as error:
        raise fields.error(f'Dataset Name: {error}') from None
    return BenchmarkPaper(
        **common,
        benchmark=benchmark,
        faces=_faces(fields, benchmark),
        boxes=fields.get('Boxes'),
        caption=fields.get('Caption'),
        note=fields.get('Note', default=''),
    )


def _faces(fields: _Fields, benchmark: Benchmark) -> dict[str, int]:
    faces = fields.get('Faces', dict, {})
    if faces and not (
        faces.keys() == set(benchmark.columns) and all(isinstance(n, int) for n in faces.values())
    ):
        raise fields.error(
            f'Faces is {faces!r}, expected a number for each of {", ".join(benchmark.columns)}'
        )
    return faces


def _row(root: Path, metafile: str, model: Any, papers: dict[str, Paper]) -> Row:
    path = root / metafile
    fields = _Fields(path, model)
    fields = _Fields(path, model, f'model {fields.get("Name")}')
    if not _NAME.fullmatch(fields.get('Name')):
        raise fields.error(
            'the name is not of the form td-hm_MODEL_[VARIANT-]GPUSxbBATCH-EPOCHSe_DATA-SIZExSIZE'
        )
    about = _Fields(path, fields.get('Metadata', dict), fields.where)
    benchmark = _named(fields, papers, about.get('Training Data'))
    if not isinstance(benchmark, BenchmarkPaper):
        raise fields.error(f'{benchmark.name} is not a data set')
    weights = fields.get('Weights', default=None)
    if weights and not _WEIGHTS.fullmatch(weights):
        raise fields.error(
            f'Weights is {weights!r}, expected an address that ends in -SHA256_YYYYMMDD.pth'
        )
    return Row(
        name=fields.get('Name'),
        title=fields.get('Title'),
        label=fields.get('Label'),
        papers=tuple(
            _named(fields, papers, name) for name in about.get('Architecture', list, of=_is_text)
        ),
        benchmark=benchmark,
        config=root / fields.get('Config'),
        metafile=metafile,
        weights=weights,
        published=_published(fields, benchmark),
        measured=_measured(fields),
        costs=_costs(about),
        old_name=fields.get('Old Name', default=None),
        note=fields.get('Note', default='').rstrip(),
    )


def _named(fields: _Fields, papers: dict[str, Paper], name: str) -> Paper:
    if name not in papers:
        raise fields.error(f'{name} is no collection of the index')
    return papers[name]


def _published(fields: _Fields, benchmark: BenchmarkPaper) -> tuple[Published, ...]:
    """The figures of the table, then those of other publications."""
    parts = (*fields.get('Results', list, ()), *fields.get('Also Published', list, ()))
    return tuple(_figures(_Fields(fields.path, part, fields.where), benchmark) for part in parts)


def _measured(fields: _Fields) -> Measured | None:
    name = 'Measured Here'
    given = fields.get(name, dict, default=None)
    if given is None:
        return None
    where = f'{fields.where}, {name}'
    part = _Fields(fields.path, given, where)
    rows = [_Fields(fields.path, row, where) for row in part.get('Table', list)]
    columns = [list(row.values) for row in rows]
    if not rows or any(each != columns[0] or not all(map(_is_text, each)) for each in columns):
        raise part.error(
            f'Table is expected to have rows, all with the same columns, got those of {columns}'
        )
    return Measured(
        data=part.get('Data'),
        conditions=part.get('Conditions'),
        command=part.get('Command').rstrip(),
        table=tuple({column: row.get(column) for column in row.values} for row in rows),
    )


def _costs(about: _Fields) -> Costs | None:
    """All numbers or none."""
    if not {'Parameters', 'FLOPs', 'CPU Milliseconds'} & set(about.values):
        return None
    return Costs(
        parameters=about.get('Parameters', int),
        flops=about.get('FLOPs', int),
        milliseconds=float(about.get('CPU Milliseconds', _NUMBER)),
    )


def _figures(fields: _Fields, benchmark: BenchmarkPaper) -> Published:
    columns = {f'NME {column}': column for column in benchmark.columns}
    if len(columns) == 1:
        columns = {'NME': benchmark.columns[0]}
    figures = {}
    for name, value in fields.get('Metrics', dict).items():
        if name not in columns:
            raise fields.error(
                f'no column for the metric {name!r}; those of '
                f'{benchmark.name} are {", ".join(columns)}'
            )
        if not isinstance(value, _NUMBER):
            raise fields.error(f'{name} is {value!r}, expected a number')
        figures[columns[name]] = float(value)
    return Published(fields.get('Source'), figures)


def _check_names(rows: tuple[Row, ...]) -> None:
    """Refuse two rows of the same name."""
    seen: dict[str, Row] = {}
    for row in rows:
        for name in (row.name, row.alias):
            if name in seen:
                raise ValueError(
                    f'{row.metafile}: the name {name} is taken by {seen[name].metafile}'
                )
            seen[name] = row
