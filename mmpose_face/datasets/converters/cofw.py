# SPDX-License-Identifier: Apache-2.0
"""COFW: the release's two MATLAB files to images and MMPose's
``cofw_{train,test}.json``.

Burgos-Artizzu et al., "Robust face landmark estimation under occlusion",
ICCV 2013.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from rich.progress import track

from ...images.writing import write_image
from ...landmarks import COFW29
from ..annotations import FaceRecord, face_rect_bbox
from .matlab import check_flags, open_mat73, read_cell, read_cells, read_numbers, refuse
from .release import Oddities, check_counts, check_own, find_file, write_parts

if TYPE_CHECKING:
    import h5py

CONVERTER, VERSION = 'mmpose_face cofw', 1


@dataclass(frozen=True)
class Part:
    """One of the release's files.

    Args:
        mat (str): Name of the file.
        suffix (str): End of the names of its variables.
        json (str): Name of the annotations to write.
        faces (int): Number of faces in the complete release.
        first (int): Number of the first face; as in MMPose's files, the
            numbers of the test continue those of the training.
        subsets (tuple[str]): Test subsets of its faces; none for training.
    """

    mat: str
    suffix: str
    json: str
    faces: int
    first: int
    subsets: tuple[str, ...] = ()


TRAIN = Part('COFW_train_color.mat', 'Tr', 'cofw_train.json', 1345, 1)
TEST = Part('COFW_test_color.mat', 'T', 'cofw_test.json', 507, 1346, ('test',))
PARTS = (TRAIN, TEST)


@dataclass(frozen=True)
class StoredImage:
    """An image in a MATLAB file, RGB or grey, that is not read yet.

    Args:
        mat (str): The file.
        variable (str): Name of the cell array.
        row (int): Number of the cell, from 1.
        cell (h5py.Dataset): The cell, ``(3, W, H)`` or ``(W, H)``.
    """

    mat: str
    variable: str
    row: int
    cell: 'h5py.Dataset'

    def __post_init__(self):
        # The shape of a cell without content is None.
        shape = (self.cell.shape or ())[::-1]
        if (
            len(shape) not in (2, 3)
            or 0 in shape
            or shape[2:] not in ((), (3,))
            or self.cell.dtype != np.uint8
        ):
            raise ValueError(
                f'{self.mat}: row {self.row} of {self.variable} is '
                f'{" x ".join(map(str, shape))} {self.cell.dtype}, expected '
                'an image: H x W x 3 or H x W uint8'
            )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.cell.shape[-2:]

    def read(self) -> np.ndarray:
        """The image ``(H, W, 3)``, BGR."""
        image = np.ascontiguousarray(read_cell(self.mat, self.variable, self.row, self.cell))
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)


def convert(
    raw: Path, out: Path, partial: bool = False, origin: Literal[0, 1] = 0
) -> dict[str, int]:
    """Convert a COFW release.

    Writes ``images/000001.png`` and so on, and then
    ``annotations/cofw_{train,test}.json``, below ``out``.

    Args:
        raw (Path): Folder with ``COFW_train_color.mat`` and
            ``COFW_test_color.mat``, also in folders below it.
        out (Path): Folder to write to.
        partial (bool): Whether to accept missing faces.
        origin (int): Number of the first pixel in the annotations: 0, as in
            MMPose's files, subtracts 1 from the release's coordinates; 1
            keeps them. The face rectangles are kept in any case.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is not a COFW release.
        ValueError: If the release is incomplete and ``partial`` is not set,
            or a file is damaged.
    """
    check_own(out, [part.json for part in PARTS], CONVERTER)
    with ExitStack() as stack:
        files = {part: stack.enter_context(open_mat73(path)) for part, path in _locate(raw).items()}
        images = {part: stored_images(file, f'Is{part.suffix}') for part, file in files.items()}
        check_counts(
            raw,
            'COFW',
            {p.mat: len(images[p]) for p in files},
            {p.mat: p.faces for p in PARTS},
            partial,
        )
        records = _records(files, images, origin)
        for part in files:
            write_images(out, records[part], images[part])
    info = dict(
        description='COFW, 29 points',
        source='https://data.caltech.edu/records/20099',
        pixel_origin=origin,
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(
        out,
        {p.json: records.get(p, []) for p in PARTS},
        info,
        face_rect_bbox,
        {p.json: p.first for p in PARTS},
    )


def image_name(number: int) -> str:
    """Name of an image; numbers are from 1 in training, from 1346 in the test."""
    return f'{number:06d}.png'


def stored_images(file: 'h5py.File', variable: str) -> list[StoredImage]:
    """The images of a file, which are not read yet.

    Args:
        file (h5py.File): The open file.
        variable (str): Its cell array of images.

    Raises:
        ValueError: If a cell is not an image; the message names its row.
    """
    return [
        StoredImage(file.filename, variable, row, cell)
        for row, cell in enumerate(read_cells(file, variable), start=1)
    ]


def write_images(out: Path, records: Sequence[FaceRecord], images: Sequence[StoredImage]) -> None:
    """Write the images as PNG files under the names of the faces.

    Args:
        out (Path): The folder above ``images/``.
        records (Sequence[FaceRecord]): The faces.
        images (Sequence[StoredImage]): The image of each.
    """
    folder = out / 'images'
    folder.mkdir(parents=True, exist_ok=True)
    pairs = list(zip(records, images))
    for record, image in track(pairs, 'writing images'):
        write_image(folder / record.file_name, image.read())


def _locate(raw: Path) -> dict[Part, Path]:
    found = {part: path for part in PARTS if (path := find_file(raw, part.mat))}
    if not found:
        raise FileNotFoundError(f'{raw} holds no COFW release: expected {TRAIN.mat} and {TEST.mat}')
    return found


def _records(
    files: dict[Part, 'h5py.File'], images: dict[Part, list[StoredImage]], origin: int
) -> dict[Part, list[FaceRecord]]:
    oddities = Oddities()
    records = {part: _records_of(part, file, images[part], origin) for part, file in files.items()}
    for part in files:
        for row, record in enumerate(records[part], start=1):
            oddities.check(f'{part.mat} row {row}', record)
            oddities.check_copies(f'{part.mat} row {row}', record)
    oddities.report('COFW')
    return records


def _records_of(
    part: Part, file: 'h5py.File', images: list[StoredImage], origin: int
) -> list[FaceRecord]:
    points, occluded = _points(part, file, len(images))
    rects = _rects(part, file, [image.size for image in images])
    return [
        FaceRecord(
            file_name=image_name(part.first + i),
            image_size=image.size,
            keypoints=points[i] - (1 - origin),
            subsets=part.subsets,
            occluded=occluded[i],
            face_rect=tuple(rects[i].tolist()),
            visibility=2 - occluded[i],
        )
        for i, image in enumerate(images)
    ]


def _points(part: Part, file: 'h5py.File', number: int) -> tuple[np.ndarray, np.ndarray]:
    """Points ``(N, 29, 2)`` in pixels, the first of which is 1; and occlusion
    ``(N, 29)`` bool."""
    name, k = f'phis{part.suffix}', COFW29.num_points
    phis = read_numbers(file, name, number, 3 * k)
    occluded = check_flags(file.filename, f'{name} (occlusion)', phis[:, 2 * k :])
    return np.stack([phis[:, :k], phis[:, k : 2 * k]], axis=-1), occluded


def _rects(part: Part, file: 'h5py.File', sizes: list[tuple[int, int]]) -> np.ndarray:
    """Left, top, width and height ``(N, 4)``. Models crop the face by this
    rectangle, so it must have an area in the image."""
    name = f'bboxes{part.suffix}'
    rects = read_numbers(file, name, len(sizes), 4)
    start = np.maximum(rects[:, :2], 0)
    end = np.minimum(rects[:, :2] + rects[:, 2:], np.array(sizes) - 1)
    empty = (start >= end).any(axis=1, keepdims=True).repeat(4, axis=1)
    refuse(
        file.filename,
        name,
        empty,
        rects,
        'a rectangle x, y, width, height with an area in the image',
    )
    return rects
