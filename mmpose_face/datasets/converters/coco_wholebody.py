# SPDX-License-Identifier: Apache-2.0
"""COCO-WholeBody: the faces of its files, in the files' own layout.

Jin et al., "Whole-Body Human Pose Estimation in the Wild", ECCV 2020.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...landmarks import IBUG68
from ...logs import print_log
from ...text import shortened
from ..annotations import MAX_COORDINATE, FaceRecord, write_coco
from .release import (
    ImageMode,
    Oddities,
    check_counts,
    check_own,
    image_sizes,
    place_images,
    remove_stale,
)

CONVERTER, VERSION = 'mmpose_face coco_wholebody_face', 1

_FILE = 'coco_wholebody_{}_v1.0.json'
# Images of COCO 2017; the owner does not give the numbers of faces.
EXPECTED = dict(train=118287, val=5000)
# The fields of an annotation that MMPose's class reads.
_KEPT = ('id', 'image_id', 'category_id', 'iscrowd', 'face_box', 'face_kpts', 'face_valid')


def convert(
    raw: Path, out: Path, partial: bool = False, images: ImageMode = 'link'
) -> dict[str, int]:
    """Convert COCO-WholeBody's files into files with only its faces.

    Writes ``annotations/coco_wholebody_{train,val}_v1.0.json``, ``train2017/``
    and ``val2017/`` below ``out``. The files have the persons whose face is
    annotated (``face_valid``), with the fields of the face unchanged. Faces
    whose normaliser, the distance of the outer eye corners, is zero or not
    labelled are kept, counted, and listed in the file's ``info``.

    Args:
        raw (Path): Root of the release, with ``annotations/``,
            ``train2017/`` and ``val2017/``.
        out (Path): Folder to write to; not ``raw``.
        partial (bool): Whether to accept a missing file or missing images.
        images (str): ``'link'`` links to the folders of images, ``'copy'``
            copies them.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is not a release, or images are missing and
            ``partial`` is not set.
        ValueError: If the release is incomplete and ``partial`` is not set,
            a file or an image is damaged, or a file of the release or of
            another source would be overwritten.
    """
    files = _locate(raw)
    _refuse_the_release(out, files)
    check_own(out, map(_FILE.format, EXPECTED), CONVERTER)
    contents = {part: read_file(path) for part, path in files.items()}
    found = {part: len(c['images']) for part, c in contents.items()}
    check_counts(raw, 'COCO-WholeBody (images)', found, EXPECTED, partial)
    folders, chosen = {}, {}
    for part, content in contents.items():
        folders[part] = _image_folder(raw, part)
        chosen[part] = _faces(files[part], content, folders[part], part, partial)
    counts = {}
    for part in EXPECTED:
        path = out / 'annotations' / _FILE.format(part)
        if part not in chosen:
            remove_stale(path)
            continue
        place_images(folders[part], out / f'{part}2017', images)
        write_coco(path, *chosen[part])
        counts[path.name] = len(chosen[part][-1])
    return counts


def read_file(path: Path) -> dict:
    """Read one of the release's files and check the fields that are used.

    Args:
        path (Path): The file.

    Returns:
        dict: Its content: ``images`` with ``id``, ``file_name``, ``width``
        and ``height``; ``annotations`` with the fields of a face.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has another form; the message names the file,
            the entry and what was expected.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path} is not a JSON file: {error}') from None
    for key in ('images', 'annotations'):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise ValueError(f'{path}: expected an object with a list "{key}"')
    images: set[int] = set()
    faces: set[int] = set()
    for number, image in enumerate(content['images']):
        _check_image(f'{path}: image {number}', image, images)
        images.add(image['id'])
    for number, ann in enumerate(content['annotations']):
        _check_face(f'{path}: annotation {number}', ann, images, faces)
        faces.add(ann['id'])
    return content


def _refuse_the_release(out: Path, files: dict[str, Path]) -> None:
    for part, path in files.items():
        target = out / 'annotations' / _FILE.format(part)
        if target.exists() and target.samefile(path):
            raise ValueError(f'{target} is the file of the release: choose another --out')


def _check_image(place: str, image, others: set) -> None:
    if not (
        isinstance(image, dict)
        and isinstance(image.get('id'), int)
        and isinstance(image.get('file_name'), str)
        and image['file_name'].isprintable()
        and all(isinstance(image.get(key), int) and image[key] > 0 for key in ('width', 'height'))
    ):
        raise ValueError(f'{place}: expected id, file_name, width and height')
    if image['id'] in others:
        raise ValueError(f'{place}: the id {image["id"]} occurs twice')


