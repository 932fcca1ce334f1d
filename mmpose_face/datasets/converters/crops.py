# SPDX-License-Identifier: Apache-2.0
"""Copies of converted data sets with a small image for each face, which loaders
decode in less time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from ...files import write_whole
from ...images.boxes import landmark_bounds, square
from ...images.reading import read_image
from ..annotations import PIXEL_STD, write_atomically

# Image folders of the data sets.
_IMAGE_FOLDERS = ('images', 'train2017', 'val2017')
# Fields of the annotations: left, top, width and height; and x, y and
# visibility of each point.
_BOXES = ('bbox', 'face_box', 'face_rect')
_POINTS = ('keypoints', 'face_kpts')


def cut_faces(data: Path, out: Path, margin: float = 3.0, quality: int = 95) -> dict[str, int]:
    """Cut the faces of a converted data set out of its images.

    Writes the same annotation files, with an image for each face. The images
    are JPEG files: PNG takes longer to decode than the original photographs.

    Args:
        data (Path): The folder above ``annotations/``, as the converters
            write it.
        out (Path): The folder to write, with the same layout.
        margin (float): Side of the image in longer sides of the face's box. Of
            several boxes (the benchmark's, the release's, that of the
            landmarks) the image holds each with its margin. Defaults to 3,
            enough for every row: boxes are padded by 1.25, and the widest
            augmentation, that of the STAR rows, enlarges them by up to 1.4,
            turns them by up to 72 degrees and moves them by up to 0.2 of
            their side: 1.25 * (1.4 * 2**0.5 + 2 * 0.2) = 2.97.
        quality (int): JPEG quality, 1 to 100. Defaults to 95.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If there is no annotation file, or an image is
            missing.
        ValueError: If a file was not written by a converter, ``out`` has
            annotations already, ``margin`` is not finite or less than 1,
            ``quality`` is out of range, or an image is truncated or unreadable.
    """
    if not 1 <= margin < math.inf:
        raise ValueError(f'margin must be finite and at least 1, got {margin}')
    if not 1 <= quality <= 100:
        raise ValueError(f'quality must be 1 to 100, got {quality}')
    if (out / 'annotations').exists():
        raise ValueError(f'{out} has annotations already: choose another --out')
    paths = sorted((data / 'annotations').glob('*.json'))
    if not paths:
        raise FileNotFoundError(f'{data / "annotations"} has no annotation file')
    cutter = _Cutter(data, out, margin, quality)
    contents = {path.name: cutter.cut(path) for path in paths}
    # Last, so that annotations exist only when all images do.
    for name, content in contents.items():
        write_atomically(out / 'annotations' / name, json.dumps(content).encode())
    return {name: len(content['annotations']) for name, content in contents.items()}


class _Cutter:
    """Cuts the faces of several annotation files, each once."""

    def __init__(self, data: Path, out: Path, margin: float, quality: int) -> None:
        self._data, self._out, self._margin, self._quality = data, out, margin, quality
        self._written: set[Path] = set()
        self._opened = Path(), np.empty(0)  # the image that was read last

    def cut(self, path: Path) -> dict:
        """Write the images of a file's faces; return its new content."""
        content = _read(path)
        sources = {image['id']: image['file_name'] for image in content['images']}
        images, annotations = [], []
        for ann in track(content['annotations'], path.name):
            image, moved = self._cut_face(sources[ann['image_id']], ann)
            images.append(image)
            annotations.append(moved)
        return dict(content, images=images, annotations=annotations)

    def _cut_face(self, source: str, ann: dict) -> tuple[dict, dict]:
        """The entries of a face's image and of the face in it."""
        path = self._image_path(source)
        pixels = self._pixels(path)
        height, width = pixels.shape[:2]
        left, top, right, bottom = _region(ann, self._margin, width, height)
        name = f'{source}_{left}_{top}_{right}_{bottom}.jpg'
        target = self._out / path.relative_to(self._data).parent / Path(name).name
        if target not in self._written:
            target.parent.mkdir(parents=True, exist_ok=True)
            quality = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
            _, coded = cv2.imencode('.jpg', pixels[top:bottom, left:right], quality)
            write_whole(target, coded.tobytes())
            self._written.add(target)
        image = dict(id=ann['id'], file_name=name, width=right - left, height=bottom - top)
        return image, dict(_moved(ann, left, top), image_id=ann['id'])

    def _image_path(self, name: str) -> Path:
        paths = [self._data / folder / name for folder in _IMAGE_FOLDERS]
        for path in paths:
            if path.exists():
                return path
        raise FileNotFoundError(f'image {paths[0]} not found')

    def _pixels(self, path: Path) -> np.ndarray:
        if self._opened[0] != path:
            self._opened = path, read_image(path)
        return self._opened[1]


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_bytes())
        written_by = content['info']['converter']
    except (KeyError, RecursionError, TypeError, ValueError):
        written_by = ''
    if not str(written_by).startswith('mmpose_face '):
        raise ValueError(f'{path}: expected annotation files that tools/prepare_data.py wrote')
    return content


def _region(ann: dict, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a face's image in whole pixels; right and
    bottom are outside. It has at least one pixel."""
    squares = [square(box, (margin - 1) / 2) for box in _boxes(ann)]
    low = np.floor(np.min([center - side / 2 for center, side in squares], 0))
    high = np.ceil(np.max([center + side / 2 for center, side in squares], 0)) + 1
    size = np.array([width, height])
    low = np.clip(low, 0, size - 1)
    high = np.clip(high, low + 1, size)
    return (*low.astype(int).tolist(), *high.astype(int).tolist())


def _boxes(ann: dict) -> Iterator[np.ndarray]:
    """Every box that a crop can be made from: left, top, right and bottom."""
    boxes = dict(ann)
    if 'center' in ann:  # in place of bbox
        center, half = np.array(ann['center']), ann['scale'] * PIXEL_STD / 2
        yield np.concatenate([center - half, center + half])
        del boxes['bbox']
    for x, y, w, h in (boxes[name] for name in _BOXES if name in boxes):
        yield np.array([x, y, x + w, y + h])
    for points in (np.reshape(ann[name], (-1, 3)) for name in _POINTS if name in ann):
        yield landmark_bounds(points[points[:, 2] > 0, :2])


def _moved(ann: dict, left: int, top: int) -> dict:
    """The annotation in an image whose first pixel is at ``left`` and ``top``."""
    moved = dict(ann)
    for name in ('center', *_BOXES):
        if name in ann:
            x, y, *size = ann[name]
            moved[name] = [x - left, y - top, *size]
    for name in _POINTS:
        if name in ann:
            # Also unlabelled points: the normaliser may need them.
            points = np.reshape(ann[name], (-1, 3)) - (left, top, 0)
            moved[name] = points.ravel().tolist()
    return moved
