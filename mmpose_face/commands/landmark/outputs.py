# SPDX-License-Identifier: Apache-2.0
"""The files that ``landmark`` writes: JSON and tables of faces."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...files import write_whole, written_whole
from ...landmarks import Scheme

# The columns before the points; frame, time and track_id are empty for images.
_COLUMNS = (
    'file',
    'frame',
    'time',
    'track_id',
    'left',
    'top',
    'right',
    'bottom',
    'box_score',
    'score',
)


class Table:
    """A CSV file with a row for each face.

    Args:
        file: An open text file.
        scheme (Scheme): The scheme of the points; each point has three
            columns, such as ``chin_x``, ``chin_y`` and ``chin_score``.
    """

    def __init__(self, file: Any, scheme: Scheme) -> None:
        self._rows = csv.writer(file, lineterminator='\n')
        self._rows.writerow(
            [
                *_COLUMNS,
                *(f'{name}_{what}' for name in scheme.points for what in ('x', 'y', 'score')),
            ]
        )

    def add(
        self, file: str, face: dict[str, Any], frame: int | str = '', time: float | str = ''
    ) -> None:
        """Write a row.

        Args:
            file (str): Name of the image or video.
            face (dict): From :meth:`~.faces.Face.to_dict`, in pixels.
            frame (int, optional): Number of the frame of a video, from 0.
            time (float, optional): Time of that frame in seconds.
        """
        self._rows.writerow(
            [
                file,
                frame,
                time,
                face.get('track_id', ''),
                *face['box'],
                face['box_score'],
                face['score'],
                *(value for point in face['keypoints'] for value in point),
            ]
        )


@contextmanager
def table_written_whole(path: Path, scheme: Scheme) -> Iterator[Table]:
    """A :class:`Table` whose file appears only when it is complete."""
    with written_whole(path) as partial:
        with open(partial, 'w', newline='', encoding='utf-8') as file:
            yield Table(file, scheme)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that appears only when it is complete."""
    write_whole(path, json.dumps(content) + '\n')


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON file of :func:`write_json`; None if it is missing or
    incomplete."""
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


class JsonList:
    """A long list in a JSON file, written item by item."""

    def __init__(self, file: Any) -> None:
        self._file, self._first = file, True

    def add(self, item: Any) -> None:
        """Write an item."""
        self._file.write('\n' if self._first else ',\n')
        self._file.write(json.dumps(item))
        self._first = False


@contextmanager
def json_list_written_whole(path: Path, head: dict[str, Any], name: str) -> Iterator[JsonList]:
    """A JSON object whose last field is a list too long for the memory; the
    file appears only when it is complete.

    Args:
        path (Path): The file.
        head (dict): The other fields, at least one.
        name (str): The name of the list.

    Yields:
        JsonList: The list to add items to.
    """
    with written_whole(path) as partial:
        with open(partial, 'w', encoding='utf-8') as file:
            file.write(json.dumps(head)[:-1] + f', {json.dumps(name)}: [')
            yield JsonList(file)
            file.write('\n]}\n')
