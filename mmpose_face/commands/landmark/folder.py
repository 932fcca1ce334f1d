# SPDX-License-Identifier: Apache-2.0
"""Landmarks of an image, or of all images of a folder, as files."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from ...images.reading import SUFFIXES, images_in, read_image
from ...inference.faces import Faces
from ...inference.landmarking import Landmarker
from .options import Options, Summary, progress, refuse_to_overwrite
from .outputs import json_list_written_whole, read_json, table_written_whole, write_json

_TABLE = 'landmarks.csv'  # the table of a folder


def landmark_image(
    source: Path, landmarker: Landmarker, options: Options, made_by: dict[str, Any]
) -> Summary:
    image = read_image(source)
    boxes = None if options.boxes is None else _read_boxes(options.boxes, list)
    out = options.out
    if out.suffix.lower() not in SUFFIXES or out.is_dir():
        out = out / source.name
    if options.draw:
        refuse_to_overwrite(out, source)
    out.parent.mkdir(parents=True, exist_ok=True)
    found = landmarker(image, boxes, 'bgr')
    drawing = out if options.draw else None
    json_path = options.json or out.with_name(f'{out.name}.json')
    csv_path = options.csv or out.with_name(f'{out.name}.csv')
    result = _write_result(found, str(source), drawing, json_path, options, made_by)
    with table_written_whole(csv_path, landmarker.scheme) as table:
        for face in result['faces']:
            table.add(str(source), face)
    summary = Summary('image')
    summary.count(found)
    summary.files += map(str, filter(None, (drawing, json_path, csv_path)))
    return summary


def landmark_folder(
    source: Path, landmarker: Landmarker, options: Options, made_by: dict[str, Any]
) -> Summary:
    paths = images_in(source)
    out = options.out
    inside = source.resolve() in (out.resolve(), *out.resolve().parents)
    if options.draw and inside:
        raise ValueError(
            f'{out} is in {source}: the next run would read its drawings '
            'as images; choose another folder'
        )
    given = None
    names = [path.relative_to(source).as_posix() for path in paths]
    if options.boxes is not None:
        given = _read_boxes(options.boxes, dict)
        _check_names(given, names, options.boxes)
    made_by = {**made_by, **_drawing_settings(options)}
    todo = [
        path
        for path, name in zip(paths, names)
        if not _is_done(path, out / name, given, made_by, options.draw)
    ]
    summary = Summary('image', skipped=len(paths) - len(todo))
    failed: dict[Path, str] = {}
    with progress() as bar:
        task = bar.add_task('landmarks', total=len(todo))
        for path, found in _landmark_each(todo, source, landmarker, given, failed):
            name = path.relative_to(source)
            drawing = out / name
            drawing.parent.mkdir(parents=True, exist_ok=True)
            _write_result(
                found,
                name.as_posix(),
                drawing if options.draw else None,
                _json_path(drawing),
                options,
                made_by,
            )
            summary.count(found)
            bar.update(task, completed=summary.done + len(failed))
    summary.failures += failed.values()
    _write_collected(
        [_json_path(out / name) for path, name in zip(paths, names) if path not in failed],
        landmarker,
        options,
        summary,
    )
    return summary


def _landmark_each(
    paths: Sequence[Path],
    root: Path,
    landmarker: Landmarker,
    given: dict | None,
    failed: dict[Path, str],
) -> Iterator[tuple[Path, Faces]]:
    """The faces of each readable image; the errors of the others go to
    ``failed``."""
    reading: deque[Path] = deque()

    def images() -> Iterator[np.ndarray]:
        for path in paths:
            try:
                image = read_image(path)
            except (OSError, ValueError) as error:
                failed[path] = str(error)
                continue
            reading.append(path)
            yield image

    if given is None:
        for found in landmarker.stream(images(), channels='bgr'):
            yield reading.popleft(), found
        return
    for image in images():
        path = reading.popleft()
        try:
            boxes = given[path.relative_to(root).as_posix()]
            yield path, landmarker(image, boxes, 'bgr')
        except ValueError as error:
            failed[path] = f'{path}: {error}'


def _json_path(drawing: Path) -> Path:
    return drawing.with_name(f'{drawing.name}.json')


def _write_result(
    found: Faces,
    name: str,
    drawing: Path | None,
    json_path: Path,
    options: Options,
    made_by: dict[str, Any],
) -> dict[str, Any]:
    """Draw, then write the JSON file, which marks the image as done."""
    if drawing is not None:
        found.draw(drawing, options.low_score, boxes=True)
    result = {**found.to_dict(), 'image': name, 'made_by': made_by}
    json_path.parent.mkdir(parents=True, exist_ok=True)
    write_json(json_path, result)
    return result


def _drawing_settings(options: Options) -> dict[str, Any]:
    return dict(low_score=options.low_score) if options.draw else {}


def _is_done(
    path: Path, drawing: Path, given: dict | None, made_by: dict[str, Any], draw: bool
) -> bool:
    """Whether an image's results exist, are complete, are from the same
    landmarker and are not older than the image."""
    result = _json_path(drawing)
    content = read_json(result)
    if given is not None or content is None or 'faces' not in content:
        return False
    if content.get('made_by') != made_by or (draw and not drawing.is_file()):
        return False
    return result.stat().st_mtime >= path.stat().st_mtime


def _write_collected(
    results: list[Path], landmarker: Landmarker, options: Options, summary: Summary
) -> None:
    """Write all results of a folder, old and new, as one table and, with
    ``options.json``, as one JSON file."""
    csv_path = options.csv or options.out / _TABLE
    csv_path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        table = files.enter_context(table_written_whole(csv_path, landmarker.scheme))
        images = None
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            head = dict(scheme=landmarker.scheme.name)
            images = files.enter_context(json_list_written_whole(options.json, head, 'images'))
        for content in filter(None, map(read_json, results)):
            for face in content['faces']:
                table.add(content['image'], face)
            if images:
                images.add(content)
    summary.files += map(str, filter(None, (csv_path, options.json, options.out)))


def _read_boxes(path: Path, kind: type) -> Any:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise FileNotFoundError(f'boxes {path} not found') from None
    except (ValueError, RecursionError):
        raise ValueError(f'{path} is not JSON') from None
    if not isinstance(content, kind):
        expected = (
            'a list of boxes' if kind is list else 'a list of boxes for each image, by its path'
        )
        raise ValueError(
            f'{path}: expected {expected}, left, top, right and '
            f'bottom, got a {type(content).__name__}'
        )
    return content


def _check_names(given: dict, names: list[str], path: Path) -> None:
    for one, other, what in (
        (names, given, 'has no boxes of'),
        (given, names, 'has boxes of a missing image,'),
    ):
        missing = [name for name in one if name not in other]
        if missing:
            raise ValueError(
                f'{path} {what} {missing[0]}'
                + (f' and {len(missing) - 1} more' if missing[1:] else '')
            )