def _check_face(place: str, ann, image_ids: set, others: set) -> None:
    if not isinstance(ann, dict) or any(key not in ann for key in _KEPT):
        raise ValueError(f'{place}: expected the fields {", ".join(_KEPT)}')
    if not isinstance(ann['id'], int) or ann['id'] in others:
        raise ValueError(f'{place}: expected an id of its own, got {ann["id"]!r}')
    if not isinstance(ann['image_id'], int) or ann['image_id'] not in image_ids:
        raise ValueError(f'{place}: expected the id of an image, got {ann["image_id"]!r}')
    if not ann['face_valid']:
        return
    for key, length in (('face_box', 4), ('face_kpts', 3 * IBUG68.num_points)):
        if not _are_numbers(ann[key], length):
            raise ValueError(f'{place}: expected {length} finite numbers for {key}')


def _are_numbers(values, length: int) -> bool:
    # This also refuses infinity and NaN.
    return (
        isinstance(values, list)
        and len(values) == length
        and all(isinstance(v, (int, float)) and abs(v) < MAX_COORDINATE for v in values)
    )


def _faces(
    path: Path, content: dict, folder: Path, part: str, partial: bool
) -> tuple[dict, list[dict], list[dict]]:
    """The info, images and faces to write for one file."""
    images = {image['id']: image for image in content['images']}
    valid = [ann for ann in content['annotations'] if ann['face_valid']]
    there = image_sizes(folder, [images[a['image_id']]['file_name'] for a in valid], partial)
    subsets = ['val'] if part == 'val' else []
    faces, empty, oddities = [], 0, Oddities()
    for ann in valid:
        image = images[ann['image_id']]
        if image['file_name'] not in there:
            continue
        if max(ann['face_kpts']) <= 0:
            empty += 1
            continue
        oddities.check(f'annotation {ann["id"]}', _record(image, ann))
        faces.append(dict({key: ann[key] for key in _KEPT}, subsets=subsets))
    if empty:
        print_log(
            f'{path}: {empty} faces are marked as valid but have no points: left out', 'current'
        )
    oddities.report(path.name)
    used = {face['image_id'] for face in faces}
    return (
        _info(path, faces),
        [image for image in content['images'] if image['id'] in used],
        faces,
    )


def _record(image: dict, ann: dict) -> FaceRecord:
    """The labelled points of a face; all points if none is labelled."""
    points = np.reshape(ann['face_kpts'], (-1, 3))
    labelled = points[points[:, 2] > 0] if (points[:, 2] > 0).any() else points
    return FaceRecord(
        image['file_name'],
        (image['width'], image['height']),
        labelled[:, :2],
        face_rect=tuple(ann['face_box']),
    )


def _info(path: Path, faces: Sequence[dict]) -> dict:
    unscored = [face['id'] for face in faces if not _has_normalizer(face)]
    if unscored:
        print_log(
            f'{path}: {len(unscored)} faces whose outer eye corners coincide '
            f'or are not labelled, kept (annotations {shortened(unscored)})',
            'current',
        )
    return dict(
        description='COCO-WholeBody, faces, 68 points (iBUG)',
        source='https://github.com/jin-s13/COCO-WholeBody',
        pixel_origin=0,
        without_normalizer=unscored,
        converter=CONVERTER,
        converter_version=VERSION,
    )


def _has_normalizer(face: dict) -> bool:
    points = np.reshape(face['face_kpts'], (-1, 3))
    a, b = points[list(IBUG68.ocular_indices)]
    return a[2] > 0 and b[2] > 0 and (a[:2] != b[:2]).any()


def _locate(raw: Path) -> dict[str, Path]:
    files = {}
    for part in EXPECTED:
        for folder in (raw / 'annotations', raw):
            if (folder / _FILE.format(part)).is_file():
                files[part] = folder / _FILE.format(part)
                break
    if not files:
        raise FileNotFoundError(
            f'{raw} holds no COCO-WholeBody release: expected '
            f'{raw / "annotations" / _FILE.format("train")} and ..._val_...'
        )
    return files


def _image_folder(raw: Path, part: str) -> Path:
    for folder in (raw / f'{part}2017', raw / 'images' / f'{part}2017'):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f'{raw} holds no images of COCO 2017: expected {raw / f"{part}2017"}')
