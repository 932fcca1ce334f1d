# SPDX-License-Identifier: Apache-2.0
"""Files of predictions from any system: JSON, CSV, and the dump of MMPose's
test script. ``docs/en/evaluation.md`` describes the layouts."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Callable, NamedTuple, Union

import numpy as np

from ..arrays import FloatArray
from ..compat import restricted_pickle
from ..compat.pickled_data import to_objects
from ..files import PathLike
from ..landmarks import SCHEMES, Scheme, get_scheme, name_or_dict
from .scores import Scores, strict, write_json

# Spellings of such floats by :func:`~.scores.strict` and other JSON writers.
_NO_NUMBERS = ('NaN', 'Infinity', '-Infinity')


class _Entry(NamedTuple):
    """One face of a file."""

    place: str  # entry or line of the file, for messages
    file: str
    id: int | None
    number: int | None
    points: FloatArray


# The scheme by its name or as a dictionary, None where a file does not name
# it; and the faces.
_Content = tuple[Union[None, str, dict[str, Any]], list[_Entry]]


@dataclass(frozen=True)
class Predictions:
    """The K points that a system predicted for each of N faces.

    Args:
        source (str): The file of the predictions.
        scheme (Scheme): The landmark scheme.
        places (list[str]): Entry or line of each face in that file, for
            messages.
        files (list[str]): Image of each face.
        ids (list[int | None]): Id of each face in its annotation file; None
            if the file of the predictions does not have it.
        numbers (list[int | None]): Number of each face among those of its
            image, from 0; None if the file does not have it.
        points (np.ndarray): ``(N, K, 2)`` in pixels; NaN or infinite where a
            system gave no number.
    """

    source: str
    scheme: Scheme
    places: list[str]
    files: list[str]
    ids: list[int | None]
    numbers: list[int | None]
    points: FloatArray

    def __len__(self) -> int:
        return len(self.files)

    def to(self, scheme: Scheme) -> Predictions:
        """The predictions in another scheme.

        Args:
            scheme (Scheme): A scheme with an exact map from this one.

        Returns:
            Predictions: The predictions of its points.

        Raises:
            ValueError: If there is no exact map.
        """
        try:
            indices = self.scheme.map_to(scheme)
        except ValueError:
            raise ValueError(
                f'{self.source}: expected {scheme.num_points} points '
                f'({scheme.name}), got {self.scheme.num_points} '
                f'({self.scheme.name}), from which there is no exact map'
            ) from None
        return replace(self, scheme=scheme, points=self.points[:, list(indices)])


def save_predictions(scores: Scores, path: PathLike) -> None:
    """Write the predicted points of all faces.

    Args:
        scores (Scores): Scores with ``predicted``.
        path (str | PathLike): The file, ``predictions.json`` by custom.

    Raises:
        ValueError: If the scores are without ``predicted``.
    """
    if scores.predicted is None:
        raise ValueError(f'expected scores with predicted points, got none for {path}')
    faces = [
        dict(file=file, id=id_, keypoints=[[strict(x), strict(y)] for x, y in points.tolist()])
        for file, id_, points in zip(scores.files, scores.ids, scores.predicted)
    ]
    write_json(path, dict(scheme=name_or_dict(scores.scheme), faces=faces))


def load_predictions(path: PathLike, scheme: str | None = None) -> Predictions:
    """Read the predictions of a system; nothing in the file is executed.

    Args:
        path (str | PathLike): ``.json`` or ``.csv``, or the ``.pkl`` that
            ``--dump`` of MMPose's test script writes.
        scheme (str, optional): Name of the landmark scheme. Defaults to the
            one that the file names, or else to the one with this number of
            points.

    Returns:
        Predictions: The predictions in the order of the file.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it has none of the layouts; the message names the file
            and the entry or line.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f'{path}: expected predictions as {", ".join(_READERS)}, got {path.suffix!r}'
        )
    data = path.read_bytes()
    try:
        named, entries = reader(data)
        if not entries:
            raise ValueError('no predictions in it')
        found = _check_scheme(scheme or named, entries)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    return Predictions(
        str(path),
        found,
        places=[entry.place for entry in entries],
        files=[entry.file for entry in entries],
        ids=[entry.id for entry in entries],
        numbers=[entry.number for entry in entries],
        points=np.stack([entry.points for entry in entries]),
    )


