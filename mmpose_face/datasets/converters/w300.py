# SPDX-License-Identifier: Apache-2.0
"""300-W: the release's folders to MMPose's ``face_landmarks_300w_*.json``.

Sagonas et al., "300 faces in-the-wild challenge: database and results",
Image and Vision Computing 47 (2016).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.progress import track

from ...logs import print_log
from ..annotations import FaceRecord
from ..image_files import image_size
from .pts import read_pts
from .release import ImageMode, Oddities, check_counts, check_own, place_images, write_parts

_IMAGE_SUFFIXES = ('.jpg', '.png', '.jpeg')

CONVERTER, VERSION = 'mmpose_face 300w', 1


@dataclass(frozen=True)
class Folder:
    """A folder of the release.

    Args:
        raw (tuple[str]): Its possible paths below the release's root.
        name (str): Its path below ``images/`` in MMPose's files.
        faces (int): Number of faces in the complete release.
        subsets (tuple[str]): Test subsets of its faces; none for training.
    """

    raw: tuple[str, ...]
    name: str
    faces: int
    subsets: tuple[str, ...] = ()


_COMMON, _CHALLENGE = ('common', 'full'), ('challenge', 'full')

FOLDERS = (
    Folder(('afw',), 'afw', 337),
    Folder(('helen/trainset',), 'helen/trainset', 2000),
    Folder(('lfpw/trainset',), 'lfpw/trainset', 811),
    Folder(('helen/testset',), 'helen/testset', 330, _COMMON),
    Folder(('lfpw/testset',), 'lfpw/testset', 224, _COMMON),
    Folder(('ibug',), 'ibug', 135, _CHALLENGE),
    Folder(('300W/01_Indoor', 'Test/01_Indoor', '01_Indoor'), 'Test/01_Indoor', 300, ('test',)),
    Folder(('300W/02_Outdoor', 'Test/02_Outdoor', '02_Outdoor'), 'Test/02_Outdoor', 300, ('test',)),
)

# From file name to its subset; '' stands for training.
_FILES = {
    'face_landmarks_300w_train.json': '',
    'face_landmarks_300w_valid.json': 'full',
    'face_landmarks_300w_valid_common.json': 'common',
    'face_landmarks_300w_valid_challenge.json': 'challenge',
    'face_landmarks_300w_test.json': 'test',
}


def convert(
    raw: Path,
    out: Path,
    partial: bool = False,
    origin: Literal[0, 1] = 1,
    images: ImageMode = 'link',
) -> dict[str, int]:
    """Convert a 300-W release.

    Writes ``annotations/face_landmarks_300w_{train,valid,valid_common,
    valid_challenge,test}.json`` and ``images/`` below ``out``. Nothing is
    written unless every face could be read.

    Args:
        raw (Path): Root of the release, with ``afw/``, ``helen/``,
            ``lfpw/``, ``ibug/`` and ``300W/``.
        out (Path): Folder to write to.
        partial (bool): Whether to accept missing faces.
        origin (int): Number of the first pixel in the annotations: 1, as in
            MMPose's and HRNet's files, keeps the release's coordinates; 0
            subtracts 1 from them, so that they fit the loaded image.
        images (str): ``'link'`` links to the release's folders, ``'copy'``
            copies the images.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is not a 300-W release or an image is
            missing.
        ValueError: If the release is incomplete and ``partial`` is not set,
            a file is damaged, or ``out`` has annotations of another source.
    """
    sources = _locate(raw)
    check_own(out, _FILES, CONVERTER)
    _check_counts(raw, sources, partial)
    parts: dict[str, list[FaceRecord]] = {name: [] for name in _FILES}
    oddities = Oddities()
    for folder, source, pts in _with_progress(sources):
        record = _read_face(folder, source, pts, origin)
        oddities.check(str(pts), record)
        for name, subset in _FILES.items():
            if subset in (folder.subsets or ('',)):
                parts[name].append(record)
    oddities.report('300-W')

    for folder, (source, _) in sources.items():
        place_images(source, out / 'images' / folder.name, images)
    info = dict(
        description='300-W, 68 points (iBUG)',
        source='https://ibug.doc.ic.ac.uk/resources/300-W/',
        pixel_origin=origin,
        converter=CONVERTER,
        converter_version=VERSION,
    )
    return write_parts(out, parts, info)


def _locate(raw: Path) -> dict[Folder, tuple[Path, list[Path]]]:
    """From each folder of the release to its path and its ``.pts`` files."""
    if not raw.is_dir():
        raise FileNotFoundError(f'{raw} is not a folder; expected the root of the 300-W release')
    found = {}
    for folder in FOLDERS:
        for candidate in folder.raw:
            # Skip the hidden copies that macOS makes; their names begin with a dot.
            pts = sorted((raw / candidate).glob('[!.]*.pts'))
            if pts:
                found[folder] = (raw / candidate, pts)
                break
    if not found:
        raise FileNotFoundError(
            f'{raw} holds no 300-W release: expected .pts files in '
            f'{", ".join(folder.raw[0] for folder in FOLDERS)}'
        )
    return found


def _check_counts(raw: Path, sources: dict, partial: bool) -> None:
    found = {folder.raw[0]: len(pts) for folder, (_, pts) in sources.items()}
    expected = {folder.raw[0]: folder.faces for folder in FOLDERS}
    check_counts(raw, '300-W', found, expected, partial)
    for source, pts in sources.values():
        left_out = _images_without_points(source, pts)
        if left_out:
            print_log(
                f'{source}: {len(left_out)} images have no .pts and are left '
                f'out: {", ".join(sorted(left_out))}',
                'current',
            )


def _images_without_points(source: Path, pts: list[Path]) -> set[str]:
    annotated = {path.stem for path in pts}
    return {
        path.name
        for path in source.iterdir()
        if path.suffix.lower() in _IMAGE_SUFFIXES and path.stem not in annotated
    }


def _with_progress(sources: dict):
    faces = [(folder, source, path) for folder, (source, pts) in sources.items() for path in pts]
    return track(faces, description='reading 300-W')


def _read_face(folder: Folder, source: Path, pts: Path, origin: int) -> FaceRecord:
    image = _image_of(pts)
    return FaceRecord(
        file_name=f'{folder.name}/{image.relative_to(source).as_posix()}',
        image_size=image_size(image),
        keypoints=read_pts(pts) - (1 - origin),
        subsets=folder.subsets,
    )


def _image_of(pts: Path) -> Path:
    for suffix in _IMAGE_SUFFIXES:
        for candidate in (pts.with_suffix(suffix), pts.with_suffix(suffix.upper())):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(
        f'{pts} has no image beside it: expected {pts.with_suffix(".jpg")} or .png'
    )
