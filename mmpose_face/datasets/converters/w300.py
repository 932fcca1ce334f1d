# SPDX-License-Identifier: Apache-2.0
"""300-W: the release's folders to MMPose's ``face_landmarks_300w_*.json``.

Sagonas et al., "300 faces in-the-wild challenge: database and results",
Image and Vision Computing 47 (2016).
"""
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Literal, Set, Tuple

from mmengine.logging import print_log
from rich.progress import track

from ...files import written_whole
from ..annotations import FaceRecord, write_annotations
from ..image_files import image_size
from .pts import read_pts

_IMAGE_SUFFIXES = ('.jpg', '.png', '.jpeg')

VERSION = 1


@dataclass(frozen=True)
class Folder:
    """A folder of the release.

    Args:
        raw (tuple[str]): Where it may stand below the release's root.
        name (str): Where MMPose's files expect it, below ``images/``.
        faces (int): How many faces the complete release has there.
        subsets (tuple[str]): Test subsets of its faces; none for training.
    """

    raw: Tuple[str, ...]
    name: str
    faces: int
    subsets: Tuple[str, ...] = ()


_COMMON, _CHALLENGE = ('common', 'full'), ('challenge', 'full')

FOLDERS = (
    Folder(('afw', ), 'afw', 337),
    Folder(('helen/trainset', ), 'helen/trainset', 2000),
    Folder(('lfpw/trainset', ), 'lfpw/trainset', 811),
    Folder(('helen/testset', ), 'helen/testset', 330, _COMMON),
    Folder(('lfpw/testset', ), 'lfpw/testset', 224, _COMMON),
    Folder(('ibug', ), 'ibug', 135, _CHALLENGE),
    Folder(('300W/01_Indoor', 'Test/01_Indoor', '01_Indoor'), 'Test/01_Indoor',
           300, ('test', )),
    Folder(('300W/02_Outdoor', 'Test/02_Outdoor', '02_Outdoor'),
           'Test/02_Outdoor', 300, ('test', )),
)

# File name part -> the subset that it holds; '' stands for training.
_FILES = dict(
    train='',
    valid='full',
    valid_common='common',
    valid_challenge='challenge',
    test='test')


def convert(raw: Path,
            out: Path,
            partial: bool = False,
            origin: Literal[0, 1] = 1,
            images: Literal['link', 'copy'] = 'link') -> Dict[str, int]:
    """Convert a 300-W release.

    Writes ``annotations/face_landmarks_300w_{train,valid,valid_common,
    valid_challenge,test}.json`` and ``images/`` below ``out``. Nothing is
    written unless every face could be read.

    Args:
        raw (Path): Root of the release, with ``afw/``, ``helen/``,
            ``lfpw/``, ``ibug/`` and ``300W/``.
        out (Path): Where to write.
        partial (bool): Go on when faces of the release are missing.
        origin (int): 1 keeps the release's coordinates, whose first pixel is
            1, as MMPose's and HRNet's files do; 0 subtracts 1 from them, so
            that they fit the pixel grid of the loaded image.
        images (str): ``'link'`` links to the release's folders, ``'copy'``
            copies the images.

    Returns:
        dict[str, int]: Number of faces in each file written.

    Raises:
        FileNotFoundError: If ``raw`` is no 300-W release or an image is
            missing.
        ValueError: If the release is incomplete and ``partial`` is not set,
            or a file is damaged.
    """
    sources = _locate(raw)
    _check_counts(raw, sources, partial)
    records: Dict[str, List[FaceRecord]] = {part: [] for part in _FILES}
    for folder, source, pts in _with_progress(sources):
        record = _read_face(folder, source, pts, origin)
        for part, subset in _FILES.items():
            if subset in (folder.subsets or ('', )):
                records[part].append(record)

    for folder, (source, _) in sources.items():
        _place_images(source, out / 'images' / folder.name, images)
    info = dict(
        description='300-W, 68 points (iBUG)',
        source='https://ibug.doc.ic.ac.uk/resources/300-W/',
        pixel_origin=origin,
        converter='mmpose_face 300w',
        converter_version=VERSION)
    counts = {}
    for part, faces in records.items():
        path = out / 'annotations' / f'face_landmarks_300w_{part}.json'
        if faces:
            write_annotations(path, faces, info)
            counts[path.name] = len(faces)
        elif path.exists():
            print_log(
                f'removing {path} of an earlier run: this release has no '
                'faces for it', 'current')
            path.unlink()
    return counts


