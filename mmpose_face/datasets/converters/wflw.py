# SPDX-License-Identifier: Apache-2.0
"""WFLW: the release's lists to MMPose's ``face_landmarks_wflw_*.json``.

Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment Algorithm",
CVPR 2018.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Union

import numpy as np

from ..annotations import FaceRecord, Rect
from .release import (
    ImageMode,
    Oddities,
    check_counts,
    check_own,
    coordinate,
    image_sizes,
    place_images,
    write_parts,
)

CONVERTER, VERSION = 'mmpose_face wflw', 1

NUM_POINTS = 98
# In the order of the columns of the release's lists.
ATTRIBUTES = ('pose', 'expression', 'illumination', 'makeup', 'occlusion', 'blur')
# MMPose's file for each part and each subset.
PART_FILES = dict(train='face_landmarks_wflw_train.json', test='face_landmarks_wflw_test.json')
SUBSET_FILES = dict(
    pose='face_landmarks_wflw_test_largepose.json',
    expression='face_landmarks_wflw_test_expression.json',
    illumination='face_landmarks_wflw_test_illumination.json',
    makeup='face_landmarks_wflw_test_makeup.json',
    occlusion='face_landmarks_wflw_test_occlusion.json',
    blur='face_landmarks_wflw_test_blur.json',
)

_LISTS = 'list_98pt_rect_attr_train_test'
_LIST = 'list_98pt_rect_attr_{}.txt'
_FIELDS = 2 * NUM_POINTS + 4 + len(ATTRIBUTES) + 1
EXPECTED = dict(
    train=7500,
    test=2500,
    pose=326,
    expression=314,
    illumination=698,
    makeup=206,
    occlusion=736,
    blur=773,
)


@dataclass(frozen=True)
class Row:
    """A line of one of the release's lists.

    Args:
        line (int): Number of the line, from 1.
        points (np.ndarray): ``(98, 2)`` in pixels.
        rect (tuple[float]): Left, top, width and height in pixels.
        attributes (tuple[str]): Those of :data:`ATTRIBUTES` that are set.
        file_name (str): Path of the image in ``WFLW_images/``.
    """

    line: int
    points: np.ndarray
    rect: Rect
    attributes: tuple[str, ...]
    file_name: str


def convert(
    raw: Path, out: Path, partial: bool = False, images: ImageMode = 'link'
) -> dict[str, int]:
    """Convert a WFLW release.

    Writes ``annotations/face_landmarks_wflw_{train,test}.json``, the six
    subsets of the test as ``face_landmarks_wflw_test_{largepose,...}.json``,
    and ``images/`` below ``out``. Nothing is written unless every line could
    be read. Coordinates are kept as they are.

    Args:
        raw (Path): Root of the release, with ``WFLW_annotations/`` and
            ``WFLW_images/``.
        out (Path): Folder to write to.
        partial (bool): Whether to accept missing lines or images.
        images (str): ``'link'`` links to the release's images, ``'copy'``
            copies them.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is not a WFLW release, or images are
            missing and ``partial`` is not set.
        ValueError: If the release is incomplete and ``partial`` is not set,
            a line or an image is damaged, or ``out`` has annotations of
            another source.
    """
    lists, folder = _locate(raw)
    check_own(out, (*PART_FILES.values(), *SUBSET_FILES.values()), CONVERTER)
    rows = {part: read_list(path) for part, path in lists.items()}
    check_counts(raw, 'WFLW', _counts(rows), EXPECTED, partial)
    names = [row.file_name for part in rows.values() for row in part]
    sizes = image_sizes(folder, names, partial)
    oddities = Oddities()
    faces = {part: _records(lists[part], rows[part], part, sizes, oddities) for part in rows}
    oddities.report('WFLW')
    parts = {name: faces.get(part, []) for part, name in PART_FILES.items()}
    for subset, name in SUBSET_FILES.items():
        parts[name] = [f for f in faces.get('test', []) if subset in f.subsets]
    place_images(folder, out / 'images', images)
    info = dict(
        description='WFLW, 98 points',
        source='https://wywu.github.io/projects/LAB/WFLW.html',
        pixel_origin=None,  # not documented by the owner
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(out, parts, info)


def read_list(path: Union[str, 'os.PathLike[str]']) -> list[Row]:
    """Read a list of the release, with 207 fields in each line.

    A line is ``x0 y0 ... x97 y97 x_min y_min x_max y_max pose expression
    illumination make-up occlusion blur image``. Blank lines are ignored.

    Args:
        path (str | PathLike): ``list_98pt_rect_attr_train.txt`` or
            ``..._test.txt``.

    Returns:
        list[Row]: The lines.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line has another form; the message names the file,
            the line and what was expected.
    """
    lines = Path(path).read_bytes().splitlines()
    return [
        _row(f'{path}:{number}', number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _row(place: str, number: int, line: bytes) -> Row:
    try:
        fields = line.decode('ascii').split()
    except UnicodeDecodeError:
        raise ValueError(f'{place}: expected ASCII text') from None
    if len(fields) != _FIELDS:
        raise ValueError(
            f'{place}: expected {_FIELDS} fields (98 points, '
            f'rectangle, 6 attributes, image), got {len(fields)}'
        )
    coordinates, attributes = fields[:-7], fields[-7:-1]
    numbers = _numbers(place, coordinates)
    x0, y0, x1, y1 = numbers[2 * NUM_POINTS :].tolist()
    return Row(
        line=number,
        points=numbers[: 2 * NUM_POINTS].reshape(NUM_POINTS, 2),
        rect=(x0, y0, x1 - x0, y1 - y0),
        attributes=_attributes(place, attributes),
        file_name=_file_name(place, fields[-1]),
    )


def _numbers(place: str, fields: Sequence[str]) -> np.ndarray:
    numbers = np.array([coordinate(field) for field in fields])
    if np.isnan(numbers).any():
        i = int(np.isnan(numbers).argmax())
        raise ValueError(
            f'{place}: expected 200 finite numbers, but field {i + 1} is {fields[i]!r}'
        )
    return numbers


def _attributes(place: str, fields: Sequence[str]) -> tuple[str, ...]:
    for name, field in zip(ATTRIBUTES, fields):
        if field not in ('0', '1'):
            raise ValueError(f'{place}: expected 0 or 1 for {name}, got {field!r}')
    return tuple(name for name, field in zip(ATTRIBUTES, fields) if field == '1')


def _file_name(place: str, name: str) -> str:
    if name.startswith('/') or '..' in name.split('/') or not name.isprintable():
        raise ValueError(f'{place}: expected an image below WFLW_images, got {name!r}')
    return name


def _counts(rows: dict[str, list[Row]]) -> dict[str, int]:
    counts = {part: len(faces) for part, faces in rows.items()}
    for name in ATTRIBUTES:
        counts[name] = sum(name in row.attributes for row in rows.get('test', ()))
    return counts


def _records(
    path: Path,
    rows: Sequence[Row],
    part: str,
    sizes: dict[str, tuple[int, int]],
    oddities: Oddities,
) -> list[FaceRecord]:
    main = ('test',) if part == 'test' else ()
    records = []
    for row in rows:
        if row.file_name in sizes:
            record = FaceRecord(
                row.file_name,
                sizes[row.file_name],
                row.points,
                (*main, *row.attributes),
                face_rect=row.rect,
            )
            oddities.check(f'{path.name}:{row.line}', record)
            records.append(record)
    return records


def _locate(raw: Path) -> tuple[dict[str, Path], Path]:
    """The existing lists, and the folder of the images."""
    folders = (raw / 'WFLW_annotations' / _LISTS, raw / _LISTS, raw / 'WFLW_annotations', raw)
    lists = {}
    for part in ('train', 'test'):
        for folder in folders:
            if (folder / _LIST.format(part)).is_file():
                lists[part] = folder / _LIST.format(part)
                break
    if not lists:
        raise FileNotFoundError(
            f'{raw} holds no WFLW release: expected '
            f'{folders[0] / _LIST.format("train")} and ..._test.txt'
        )
    for images in (raw / 'WFLW_images', raw / 'images'):
        if images.is_dir():
            return lists, images
    raise FileNotFoundError(f'{raw} holds no images of WFLW: expected {raw / "WFLW_images"}')
