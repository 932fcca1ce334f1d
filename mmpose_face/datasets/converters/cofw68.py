# SPDX-License-Identifier: Apache-2.0
"""COFW68: the 68 points of COFW's test faces to ``cofw68_test.json``.

Ghiasi and Fowlkes, "Occlusion Coherence: Detecting and Localizing Occluded
Faces", arXiv:1506.08347.
"""

import re
from pathlib import Path
from typing import Literal

import numpy as np
from rich.progress import track

from ...landmarks import IBUG68
from ...logs import print_log
from ...text import shortened
from ..annotations import FaceRecord
from .cofw import TEST, StoredImage, image_name, stored_images, write_images
from .matlab import check_flags, check_numbers, open_mat73, read_mat5
from .release import Oddities, check_counts, check_own, find_file, write_parts

CONVERTER, VERSION = 'mmpose_face cofw68', 1

FILE = 'cofw68_test.json'
_FOLDER, _BOXES = 'test_annotations', 'cofw68_test_bboxes.mat'
_POINTS = re.compile(r'(\d+)_points\.mat')

Face = tuple[FaceRecord, StoredImage]


def convert(
    raw: Path, out: Path, partial: bool = False, origin: Literal[0, 1] = 1
) -> dict[str, int]:
    """Convert the 68-point annotations of COFW's test faces.

    Writes ``images/001346.png`` and so on, as the COFW converter does, and
    then ``annotations/cofw68_test.json``, below ``out``.

    Args:
        raw (Path): Folder with ``test_annotations/<i>_points.mat``,
            ``cofw68_test_bboxes.mat`` and COFW's ``COFW_test_color.mat``,
            also in folders below it.
        out (Path): Folder to write to.
        partial (bool): Whether to accept missing faces.
        origin (int): Number of the first pixel in the annotations: 1 keeps
            the release's coordinates, as in the files of 300-W, whose models
            this test is for; 0 subtracts 1 from them. The face rectangles are
            kept in any case.

    Returns:
        dict[str, int]: Number of faces in the file written.

    Raises:
        FileNotFoundError: If a part of the release is missing.
        ValueError: If the release is incomplete and ``partial`` is not set,
            or a file is damaged.
    """
    check_own(out, [FILE], CONVERTER)
    points = _locate_points(raw)
    boxes = _locate(raw, _BOXES)
    rects = check_numbers(boxes, 'bboxes', read_mat5(boxes, ['bboxes'])['bboxes'], columns=4)
    with open_mat73(_locate(raw, TEST.mat)) as file:
        images = stored_images(file, f'Is{TEST.suffix}')
        found = {_FOLDER: len(points), _BOXES: len(rects), TEST.mat: len(images)}
        check_counts(raw, 'COFW68', found, dict.fromkeys(found, TEST.faces), partial)
        faces = _faces(points, rects, images, origin)
        write_images(out, *zip(*faces))
    info = dict(
        description='COFW68, 68 points (iBUG) of the test faces of COFW',
        source='https://github.com/golnazghiasi/cofw68-benchmark',
        pixel_origin=origin,
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(
        out, {FILE: [record for record, _ in faces]}, info, first_ids={FILE: TEST.first}
    )


def _locate(raw: Path, name: str) -> Path:
    found = find_file(raw, name)
    if found is None:
        raise FileNotFoundError(
            f'{raw} is no COFW68 release with its images: expected {name} in it'
        )
    return found


def _locate_points(raw: Path) -> dict[int, Path]:
    """From the number of a face to the file of its points."""
    folder = _locate(raw, '*_points.mat').parent
    found = {}
    # Skip the hidden copies that macOS makes; their names begin with a dot.
    for path in sorted(folder.glob('[!.]*_points.mat')):
        match = _POINTS.fullmatch(path.name)
        number = int(match[1]) if match else 0
        if not 1 <= number <= TEST.faces or number in found:
            raise ValueError(
                f'{path}: expected a name from 1_points.mat to '
                f'{TEST.faces}_points.mat, each number once'
            )
        found[number] = path
    return found


def _faces(
    points: dict[int, Path], rects: np.ndarray, images: list[StoredImage], origin: int
) -> list[Face]:
    oddities, faces = Oddities(), []
    numbers = _complete(points, min(len(rects), len(images)))
    for number in track(numbers, 'reading COFW68'):
        path, image = points[number], images[number - 1]
        record = _record(path, number, image, rects[number - 1], origin)
        oddities.check(path.name, record)
        oddities.check_copies(path.name, record)
        faces.append((record, image))
    oddities.report('COFW68')
    return faces


def _complete(points: dict[int, Path], there: int) -> list[int]:
    """Numbers of the faces with points, an image and a box."""
    left_out = [path for number, path in points.items() if number > there]
    if len(left_out) == len(points):
        raise ValueError(
            f'{left_out[0].parent}: none of its faces has an '
            f'image in {TEST.mat} and a box in {_BOXES}'
        )
    if left_out:
        print_log(
            f'{len(left_out)} faces have no image or no box and are left '
            f'out: {shortened([path.name for path in left_out])}',
            'current',
        )
    return [number for number in sorted(points) if number <= there]


def _record(
    path: Path, number: int, image: StoredImage, rect: np.ndarray, origin: int
) -> FaceRecord:
    content = read_mat5(path, ['Points', 'Occ'])
    points = check_numbers(path, 'Points', content['Points'], IBUG68.num_points, 2)
    occluded = content['Occ']
    if occluded.shape == (1, IBUG68.num_points):
        occluded = occluded.T
    occluded = check_flags(path, 'Occ', check_numbers(path, 'Occ', occluded, IBUG68.num_points, 1))
    return FaceRecord(
        file_name=image_name(TEST.first + number - 1),
        image_size=image.size,
        keypoints=points - (1 - origin),
        subsets=TEST.subsets,
        occluded=occluded[:, 0],
        face_rect=tuple(rect.tolist()),
    )
