# SPDX-License-Identifier: Apache-2.0
"""The one annotation layout: COCO keypoints as in MMPose's face files.

Every converter makes :class:`FaceRecord` objects, and
:func:`write_annotations` writes them to a file that MMPose's own data set
classes read. It has more fields for each face: ``subsets`` (list of names)
and, if the release has them, ``occluded`` (a flag for each point),
``face_rect`` (the release's own rectangle) and ``box_size`` (the normaliser,
if that is the size of a box). ``info`` describes the source.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from ..files import written_whole

# Unit of the face boxes of HRNet's and MMPose's files, in pixels.
PIXEL_STD = 200.0
# In MMPose's files ``bbox`` is the landmark box enlarged by this factor.
BBOX_MARGIN = 1.2

# Pixels; larger coordinates are refused.
MAX_COORDINATE = 1e6

Rect = tuple[float, float, float, float]


class AnnotationError(ValueError):
    """An annotation file of another form; the message names the file."""


#: Errors of readers of annotations, MMPose's and COCO's too, for a file of
#: another kind.
READER_ERRORS = (
    AssertionError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class FaceRecord:
    """One annotated face.

    Args:
        file_name (str): Image, relative to the image folder.
        image_size (tuple[int, int]): Width and height in pixels.
        keypoints (np.ndarray): Points ``(K, 2)`` in pixels.
        subsets (tuple[str]): Benchmark subsets that the face belongs to.
        occluded (np.ndarray, optional): ``(K,)`` bool, which points are
            hidden, if the source has it.
        face_rect (tuple[float], optional): Left, top, width and height of
            the release's rectangle, in pixels.
        visibility (np.ndarray, optional): ``(K,)``, the third number of
            COCO's keypoints. Defaults to 1, labelled, for every point.
    """

    file_name: str
    image_size: tuple[int, int]
    keypoints: np.ndarray
    subsets: tuple[str, ...] = ()
    occluded: np.ndarray | None = None
    face_rect: Rect | None = None
    visibility: np.ndarray | None = None


# From a face to the fields of its box.
BoxFields = Callable[[FaceRecord], dict]


def center_and_scale(keypoints: np.ndarray) -> tuple[list[float], float]:
    """The benchmark's face box: a square around the landmarks, on whole pixels.

    The rule of HRNet's and MMPose's annotation files: with
    ``x0 = floor(min x)``, ``x1 = ceil(max x)`` and the same for y, the centre
    is the middle of the box and the scale its longer side over 200.

    Args:
        keypoints (np.ndarray): Points ``(K, 2)`` in pixels.

    Returns:
        tuple[list[float], float]: Centre x and y in pixels; scale, in units
        of 200 pixels.
    """
    low, high = np.floor(keypoints.min(0)), np.ceil(keypoints.max(0))
    center = (low + high) / 2
    return center.tolist(), float((high - low).max() / PIXEL_STD)


def landmark_box(record: FaceRecord) -> dict:
    """300-W and WFLW: ``center`` and ``scale`` by :func:`center_and_scale`,
    ``bbox`` the landmark box with its margin."""
    center, scale = center_and_scale(record.keypoints)
    return dict(center=center, scale=scale, bbox=_landmark_bbox(record))


def face_rect_box(record: FaceRecord) -> dict:
    """AFLW: ``center`` and ``scale`` of the release's rectangle, whose longer
    side, ``box_size``, is also the normaliser."""
    x, y, w, h = _face_rect(record)
    size = float(max(w, h))
    return dict(
        center=[x + w / 2, y + h / 2],
        scale=size / PIXEL_STD,
        box_size=size,
        bbox=_landmark_bbox(record),
    )


def face_rect_bbox(record: FaceRecord) -> dict:
    """COFW: ``bbox`` is the release's rectangle, which starts in the image."""
    x, y, w, h = _face_rect(record)
    return dict(bbox=[max(x, 0.0), max(y, 0.0), w, h])


def write_annotations(
    path: Path,
    records: Sequence[FaceRecord],
    info: Mapping[str, object],
    box_fields: BoxFields = landmark_box,
    first_id: int = 1,
) -> None:
    """Write faces as a JSON file; the same faces give the same bytes.

    Args:
        path (Path): The file; it appears only when it is complete.
        records (Sequence[FaceRecord]): The faces.
        info (dict): Description of their source.
        box_fields (Callable): From a face to the fields of its box.
        first_id (int): Id of the first face and of the first image.
    """
    image_ids: dict[str, int] = {}
    images, annotations = [], []
    for i, record in enumerate(records, start=first_id):
        if record.file_name not in image_ids:
            image_ids[record.file_name] = len(image_ids) + first_id
            images.append(_image(image_ids[record.file_name], record))
        annotations.append(
            {
                **_annotation(i, image_ids[record.file_name], record),
                **_with_area(box_fields(record)),
            }
        )
    write_coco(path, info, images, annotations)


def write_coco(
    path: Path, info: Mapping[str, object], images: list[dict], annotations: list[dict]
) -> None:
    """Write a COCO file of faces; see :func:`write_atomically`."""
    content = dict(
        info=info,
        categories=[dict(id=1, name='face', supercategory='person')],
        images=images,
        annotations=annotations,
    )
    write_atomically(path, json.dumps(content).encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file and flush it to the disk; see :func:`written_whole`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial, open(partial, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _image(image_id: int, record: FaceRecord) -> dict:
    width, height = record.image_size
    return dict(id=image_id, file_name=record.file_name, height=height, width=width)


def _annotation(ann_id: int, image_id: int, record: FaceRecord) -> dict:
    points = record.keypoints
    visibility = record.visibility
    if visibility is None:
        visibility = np.ones(len(points))
    more = {}
    if record.occluded is not None:
        more['occluded'] = record.occluded.astype(int).tolist()
    if record.face_rect is not None:
        more['face_rect'] = [float(value) for value in record.face_rect]
    return dict(
        id=ann_id,
        image_id=image_id,
        category_id=1,
        keypoints=np.column_stack([points, visibility]).ravel().tolist(),
        num_keypoints=len(points),
        iscrowd=0,
        subsets=list(record.subsets),
        **more,
    )


def _face_rect(record: FaceRecord) -> Rect:
    if record.face_rect is None:
        raise ValueError(f"{record.file_name}: expected a face with the release's rectangle")
    return record.face_rect


def _with_area(fields: dict) -> dict:
    _, _, width, height = fields['bbox']
    return dict(fields, area=width * height)


def _landmark_bbox(record: FaceRecord) -> list[float]:
    """The landmark box with its margin, clipped to the image, as x, y, w, h
    in pixels."""
    low, high = record.keypoints.min(0), record.keypoints.max(0)
    margin = (high - low) * (BBOX_MARGIN - 1) / 2
    low = np.clip(low - margin, 0, record.image_size)
    high = np.clip(high + margin, 0, record.image_size)
    return [*low.tolist(), *(high - low).tolist()]
