# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import REPO, run_python, run_script
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_face.datasets import Face300W, SyntheticFaces, scheme_metainfo
from mmpose_face.landmarks import AFLW19
from mmpose_face.visualization import browse_dataset

GAP = 4
GREY, PAPER = 60, 128


class Faces:
    """A data set of grey images, 200 x 160, with points on a grid."""

    metainfo = parse_pose_metainfo(scheme_metainfo('grid', AFLW19))

    def __init__(self, *fields: dict) -> None:
        self.fields = fields

    def __len__(self) -> int:
        return len(self.fields)

    def get_data_info(self, i: int) -> dict:
        return {
            **dict(
                img_path=f'face_{i}.png',
                img=np.full((160, 200, 3), GREY, np.uint8),
                bbox=np.array([[50.0, 40, 150, 140]], np.float32),
                keypoints=grid()[None],
                keypoints_visible=np.ones((1, 19), np.float32),
            ),
            **self.fields[i],
        }


def grid() -> np.ndarray:
    """Points 20 pixels apart, all in the box."""
    i = np.arange(19)
    return np.stack([60 + 20 * (i % 5), 50 + 20 * (i // 5)], 1).astype('f4')


def in_cell(x: float, y: float, side: int) -> tuple:
    """Row and column at which a cell shows a pixel: the box, whose middle is
    (100, 90), has 1 / 1.3 of the cell's side."""
    scale = side / 1.3 / 100
    row = (side - 1) / 2 + scale * (y - 90)
    column = (side - 1) / 2 + scale * (x - 100)
    return round(row), round(column)


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path))


def is_red(pixels: np.ndarray) -> np.ndarray:
    return (pixels[..., 2] > 150) & (pixels[..., :2] < 60).all(-1)


def size_of(columns: int, rows: int, side: int) -> tuple:
    return (rows * (side + GAP) - GAP, columns * (side + GAP) - GAP, 3)


@pytest.mark.parametrize('faces,columns,rows', [(7, 3, 3), (6, 3, 2), (2, 2, 1), (50, 3, 4)])
def test_size_and_number_of_cells(tmp_path, faces, columns, rows):
    """Of 10 faces; a cell holds a face, the rest of the sheet is white."""
    (path,) = browse_dataset(Faces(*[{}] * 10), tmp_path, faces, columns=3, side=50)
    assert path == tmp_path / 'grid_all.png'
    sheet = read(path)
    assert sheet.shape == size_of(columns, rows, 50)
    corners = sheet[49 :: 50 + GAP, :: 50 + GAP].reshape(-1, 3)
    assert np.count_nonzero((corners < 255).any(1)) == min(faces, 10)
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_face_is_around_its_box(tmp_path):
    """The cell is 130 pixels wide for a box of 100, so that nothing is
    scaled: from pixel 35.5 to 164.5 and from 25.5 to 154.5."""
    image = np.full((160, 200, 3), GREY, np.uint8)
    image[:100] = 200
    sheet = read(browse_dataset(Faces(dict(img=image)), tmp_path, side=130)[0])
    assert (sheet[in_cell(40, 97, 130)] == 200).all()
    assert (sheet[in_cell(40, 102, 130)] == GREY).all()
    for x, y in (50, 135), (150, 135), (145, 40), (145, 140):  # the box
        row, column = in_cell(x, y, 130)
        near = sheet[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3)
        assert (near == (0, 255, 255)).all(1).any()


@pytest.mark.parametrize('side', [130, 260, 65])
def test_pixels_and_points_move_together(tmp_path, side):
    """A white spot appears where points of the same place are drawn."""
    image = np.full((160, 200, 3), GREY, np.uint8)
    x, y = 140, 120
    image[y - 3 : y + 4, x - 3 : x + 4] = 255
    nowhere = np.full((1, 19, 2), np.nan, np.float32)
    sheet = read(
        browse_dataset(Faces(dict(img=image, keypoints=nowhere)), tmp_path, side=side)[0]
    ).astype(float)
    row, column = in_cell(x, y, side)
    spot = sheet[row - 8 : row + 9, column - 8 : column + 9, 0]
    spot = np.maximum(spot - GREY - 20, 0)
    offsets = np.arange(-8, 9)
    for axis in (0, 1):
        off = (spot.sum(axis) * offsets).sum() / spot.sum()
        assert off == pytest.approx(0, abs=0.6)


def test_occluded_points_look_otherwise(tmp_path):
    occluded = np.zeros((1, 19), bool)
    occluded[0, 16] = True  # (80, 110); no line goes there
    plain, marked = (
        read(browse_dataset(Faces(f), tmp_path, side=260)[0]) for f in ({}, dict(occluded=occluded))
    )
    row, column = in_cell(80, 110, 260)
    changed = np.argwhere((plain != marked).any(2))
    assert np.abs(changed - (row, column)).max() <= 6
    around = slice(row - 6, row + 7), slice(column - 6, column + 7)
    assert is_red(marked[around]).sum() >= 6
    assert not is_red(plain).any()


def test_points_without_a_label_are_not_drawn(tmp_path):
    visible = np.ones((1, 19), np.float32)
    visible[0, 18] = 0  # (120, 110)
    plain, without = (
        read(browse_dataset(Faces(f), tmp_path, side=130)[0])
        for f in ({}, dict(keypoints_visible=visible))
    )
    at = in_cell(120, 110, 130)
    assert (without[at] == GREY).all() and (plain[at] != GREY).any()


def test_subsets(tmp_path):
    """Faces are told apart by their grey; 1 is in two subsets."""
    subsets = [('test',), ('test', 'pose'), ('test',), ('odd/../name',)]
    faces = Faces(
        *[
            dict(subsets=subset, img=np.full((160, 200, 3), 100 + 10 * i, np.uint8))
            for i, subset in enumerate(subsets)
        ]
    )
    paths = browse_dataset(faces, tmp_path, side=60, name='of_mine')
    assert [path.name for path in paths] == [
        'of_mine_test.png',
        'of_mine_pose.png',
        'of_mine_odd-..-name.png',
    ]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    corners = [read(path)[59, :: 60 + GAP, 0].tolist() for path in paths]
    assert corners == [[100, 110, 120], [110], [130]]


def test_the_choice_depends_on_the_seed_alone(tmp_path):
    faces = SyntheticFaces(num_faces=12, seed=3, size=64)

    def sheets(folder, seed):
        paths = browse_dataset(faces, tmp_path / folder, faces=4, side=48, seed=seed)
        return {path.name: path.read_bytes() for path in paths}

    first = sheets('a', seed=0)
    assert 'synthetic_test.png' in first
    assert sheets('b', seed=0) == first
    assert sheets('c', seed=1)['synthetic_test.png'] != first['synthetic_test.png']


OUTSIDE = {
    'points outside': dict(keypoints=np.full((1, 19, 2), -500, np.float32)),
    'points far away': dict(keypoints=np.full((1, 19, 2), 1e30, np.float32)),
    'box outside': dict(bbox=np.array([[-90.0, -80, -20, -10]], np.float32)),
    'box without a side': dict(bbox=np.full((1, 4), 50.0, np.float32)),
    'huge box': dict(bbox=np.array([[-1e5, -1e5, 1e5, 1e5]], np.float32)),
}


@pytest.mark.parametrize('fields', OUTSIDE.values(), ids=OUTSIDE)
def test_faces_outside_the_image(tmp_path, fields):
    (path,) = browse_dataset(Faces(fields), tmp_path, side=40)
    assert read(path).shape == (40, 40, 3)


def test_beyond_the_image_is_grey(tmp_path):
    box = np.array([[-100.0, -100, 0, 0]], np.float32)
    sheet = read(browse_dataset(Faces(dict(bbox=box)), tmp_path, side=130)[0])
    assert (sheet[5, 60] == PAPER).all()


def open_300w(root: Path, part: str) -> Face300W:
    return Face300W(
        data_root=str(root),
        ann_file=f'annotations/face_landmarks_300w_{part}.json',
        data_prefix=dict(img='images/'),
    )


def test_files_of_300w(tiny_300w, tmp_path):
    train = browse_dataset(open_300w(tiny_300w, 'train'), tmp_path, side=64)
    assert [path.name for path in train] == ['300w_all.png']
    assert read(train[0]).shape == size_of(6, 1, 64)
    test = browse_dataset(open_300w(tiny_300w, 'valid'), tmp_path, columns=2, side=64)
    assert {path.name: read(path).shape for path in test} == {
        '300w_common.png': size_of(2, 2, 64),
        '300w_challenge.png': size_of(2, 1, 64),
        '300w_full.png': size_of(2, 3, 64),
    }


def test_missing_image(tiny_300w, tmp_path):
    dataset = Face300W(
        data_root=str(tiny_300w),
        ann_file='annotations/face_landmarks_300w_train.json',
        data_prefix=dict(img='nowhere/'),
    )
    with pytest.raises(FileNotFoundError, match=r'image .*nowhere/.*\.jpg not found'):
        browse_dataset(dataset, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('numbers', [dict(faces=0), dict(columns=-1), dict(side=0)])
def test_numbers_that_are_not_positive(tmp_path, numbers):
    with pytest.raises(ValueError, match='expected positive numbers'):
        browse_dataset(Faces({}), tmp_path, **numbers)


def test_scheme_that_is_not_known(tmp_path):
    faces = Faces({})
    names = {0: 'left_ear', 1: 'right_ear'}
    faces.metainfo = dict(dataset_name='other', keypoint_id2name=names)
    with pytest.raises(ValueError, match='no landmark scheme has these 2'):
        browse_dataset(faces, tmp_path)


def browse_tool(*args, check: bool = True, cwd: Path = REPO):
    return run_script(REPO / 'tools/browse_data.py', *args, check=check, cwd=cwd)


def test_tool_on_synthetic_faces(tmp_path):
    """Into work_dirs/browse of the working directory, by default."""
    done = browse_tool('synthetic', '--faces', 6, '--seed', 2, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert 'work_dirs/browse/synthetic_test_occlusion.png' in lines
    shapes = {read(tmp_path / line).shape for line in lines}
    assert read(tmp_path / 'work_dirs/browse/synthetic_test_test.png').shape == size_of(6, 1, 192)
    assert all(shape[0] == 192 for shape in shapes)
    assert sorted(lines) == sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*.png')
    )


def test_tool_on_300w(tiny_300w, tmp_path):
    """In an interpreter of its own, where it has to import all it needs."""
    done = run_python(
        'tools/browse_data.py', '300w', '--root', tiny_300w, '--part', 'train', '--out', tmp_path
    )
    path = tmp_path / '300w_train_all.png'
    assert done.stdout.splitlines()[-1] == str(path)
    assert read(path).shape == size_of(6, 1, 192)


@pytest.mark.parametrize(
    'args,message',
    [
        (('wflw',), 'error: wflw needs --root'),
        (('wflw', '--root', 'nowhere'), 'error: annotation file nowhere/'),
        (('synthetic', '--faces', '0'), 'error: num_faces must be positive'),
        (('horses',), "invalid choice: 'horses'"),
    ],
)
def test_errors_of_the_tool(args, message, tmp_path):
    done = browse_tool(*args, check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stdout and 'Traceback' not in done.stdout
