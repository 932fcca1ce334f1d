# SPDX-License-Identifier: Apache-2.0
"""A small release of each benchmark, and its converter."""

from pathlib import Path

import coco_files
import pytest
import wflw_files
from conftest import make_release
from matlab_files import aflw_rows, write_aflw, write_cofw

from mmpose_face.datasets import converters
from mmpose_face.datasets.converters import aflw


def raw_300w(root):
    make_release(
        root, {'afw': 4, 'helen/testset': 2, 'lfpw/testset': 1, 'ibug': 1, '300W/01_Indoor': 2}
    )
    return dict(full=4, common=3, challenge=1, test=2)


def raw_wflw(root):
    line = wflw_files.line
    wflw_files.make_release(
        root,
        train=[line(seed=i) for i in range(4)],
        test=[
            line('1--H/b.jpg', 4, flags='100010'),
            line('1--H/b.jpg', 5, flags='000010'),
            line('1--H/c.jpg', 6, flags='000000'),
        ],
    )
    return dict(test=3, pose=1, illumination=0, occlusion=2, blur=0, makeup=0, expression=0)


def raw_cofw(root):
    write_cofw(root / 'COFW_train_color.mat', 'Tr', 4)
    write_cofw(root / 'COFW_test_color.mat', 'T', 2)
    return dict(test=2)


def raw_aflw(root):
    write_aflw(root, aflw_rows(10))
    return dict(full=4, frontal=2)


def raw_coco(root):
    person = coco_files.person
    coco_files.make_release(
        root,
        train=[person(i) for i in range(1, 5)],
        val=[person(5), person(6, face_valid=False), person(7, 2)],
    )
    return dict(val=2)


RAW = {
    '300w': (raw_300w, converters.convert_300w),
    'wflw': (raw_wflw, converters.convert_wflw),
    'cofw': (raw_cofw, converters.convert_cofw),
    'aflw': (raw_aflw, converters.convert_aflw),
    'coco_wholebody_face': (raw_coco, converters.convert_coco_wholebody_face),
}


def make_benchmark(name: str, folder: Path) -> dict[str, int]:
    """Write a release and convert it.

    Args:
        name (str): A key of :data:`RAW`.
        folder (Path): Folder to write to: ``raw`` gets the release, ``name``
            the converted data with 4 training faces (AFLW: 6).

    Returns:
        dict[str, int]: Number of test faces of each column of the table.
    """
    make, convert = RAW[name]
    columns = make(folder / 'raw')
    with pytest.MonkeyPatch.context() as patch:
        # The first of AFLW's ten faces.
        patch.setattr(aflw, 'TRAIN_FACES', 6)
        convert(folder / 'raw', folder / name, partial=True)
    return columns
