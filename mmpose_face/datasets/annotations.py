# SPDX-License-Identifier: Apache-2.0
"""The one annotation layout: COCO keypoints as MMPose's face files have it.

Every converter fills :class:`FaceRecord`; :func:`write_annotations` turns
records into a file that MMPose's own data set classes read, with the fields
``subsets`` (list of names) and ``occluded`` (a flag for each point) more per
face, and ``info`` on where it all came from.
"""
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..files import written_whole

# The face boxes of HRNet's and MMPose's files are in units of 200 pixels.
PIXEL_STD = 200.
# MMPose's files give ``bbox`` as the landmark box with this margin.
BBOX_MARGIN = 1.2


@dataclass(frozen=True)
class FaceRecord:
    """One annotated face.

    Args:
        file_name (str): Image, relative to the image folder.
        image_size (tuple[int, int]): Width and height in pixels.
        keypoints (np.ndarray): Points ``(K, 2)`` in pixels.
        subsets (tuple[str]): Benchmark subsets that the face belongs to.
        occluded (np.ndarray, optional): ``(K,)`` bool, which points are
            hidden, where the source says so.
    """

    file_name: str
    image_size: Tuple[int, int]
    keypoints: np.ndarray
    subsets: Tuple[str, ...] = ()
    occluded: Optional[np.ndarray] = None


def center_and_scale(keypoints: np.ndarray) -> Tuple[List[float], float]:
    """The benchmark's face box: the landmark box on whole pixels, square.

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


def write_annotations(path: Path, records: Sequence[FaceRecord],
                      info: Dict[str, object]) -> None:
    """Write the records as one JSON file; the same records give the same
    bytes.

    Args:
        path (Path): The file; it appears under this name only when it is
            complete.
        records (Sequence[FaceRecord]): The faces.
        info (dict): What to say of their source.
    """
    image_ids: Dict[str, int] = {}
    images, annotations = [], []
    for i, record in enumerate(records, start=1):
        if record.file_name not in image_ids:
            image_ids[record.file_name] = len(image_ids) + 1
            images.append(_image(image_ids[record.file_name], record))
        annotations.append(_annotation(i, image_ids[record.file_name], record))
    content = dict(
        info=info,
        categories=[dict(id=1, name='face', supercategory='person')],
        images=images,
        annotations=annotations)
    write_atomically(path, json.dumps(content).encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Write bytes through to the disk; see :func:`written_whole`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial, open(partial, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _image(image_id: int, record: FaceRecord) -> dict:
    width, height = record.image_size
    return dict(
        id=image_id, file_name=record.file_name, height=height, width=width)


def _annotation(ann_id: int, image_id: int, record: FaceRecord) -> dict:
    points = record.keypoints
    center, scale = center_and_scale(points)
    bbox = _bbox(points, record.image_size)
    visible = np.ones((len(points), 1))
    flags = {}
    if record.occluded is not None:
        flags['occluded'] = record.occluded.astype(int).tolist()
    return dict(
        id=ann_id,
        image_id=image_id,
        category_id=1,
        keypoints=np.hstack([points, visible]).ravel().tolist(),
        num_keypoints=len(points),
        bbox=bbox,
        area=bbox[2] * bbox[3],
        iscrowd=0,
        center=center,
        scale=scale,
        subsets=list(record.subsets),
        **flags)


def _bbox(points: np.ndarray, image_size: Tuple[int, int]) -> List[float]:
    """The landmark box with its margin, clipped to the image, as x, y, w, h
    in pixels."""
    low, high = points.min(0), points.max(0)
    margin = (high - low) * (BBOX_MARGIN - 1) / 2
    low = np.clip(low - margin, 0, image_size)
    high = np.clip(high + margin, 0, image_size)
    return [*low.tolist(), *(high - low).tolist()]