def _locate(raw: Path) -> Dict[Folder, Tuple[Path, List[Path]]]:
    """Where each folder of the release is, and its ``.pts`` files."""
    if not raw.is_dir():
        raise FileNotFoundError(f'{raw} is not a folder; expected the root '
                                'of the 300-W release')
    found = {}
    for folder in FOLDERS:
        for candidate in folder.raw:
            # A leading dot marks the copies that macOS keeps of its own.
            pts = sorted((raw / candidate).glob('[!.]*.pts'))
            if pts:
                found[folder] = (raw / candidate, pts)
                break
    if not found:
        raise FileNotFoundError(
            f'{raw} holds no 300-W release: expected .pts files in '
            f'{", ".join(folder.raw[0] for folder in FOLDERS)}')
    return found


def _check_counts(raw: Path, sources: dict, partial: bool) -> None:
    rows, complete = [], True
    for folder in FOLDERS:
        number = len(sources[folder][1]) if folder in sources else 0
        complete &= number == folder.faces
        rows.append(f'    {folder.raw[0]:<16} found {number:>4}, '
                    f'expected {folder.faces:>4}')
    if complete:
        return
    table = '\n'.join(rows)
    if not partial:
        raise ValueError(
            f'{raw} is not the complete 300-W release:\n{table}\n'
            'Give --partial to convert what is there; figures measured on it '
            'are then not those of the benchmark.')
    print_log(f'converting an incomplete 300-W release:\n{table}', 'current')
    for source, pts in sources.values():
        left_out = _images_without_points(source, pts)
        if left_out:
            print_log(
                f'{source}: {len(left_out)} images have no .pts and are left '
                f'out: {", ".join(sorted(left_out))}', 'current')


def _images_without_points(source: Path, pts: List[Path]) -> Set[str]:
    annotated = {path.stem for path in pts}
    return {
        path.name
        for path in source.iterdir() if path.suffix.lower() in _IMAGE_SUFFIXES
        and path.stem not in annotated
    }


def _with_progress(sources: dict):
    faces = [(folder, source, path)
             for folder, (source, pts) in sources.items() for path in pts]
    return track(faces, description='reading 300-W')


def _read_face(folder: Folder, source: Path, pts: Path,
               origin: int) -> FaceRecord:
    image = _image_of(pts)
    return FaceRecord(
        file_name=f'{folder.name}/{image.relative_to(source).as_posix()}',
        image_size=image_size(image),
        keypoints=read_pts(pts) - (1 - origin),
        subsets=folder.subsets)


def _image_of(pts: Path) -> Path:
    for suffix in _IMAGE_SUFFIXES:
        for candidate in (pts.with_suffix(suffix),
                          pts.with_suffix(suffix.upper())):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(
        f'{pts} has no image beside it: expected {pts.with_suffix(".jpg")} '
        'or .png')


def _place_images(source: Path, target: Path, how: str) -> None:
    """Make ``target`` hold the images of ``source``."""
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    if how == 'copy':
        shutil.copytree(
            source,
            target,
            ignore=shutil.ignore_patterns('*.pts'),
            copy_function=_copy_whole,
            dirs_exist_ok=True)
    elif target.exists():
        raise ValueError(f'{target} exists and is not a link; move it away, '
                         'or give --images copy')
    else:
        target.symlink_to(source.resolve(), target_is_directory=True)


def _copy_whole(source: str, target: str) -> None:
    with written_whole(target) as partial:
        shutil.copy2(source, partial)