def _check_scheme(named: None | str | dict[str, Any], entries: list[_Entry]) -> Scheme:
    """The named scheme, or else that of the first face; ValueError if a face
    has another number of points."""
    if named is None:
        scheme = _scheme_of_size(entries[0])
    else:
        scheme = get_scheme(named)
    for entry in entries:
        if len(entry.points) != scheme.num_points:
            raise ValueError(
                f'{entry.place} ({entry.file}): expected {scheme.num_points} '
                f'points ({scheme.name}), got {len(entry.points)}'
            )
    return scheme


def _scheme_of_size(entry: _Entry) -> Scheme:
    for scheme in SCHEMES.values():
        if scheme.num_points == len(entry.points):
            return scheme
    known = ', '.join(f'{s.num_points} ({s.name})' for s in SCHEMES.values())
    raise ValueError(
        f'{entry.place} ({entry.file}): expected as many points '
        f'as a scheme has, {known}; got {len(entry.points)}'
    )


def _parsed_at(place: str, parse: Callable[..., _Entry], *args: Any) -> _Entry:
    """The entry that ``parse`` returns; its errors get the place in front."""
    try:
        return parse(place, *args)
    except (OverflowError, ValueError) as error:
        raise ValueError(f'{place}: {error}') from None


def _read_json(data: bytes) -> _Content:
    try:
        content = json.loads(data)
    except (RecursionError, ValueError) as error:
        raise ValueError(f'not JSON: {error}') from None
    scheme = None
    if isinstance(content, dict):
        scheme, content = content.get('scheme'), content.get('faces')
    if not isinstance(content, list) or not isinstance(scheme, (dict, str, type(None))):
        raise ValueError('expected {"scheme": NAME, "faces": [...]} or a list of faces')
    return scheme, [_parsed_at(f'entry {i}', _json_entry, face) for i, face in enumerate(content)]


def _json_entry(place: str, face: Any) -> _Entry:
    if not isinstance(face, dict):
        raise ValueError('expected {"file": ..., "keypoints": [[x, y], ...]}')
    rows = face.get('keypoints')
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == 2 for row in rows
    ):
        raise ValueError('expected "keypoints": [[x, y], ...]')
    points = [[_coordinate(value) for value in row] for row in rows]
    return _Entry(
        place,
        _file(face.get('file')),
        _integer(face, 'id'),
        _integer(face, 'face'),
        np.array(points, np.float64).reshape(-1, 2),
    )


def _coordinate(value: Any) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in _NO_NUMBERS):
        raise ValueError(f'expected a coordinate, got {value!r:.50}')
    return float(value)


def _file(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f'expected the name of an image, got {value!r:.50}')
    return value


def _integer(face: dict[str, Any], key: str) -> int | None:
    value = face.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f'expected a whole number as {key}, got {value!r:.50}')
    return int(value)


def _read_csv(data: bytes) -> _Content:
    try:
        text = data.decode('utf-8-sig')  # with or without a byte order mark
    except UnicodeDecodeError as error:
        raise ValueError(f'not UTF-8: {error}') from None
    rows = csv.reader(io.StringIO(text, newline=''), strict=True)
    entries: list[_Entry] = []
    try:
        keys = _check_header(next(rows, []))
        for row in rows:
            if row:
                place = f'line {rows.line_num}'
                entries.append(_parsed_at(place, _csv_entry, row, *keys))
    except csv.Error as error:
        raise ValueError(f'line {rows.line_num}: {error}') from None
    return None, entries


