# SPDX-License-Identifier: Apache-2.0
"""Checks that converters share: completeness, images, oddities, output."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from rich.progress import track

from ...files import written_whole
from ...logs import print_log
from ...text import shortened
from ..annotations import MAX_COORDINATE, BoxFields, FaceRecord, landmark_box, write_annotations
from ..image_files import image_size

ImageMode = Literal['link', 'copy']


def find_file(raw: Path, pattern: str) -> Path | None:
    """Find a file in a release; of several, the one in the highest folder.

    Args:
        raw (Path): Root of the release.
        pattern (str): Name of the file, or a glob pattern.

    Returns:
        Path | None: None if there is no such file.
    """
    # Skip the hidden copies that macOS makes; their names begin with a dot.
    found = [
        path for path in raw.rglob(pattern) if path.is_file() and not path.name.startswith('.')
    ]
    return min(found, key=lambda path: (len(path.parts), path), default=None)


def coordinate(field: str) -> float:
    """Read a coordinate in pixels from text.

    Args:
        field (str): The text.

    Returns:
        float: NaN if the text is not a finite number of a reasonable size.
    """
    try:
        # Python would read 1_000 as a number.
        value = float('nan' if '_' in field else field)
    except ValueError:
        return float('nan')
    return value if abs(value) < MAX_COORDINATE else float('nan')


def check_own(out: Path, names: Iterable[str], converter: str) -> None:
    """Refuse to overwrite files that the converter did not make.

    Args:
        out (Path): The folder above ``annotations/``.
        names (Iterable[str]): Files that will be written or removed.
        converter (str): Name of the converter in the files' ``info``.

    Raises:
        ValueError: If a file is of another source.
    """
    for path in (out / 'annotations' / name for name in names):
        if path.exists() and _converter_of(path) != converter:
            raise ValueError(
                f'{path} exists and was not made by this converter: move '
                'it away, or choose another --out'
            )


def _converter_of(path: Path) -> str | None:
    try:
        return json.loads(path.read_bytes())['info']['converter']
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


def check_counts(
    raw: Path, release: str, found: dict[str, int], expected: dict[str, int], partial: bool
) -> None:
    """Refuse an incomplete release; with ``partial``, log what is missing.

    Args:
        raw (Path): Root of the release.
        release (str): Its name, such as ``'300-W'``.
        found (dict[str, int]): Numbers of faces by part.
        expected (dict[str, int]): The same of the complete release.
        partial (bool): Whether an incomplete release is accepted.

    Raises:
        ValueError: If a number differs and ``partial`` is not set.
    """
    if all(found.get(part, 0) == number for part, number in expected.items()):
        return
    width = max(map(len, expected))
    table = '\n'.join(
        f'    {part:<{width}} found {found.get(part, 0):>5}, expected {number:>5}'
        for part, number in expected.items()
    )
    if not partial:
        raise ValueError(
            f'{raw} is not the complete {release} release:\n{table}\n'
            'Give --partial to convert what there is; figures measured on it '
            'are not those of the benchmark.'
        )
    print_log(f'converting an incomplete {release} release:\n{table}', 'current')


def image_sizes(root: Path, names: Iterable[str], partial: bool) -> dict[str, tuple[int, int]]:
    """Width and height of each image, from its header.

    Args:
        root (Path): Folder of the images.
        names (Iterable[str]): Their paths in the folder; may repeat.
        partial (bool): Whether to leave out missing images and log them.

    Returns:
        dict[str, tuple[int, int]]: From name to width and height in pixels.

    Raises:
        FileNotFoundError: If images are missing and ``partial`` is not set,
            or all images are missing.
        ValueError: If a file is truncated or not an image.
    """
    sizes, missing = {}, []
    for name in track(list(dict.fromkeys(names)), 'reading image headers'):
        try:
            sizes[name] = image_size(root / name)
        except FileNotFoundError:
            missing.append(name)
    if missing:
        _report_missing(root, missing, len(sizes), partial)
    return sizes


def _report_missing(root: Path, missing: Sequence[str], there: int, partial: bool) -> None:
    text = (
        f'{len(missing)} of {len(missing) + there} listed images are not '
        f'under {root}: {shortened(missing)}'
    )
    if not partial or not there:
        raise FileNotFoundError(text)
    print_log(f'{text}; their faces are left out', 'current')


class Oddities:
    """Counts of faces that are odd but kept.

    :meth:`report` logs the number of faces with each oddity and the places of
    the first ones.
    """

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}
        self._seen: set[bytes | tuple[str, bytes]] = set()

    def check(self, place: str, record: FaceRecord) -> None:
        """Note the oddities of a face.

        Args:
            place (str): Place of the face, such as file and line.
            record (FaceRecord): The face.
        """
        points = record.keypoints
        size = np.array(record.image_size)
        # The middle of the last pixel is at size - 1; at size in files whose
        # first pixel is 1.
        if (points < 0).any() or (points > size).any():
            self.note('points outside the image', place)
        if not np.ptp(points, axis=0).all():
            self.note('all points on one line', place)
        if record.face_rect is not None and min(record.face_rect[2:]) <= 0:
            self.note('a face rectangle without area', place)
        key = record.file_name, points.tobytes()
        if key in self._seen:
            self.note('the same points in the same image twice', place)
        self._seen.add(key)

    def check_copies(self, place: str, record: FaceRecord) -> None:
        """Note a face with the same points as an earlier one; for releases
        with one face in each image.

        Args:
            place (str): Place of the face, such as file and line.
            record (FaceRecord): The face.
        """
        key = record.keypoints.tobytes()
        if key in self._seen:
            self.note('the points of an earlier face', place)
        self._seen.add(key)

    def note(self, what: str, place: str) -> None:
        """Note an oddity of a face."""
        self._places.setdefault(what, []).append(place)

    def report(self, release: str) -> None:
        """Log the oddities."""
        for what, places in self._places.items():
            print_log(
                f'{release}: {len(places)} faces with {what}, kept ({shortened(places)})', 'current'
            )


def write_parts(
    out: Path,
    parts: Mapping[str, Sequence[FaceRecord]],
    info: Mapping[str, object],
    box_fields: BoxFields = landmark_box,
    first_ids: dict[str, int] | None = None,
) -> dict[str, int]:
    """Write each part of a benchmark that has faces.

    Args:
        out (Path): The folder above ``annotations/``.
        parts (dict[str, Sequence[FaceRecord]]): From file name to faces. If a
            part has no faces, its file from an earlier run is removed.
        info (dict): Description of the source.
        box_fields (Callable): From a face to the fields of its box.
        first_ids (dict[str, int], optional): From file name to the id of its
            first face. Defaults to 1.

    Returns:
        dict[str, int]: Number of faces in each file written.
    """
    first_ids = first_ids or {}
    counts = {}
    for name, records in parts.items():
        path = out / 'annotations' / name
        if records:
            write_annotations(path, records, info, box_fields, first_ids.get(name, 1))
            counts[name] = len(records)
        else:
            remove_stale(path)
    return counts


def remove_stale(path: Path) -> None:
    """Remove and log an annotation file of an earlier run for which the release
    has no faces."""
    if path.exists():
        print_log(f'removing {path} of an earlier run: this release has no faces for it', 'current')
        path.unlink()


def place_images(source: Path, target: Path, how: ImageMode) -> None:
    """Link or copy the images of ``source`` to ``target``.

    Args:
        source (Path): A folder of the release.
        target (Path): The folder where MMPose's files expect the images.
        how (str): ``'link'`` links to the folder, ``'copy'`` copies the
            images.

    Raises:
        FileNotFoundError: If an image cannot be copied.
        ValueError: If ``target`` exists and is not a link.
    """
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    if how == 'copy':
        try:
            shutil.copytree(
                source,
                target,
                ignore=shutil.ignore_patterns('*.pts'),
                copy_function=_copy_atomically,
                dirs_exist_ok=True,
            )
        except shutil.Error as error:
            name, _, reason = error.args[0][0]
            raise FileNotFoundError(f'{name} could not be copied: {reason}') from None
    elif target.exists():
        raise ValueError(f'{target} exists and is not a link; move it away, or give --images copy')
    else:
        target.symlink_to(source.resolve(), target_is_directory=True)


def _copy_atomically(source: str, target: str) -> None:
    with written_whole(target) as partial:
        shutil.copy2(source, partial)
