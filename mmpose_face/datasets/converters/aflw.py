# SPDX-License-Identifier: Apache-2.0
"""AFLW-19: ``AFLWinfo_release.mat`` and AFLW's images to MMPose's
``face_landmarks_aflw_*.json``.

Zhu et al., "Unconstrained Face Alignment via Cascaded Compositional
Learning", CVPR 2016; images and rectangles of Koestinger et al., "Annotated
Facial Landmarks in the Wild", ICCV Workshops 2011.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from rich.progress import track

from ...landmarks import AFLW19
from ..annotations import FaceRecord, face_rect_box
from .matlab import check_flags, check_numbers, read_mat5, refuse
from .release import (
    ImageMode,
    Oddities,
    check_counts,
    check_own,
    find_file,
    image_sizes,
    place_images,
    write_parts,
)

CONVERTER, VERSION = 'mmpose_face aflw', 1

MAT = 'AFLWinfo_release.mat'
# Possible folders of the images below the release's root.
IMAGE_FOLDERS = ('flickr', 'data/flickr', 'aflw/data/flickr', 'images/flickr')

TRAIN, TEST, FRONTAL = (
    f'face_landmarks_aflw_{part}.json' for part in ('train', 'test', 'test_frontal')
)
COUNTS = {TRAIN: 20000, TEST: 4386, FRONTAL: 1314}
# Number of faces for training: the first ones of ``ra``.
TRAIN_FACES = COUNTS[TRAIN]


@dataclass(frozen=True)
class Faces:
    """The annotations of N faces, in the order of the file.

    Args:
        names (list[str]): File of each face's image, relative to ``flickr/``.
        points (np.ndarray): ``(N, 19, 2)`` in pixels.
        visible (np.ndarray): ``(N, 19)`` bool.
        rects (np.ndarray): Left, top, width and height ``(N, 4)``.
        order (np.ndarray): Indices ``(N,)`` of the faces, those for training
            first.
    """

    names: list[str]
    points: np.ndarray
    visible: np.ndarray
    rects: np.ndarray
    order: np.ndarray

    @property
    def frontal(self) -> np.ndarray:
        """``(N,)`` bool, True for faces without a hidden point."""
        return self.visible.all(axis=1)

    def parts(self) -> dict[str, np.ndarray]:
        """From each part of the benchmark to the indices of its faces."""
        test = self.order[TRAIN_FACES:]
        return {TRAIN: self.order[:TRAIN_FACES], TEST: test, FRONTAL: test[self.frontal[test]]}


def convert(
    raw: Path, out: Path, partial: bool = False, images: ImageMode = 'link'
) -> dict[str, int]:
    """Convert AFLW with the 19 points of ``AFLWinfo_release.mat``.

    Writes ``annotations/face_landmarks_aflw_{train,test,test_frontal}.json``
    and ``images/flickr/`` below ``out``. Nothing is written unless every face
    could be read. Coordinates are kept as they are.

    Args:
        raw (Path): Folder with ``AFLWinfo_release.mat``, also in a folder
            below it, and the images in ``flickr/`` or ``data/flickr/``.
        out (Path): Folder to write to.
        partial (bool): Whether to accept missing faces or images.
        images (str): ``'link'`` links to the release's folder, ``'copy'``
            copies the images.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is not an AFLW release or images are
            missing.
        ValueError: If the release is incomplete and ``partial`` is not set,
            or a file is damaged.
    """
    mat, source = _locate(raw)
    check_own(out, COUNTS, CONVERTER)
    faces = read_faces(mat)
    check_counts(
        raw, 'AFLW-19', {name: len(rows) for name, rows in faces.parts().items()}, COUNTS, partial
    )
    sizes = image_sizes(source, faces.names, partial)
    parts = _records(faces, sizes)
    place_images(source, out / 'images/flickr', images)
    info = dict(
        description='AFLW, 19 points',
        source='http://mmlab.ie.cuhk.edu.hk/projects/compositional.html',
        pixel_origin=None,  # not documented by the owner
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(out, parts, info, face_rect_box)


def read_faces(path: Path) -> Faces:
    """Read ``AFLWinfo_release.mat``.

    Args:
        path (Path): The file.

    Returns:
        Faces: The annotations in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or holds anything but faces; the
            message names variable and row.
    """
    content = read_mat5(path, ['nameList', 'bbox', 'data', 'mask_new', 'ra'])
    names = _names(path, content['nameList'])

    def numbers(name: str, columns: int) -> np.ndarray:
        return check_numbers(path, name, content[name], len(names), columns)

    k = AFLW19.num_points
    # A row has all x, then all y.
    points = numbers('data', 2 * k).reshape(len(names), 2, k).swapaxes(1, 2)
    return Faces(
        names=names,
        points=points,
        visible=check_flags(path, 'mask_new', numbers('mask_new', k)),
        rects=_rects(path, numbers('bbox', 4)),
        order=_order(path, content['ra'], len(names)),
    )


def _locate(raw: Path) -> tuple[Path, Path]:
    """The MATLAB file and the folder of the images."""
    mat = find_file(raw, MAT)
    folders = [raw / name for name in IMAGE_FOLDERS if (raw / name).is_dir()]
    if mat is None or not folders:
        raise FileNotFoundError(
            f'{raw} holds no AFLW release: expected {MAT} in it, and the '
            f'images in {" or ".join(IMAGE_FOLDERS)}'
        )
    return mat, folders[0]


def _names(path: Path, cells: np.ndarray) -> list[str]:
    if cells.dtype != object:
        raise ValueError(f'{path}: nameList is no array of cells, expected the names of the images')
    return [_name(path, row, cell) for row, cell in enumerate(cells.ravel(), start=1)]


def _name(path: Path, row: int, cell: np.ndarray) -> str:
    """The file name in a cell, which must be a path below the image folder."""
    name = str(cell.item()) if cell.dtype.kind == 'U' and cell.size == 1 else ''
    parts = PurePosixPath(name)
    if not parts.suffix or parts.is_absolute() or '..' in parts.parts:
        raise ValueError(
            f'{path}: row {row} of nameList: expected a name such as 0/image00002.jpg, got {name!r}'
        )
    return name


def _rects(path: Path, sides: np.ndarray) -> np.ndarray:
    """From left, right, top, bottom to left, top, width, height; an empty
    rectangle is refused, since its size is the normaliser."""
    left, right, top, bottom = sides.T
    empty = (right <= left) | (bottom <= top)
    refuse(path, 'bbox', empty[:, None].repeat(4, axis=1), sides, 'left < right and top < bottom')
    return np.stack([left, top, right - left, bottom - top], axis=1)


def _order(path: Path, ra: np.ndarray, number: int) -> np.ndarray:
    if isinstance(ra, np.ndarray):
        ra = ra.reshape(1, -1)
    order = check_numbers(path, 'ra', ra, 1, number)[0]
    if not np.array_equal(np.sort(order), np.arange(1, number + 1)):
        raise ValueError(f'{path}: ra is no permutation of 1 to {number}')
    return order.astype(int) - 1


def _records(faces: Faces, sizes: dict[str, tuple[int, int]]) -> dict[str, list[FaceRecord]]:
    """The faces of each part whose images exist."""
    oddities = Oddities()
    records: dict[int, FaceRecord] = {}
    parts = faces.parts()
    is_test = np.zeros(len(faces.names), bool)
    is_test[parts[TEST]] = True
    for row, name in enumerate(track(faces.names, 'reading AFLW')):
        if name in sizes:
            records[row] = _record(faces, row, sizes[name], is_test[row])
            oddities.check(f'{MAT} row {row + 1}', records[row])
    oddities.report('AFLW-19')
    return {part: [records[row] for row in rows if row in records] for part, rows in parts.items()}


def _record(faces: Faces, row: int, size: tuple[int, int], is_test: bool) -> FaceRecord:
    subsets: tuple[str, ...] = ()
    if is_test:
        subsets = ('full', 'frontal') if faces.frontal[row] else ('full',)
    return FaceRecord(
        file_name=f'flickr/{faces.names[row]}',
        image_size=size,
        keypoints=faces.points[row],
        subsets=subsets,
        occluded=~faces.visible[row],
        face_rect=tuple(faces.rects[row].tolist()),
    )