def _check_header(names: list[str]) -> tuple[list[str], int]:
    """The columns before the coordinates, and the number of all columns."""
    first = names.index('x0') if 'x0' in names else len(names)
    keys, coordinates = names[:first], names[first:]
    expected = [f'{axis}{i}' for i in range(len(coordinates) // 2) for axis in 'xy']
    if (
        'file' not in keys
        or len(set(keys)) != len(keys)
        or not set(keys) <= {'file', 'face', 'id'}
        or not expected
        or coordinates != expected
    ):
        raise ValueError('line 1: expected the header file,face,x0,y0,x1,y1,... (or id for face)')
    return keys, len(names)


def _csv_entry(place: str, row: list[str], keys: list[str], columns: int) -> _Entry:
    if len(row) != columns:
        raise ValueError(f'expected {columns} columns, got {len(row)}')
    face = dict(zip(keys, row))
    points = [_cell(cell, float, np.nan) for cell in row[len(keys) :]]
    return _Entry(
        place,
        _file(face['file']),
        _cell(face.get('id', ''), int, None),
        _cell(face.get('face', ''), int, None),
        np.array(points).reshape(-1, 2),
    )


def _cell(cell: str, kind: Callable[[str], Any], empty: Any) -> Any:
    """The value of a cell, ``empty`` for an empty one."""
    if not cell.strip():
        return empty
    try:
        # Python would accept 1_000 as a number.
        return kind(cell.replace('_', '?'))
    except ValueError:
        what = 'a whole number' if kind is int else 'a number'
        raise ValueError(f'expected {what}, got {cell!r:.50}') from None


_SKIPPED = object()
_TENSOR = ('torch._utils._rebuild_tensor_v2', 'torch.storage._load_from_bytes')


class _DumpUnpickler(restricted_pickle.Unpickler):
    """An unpickler of NumPy arrays, containers, numbers and text. Tensors,
    such as heatmaps, are skipped: None stands in their place."""

    dispatch = dict(restricted_pickle.Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        path = f'{module}.{name}'
        if path in _TENSOR:
            return _SKIPPED
        if module.partition('.')[0] == 'torch':
            raise pickle.UnpicklingError(f'GLOBAL {path} is not allowed')
        return super().find_class(module, name)

    def load_reduce(self) -> None:
        if self.stack[-2] is _SKIPPED:
            self.stack[-2:] = [None]
        else:
            super().load_reduce()

    dispatch[pickle.REDUCE[0]] = load_reduce


def _read_dump(data: bytes) -> _Content:
    samples = _unpickle(data)
    if not isinstance(samples, list):
        raise ValueError(
            'expected a list of samples, as --dump of '
            'tools/test.py writes it, got '
            f'{type(samples).__name__}'
        )
    return None, [_parsed_at(f'entry {i}', _dump_entry, s) for i, s in enumerate(samples)]


def _unpickle(data: bytes) -> Any:
    try:
        return to_objects(_DumpUnpickler(io.BytesIO(data)).load())
    # Bytes that are no pickle make unpicklers raise errors of any class.
    except Exception as error:
        found = re.search(r'GLOBAL (\S+)', str(error))
        if not found:
            raise ValueError(
                'not a complete pickle, as --dump of tools/test.py writes it'
            ) from None
        raise ValueError(
            f'refused: it holds the object {found[1]}, and only containers, '
            'numbers, text, NumPy arrays and tensors were expected. Nothing '
            'of it has been executed'
        ) from None


def _dump_entry(place: str, sample: Any) -> _Entry:
    if not isinstance(sample, dict) or not isinstance(sample.get('pred_instances'), dict):
        raise ValueError('expected a sample with img_path, id and pred_instances')
    points = sample['pred_instances'].get('keypoints')
    if not isinstance(points, np.ndarray) or points.dtype.kind not in 'iuf':
        raise ValueError(f'expected keypoints as a NumPy array, got {type(points).__name__}')
    if points.ndim != 3 or points.shape[::2] != (1, 2):
        raise ValueError(f'expected keypoints of one face, (1, K, 2), got {points.shape}')
    with np.errstate(invalid='ignore'):  # some NaNs make NumPy warn
        points = points[0].astype(np.float64)
    return _Entry(place, _file(sample.get('img_path')), _integer(sample, 'id'), None, points)


_READERS: dict[str, Callable[[bytes], _Content]] = {
    '.json': _read_json,
    '.csv': _read_csv,
    '.pkl': _read_dump,
    '.pickle': _read_dump,
}
