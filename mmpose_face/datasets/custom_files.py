# SPDX-License-Identifier: Apache-2.0
"""Checks of a user's COCO file, entry by entry."""

import json
from collections.abc import Sequence
from typing import Any

from mmengine import fileio

from ..landmarks import Scheme
from .annotations import MAX_COORDINATE, AnnotationError

# COCO's visibility of a point: not labelled, labelled but hidden, visible.
UNLABELLED, HIDDEN, SEEN = 0, 1, 2


def read_checked(path: str, scheme: Scheme) -> dict[str, Any]:
    """Read a COCO file of faces; refuse content that MMPose would not read or
    would misread.

    Args:
        path (str): The file.
        scheme (Scheme): The scheme of its K points.

    Returns:
        dict: Its content.

    Raises:
        AnnotationError: If the file has another form; the message names the
            file, the entry and what was expected.
    """
    try:
        content = json.loads(fileio.get(path))
    except (RecursionError, ValueError) as error:
        raise AnnotationError(f'{path} is not a JSON file: {error}') from None
    try:
        images, annotations = (_entries(content, part) for part in ('images', 'annotations'))
        for image in images:
            _check_entry(image, 'image', _check_image)
        known = {image['id'] for image in images}
        for ann in annotations:
            _check_entry(ann, 'annotation', _check_annotation, known, scheme)
            if 'categories' in content and 'category_id' not in ann:
                raise AnnotationError(
                    f'annotation {ann["id"]}: expected its category_id, since there are categories'
                )
        _check_categories(content.get('categories'), scheme)
    except AnnotationError as error:
        raise AnnotationError(f'{path}: {error}') from None
    return content


def says_hidden(content: dict[str, Any]) -> bool:
    """Whether visibility 1 means hidden, as in COCO. If no point of the file has
    visibility 2, 1 only means labelled."""
    return any(SEEN in ann.get('keypoints', ())[2::3] for ann in content['annotations'])


def _entries(content: Any, part: str) -> list[dict]:
    entries = content.get(part) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and type(entry.get('id')) is int for entry in entries
    ):
        raise AnnotationError(
            'expected COCO\'s {"images": [...], "annotations": [...]}, each '
            f'entry with an id that is a whole number; {part} is none'
        )
    seen: set = set()
    for entry in entries:
        if entry['id'] in seen:
            raise AnnotationError(f'{part}: expected each id once, {entry["id"]} occurs again')
        seen.add(entry['id'])
    return entries


def _check_entry(entry: dict, kind: str, check, *args) -> None:
    try:
        check(entry, *args)
    except AnnotationError as error:
        raise AnnotationError(f'{kind} {entry["id"]}: {error}') from None


def _check_image(image: dict) -> None:
    name = image.get('file_name')
    if not isinstance(name, str) or not name:
        raise AnnotationError(f'expected file_name, got {name!r}')
    for side in ('width', 'height'):
        if not _are_numbers([image.get(side)], 1) or image[side] <= 0:
            raise AnnotationError(f'expected {side} in pixels, got {image.get(side)!r}')


def _check_annotation(ann: dict, images: set, scheme: Scheme) -> None:
    image_id = ann.get('image_id')
    if type(image_id) is not int or image_id not in images:
        raise AnnotationError(
            f'expected image_id to be the id of one of the images, got {image_id!r}'
        )
    if 'keypoints' not in ann:
        return  # not a face; it is left out and counted
    k, points = scheme.num_points, ann['keypoints']
    if not _are_numbers(points, 3 * k):
        raise AnnotationError(
            f'expected keypoints of {3 * k} numbers, x, y and visibility of '
            f'each of the {k} points of {scheme.name}, got {_short(points)}'
        )
    odd = set(points[2::3]) - {UNLABELLED, HIDDEN, SEEN}
    if odd:
        raise AnnotationError(f'expected 0, 1 or 2 as visibility of a point, got {min(odd)}')
    if 'bbox' in ann and (not _are_numbers(ann['bbox'], 4) or min(ann['bbox'][2:]) <= 0):
        raise AnnotationError(
            f'expected bbox as left, top, width and height in pixels, got {_short(ann["bbox"])}'
        )
    if 'box_size' in ann and (not _are_numbers([ann['box_size']], 1) or ann['box_size'] <= 0):
        raise AnnotationError(f'expected box_size in pixels, got {_short(ann["box_size"])}')
    if 'occluded' in ann and not (
        _are_numbers(ann['occluded'], k) and set(ann['occluded']) <= {0, 1}
    ):
        raise AnnotationError(
            f'expected occluded with 0 or 1 for each of the '
            f'{k} points, got {_short(ann["occluded"])}'
        )


def _check_categories(categories: Any, scheme: Scheme) -> None:
    """Refuse named points whose number or order is not that of the scheme."""
    for category in categories if isinstance(categories, list) else ():
        names = category.get('keypoints') if isinstance(category, dict) else None
        if not isinstance(names, list) or not names:
            continue
        if len(names) != scheme.num_points:
            raise AnnotationError(
                f'the category {category.get("name")} has {len(names)} '
                f'keypoints, expected the {scheme.num_points} of '
                f'{scheme.name}'
            )
        same = set(map(str, names)) == set(scheme.points)
        if same and tuple(names) != scheme.points:
            first = next(i for i, name in enumerate(names) if name != scheme.points[i])
            raise AnnotationError(
                f'the category {category.get("name")} has the points of '
                f'{scheme.name} in another order: point {first} is '
                f'{names[first]}, expected {scheme.points[first]}'
            )


def _are_numbers(values: Any, number: int) -> bool:
    """Whether it is a list of that many numbers in the range of coordinates."""
    return (
        isinstance(values, (list, tuple))
        and len(values) == number
        and all(
            isinstance(value, (int, float)) and -MAX_COORDINATE <= value <= MAX_COORDINATE
            for value in values
        )
    )


def _short(value: Any) -> str:
    if isinstance(value, Sequence) and len(value) > 6:
        return f'{len(value)}: {str(value[:3])[:60]}...'
    return repr(value)[:100]
