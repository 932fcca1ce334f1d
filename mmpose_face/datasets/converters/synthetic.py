# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces as files, in the layout of MMPose's WFLW."""

from pathlib import Path

from rich.progress import track

from ...images.writing import write_image
from ...synthesis import SyntheticFace, check, render_face
from ..annotations import FaceRecord
from ..synthetic_names import ALL, face_file_name
from .release import check_own, write_parts
from .wflw import PART_FILES, SUBSET_FILES

CONVERTER, VERSION = 'mmpose_face synthetic', 1


def write(
    out: Path, train: int = 2500, test: int = 500, seed: int = 0, size: int = 256
) -> dict[str, int]:
    """Write synthetic faces as images and annotations.

    Writes ``annotations/face_landmarks_wflw_{train,test}.json``, the six
    subsets of the test as ``face_landmarks_wflw_test_{largepose,...}.json``,
    and ``images/`` below ``out``.

    Args:
        out (Path): Folder to write to.
        train (int): Number of faces for training.
        test (int): Number of faces for the test; their seed is ``seed + 1``.
        seed (int): Seed of the collection.
        size (int): Width and height of the images in pixels.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        ValueError: If a number is out of range, or ``out`` has annotations of
            another source.
    """
    if min(train, test) < 1:
        raise ValueError(f'expected at least one face of each part, got {train} and {test}')
    check(seed, size, None)
    check_own(out, (*PART_FILES.values(), *SUBSET_FILES.values()), CONVERTER)
    faces = _write_images(out, test, seed + 1, size)
    parts = {PART_FILES['train']: _write_images(out, train, seed, size), PART_FILES['test']: faces}
    for subset, name in SUBSET_FILES.items():
        parts[name] = [face for face in faces if subset in face.subsets]
    info = dict(
        description='Synthetic faces, 98 points (WFLW)',
        source='mmpose_face.synthesis',
        pixel_origin=0,
        seed=seed,
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(out, parts, info)


def _write_images(out: Path, number: int, seed: int, size: int) -> list[FaceRecord]:
    (out / 'images' / str(seed)).mkdir(parents=True, exist_ok=True)
    records = []
    for i in track(range(number), f'drawing {number} faces'):
        face = render_face(seed, i, size)
        name = f'{seed}/{face_file_name(i)}'
        write_image(out / 'images' / name, face.image)
        records.append(_record(face, name))
    return records


def _record(face: SyntheticFace, name: str) -> FaceRecord:
    height, width = face.image.shape[:2]
    return FaceRecord(name, (width, height), face.keypoints, (ALL, *face.attributes), face.occluded)
