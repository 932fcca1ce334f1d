# SPDX-License-Identifier: Apache-2.0
import json
import shutil

import cv2
import numpy as np
import pytest
from matlab_files import aflw_rows, record_log, write_aflw
from mmpose.datasets.datasets import AFLWDataset
from scipy.sparse import csc_matrix

from mmpose_face.datasets import LoadFaceImage
from mmpose_face.datasets.converters import aflw
from mmpose_face.datasets.converters.aflw import COUNTS, convert

MAT = 'AFLWinfo_release.mat'
FILES = tuple(COUNTS)


def annotations(out, part):
    path = out / f'annotations/face_landmarks_aflw_{part}.json'
    content = json.loads(path.read_text())
    return content, content['annotations']


@pytest.fixture(autouse=True)
def six_to_train_on(monkeypatch):
    """Of ten faces; whole numbers of the release are another test's."""
    monkeypatch.setattr(aflw, 'TRAIN_FACES', 6)


@pytest.fixture
def release(tmp_path):
    return write_aflw(tmp_path / 'raw', aflw_rows(10))


def test_counts_of_the_release():
    assert COUNTS == {
        'face_landmarks_aflw_train.json': 20000,
        'face_landmarks_aflw_test.json': 4386,
        'face_landmarks_aflw_test_frontal.json': 1314,
    }


def test_split_is_by_ra(release, tmp_path):
    """``ra`` counts 10, 9, ... 1; rows 1, 4, 7 and 10 have a hidden point."""
    assert convert(release, tmp_path / 'out', partial=True) == dict(zip(FILES, (6, 4, 2)))
    data = aflw_rows(10)['data']
    rows = {'train': [9, 8, 7, 6, 5, 4], 'test': [3, 2, 1, 0]}
    rows['test_frontal'] = [2, 1]
    for part, expected in rows.items():
        _, faces = annotations(tmp_path / 'out', part)
        got = [np.flatnonzero(data[:, 0] == f['keypoints'][0]) for f in faces]
        assert np.concatenate(got).tolist() == expected
    assert [f['subsets'] for f in faces] == [['full', 'frontal']] * 2
    assert [f['subsets'] for f in annotations(tmp_path / 'out', 'test')[1]] == [
        ['full'],
        ['full', 'frontal'],
        ['full', 'frontal'],
        ['full'],
    ]
    assert annotations(tmp_path / 'out', 'train')[1][0]['subsets'] == []


def test_coordinates_and_occlusion(release, tmp_path):
    convert(release, tmp_path / 'out', partial=True)
    content, faces = annotations(tmp_path / 'out', 'test')
    assert content['info']['pixel_origin'] is None
    rows = aflw_rows(10)
    for row, face in zip((3, 2, 1, 0), faces):
        x, y, visibility = np.reshape(face['keypoints'], (19, 3)).T
        assert x.tolist() == rows['data'][row, :19].tolist()
        assert y.tolist() == rows['data'][row, 19:].tolist()
        assert (visibility == 1).all()  # hidden points are scored, too
        assert face['occluded'] == (1 - rows['mask_new'][row]).tolist()


def test_box(tmp_path):
    """Left, right, top, bottom of a rectangle that is not square."""
    rows = aflw_rows(1)
    rows['bbox'] = np.array([[10, 41, 12, 50]], np.uint16)
    write_aflw(tmp_path / 'raw', rows)
    convert(tmp_path / 'raw', tmp_path / 'out', partial=True)
    (face,) = annotations(tmp_path / 'out', 'train')[1]
    assert face['face_rect'] == [10, 12, 31, 38]
    assert face['center'] == [(10 + 41) / 2, (12 + 50) / 2]
    assert face['box_size'] == 38
    assert face['scale'] == 38 / 200


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_mmpose_reads_it(release, tmp_path, images):
    out = tmp_path / 'out'
    for _ in range(2):  # a second run replaces the first
        convert(release, out, partial=True, images=images)
    data = AFLWDataset(
        data_root=str(out),
        ann_file='annotations/face_landmarks_aflw_test.json',
        data_prefix=dict(img='images/'),
        pipeline=[LoadFaceImage()],
        test_mode=True,
    )
    assert len(data) == 4
    assert data[0]['img'].shape == (60, 80, 3)
    assert data[0]['box_size'] == 40
    np.testing.assert_array_equal(data[0]['bbox_center'], [[30, 32]])
    assert (out / 'images/flickr').is_symlink() == (images == 'link')


def test_images_are_named_as_mmpose_documents(release, tmp_path):
    """Two faces may be in one image."""
    convert(release, tmp_path / 'out', partial=True)
    content, faces = annotations(tmp_path / 'out', 'test')
    assert [i['file_name'] for i in content['images']] == [
        'flickr/2/image00001.jpg',
        'flickr/0/image00001.jpg',
        'flickr/2/image00000.jpg',
        'flickr/0/image00000.jpg',
    ]
    assert content['images'][0]['width'] == 80
    assert content['images'][0]['height'] == 60


def test_faces_of_one_image_share_it(tmp_path):
    rows = aflw_rows(2)
    rows['nameList'] = ['3/image1.jpg'] * 2
    write_aflw(tmp_path / 'raw', rows)
    convert(tmp_path / 'raw', tmp_path / 'out', partial=True)
    content, faces = annotations(tmp_path / 'out', 'train')
    assert len(content['images']) == 1
    assert [f['image_id'] for f in faces] == [1, 1]


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert(release, tmp_path / out, partial=True)
    for path in (tmp_path / 'a/annotations').iterdir():
        twin = tmp_path / 'b/annotations' / path.name
        assert path.read_bytes() == twin.read_bytes()


@pytest.mark.parametrize('folder', aflw.IMAGE_FOLDERS)
def test_where_the_images_may_stand(release, tmp_path, folder):
    shutil.move(release / 'data/flickr', tmp_path / 'flickr')
    (release / folder).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(tmp_path / 'flickr', release / folder)
    convert(release, tmp_path / 'out', partial=True)
    assert (tmp_path / 'out/images/flickr/0/image00000.jpg').is_file()


def test_converting_in_place_keeps_the_images(tmp_path):
    root = write_aflw(tmp_path, aflw_rows(10))
    (root / 'images').mkdir()
    shutil.move(root / 'data/flickr', root / 'images/flickr')
    convert(root, root, partial=True)
    assert (root / 'images/flickr/0/image00000.jpg').is_file()


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    with pytest.raises(
        ValueError,
        match='(?s)aflw_train.json +found +6, expected 20000'
        '.*aflw_test.json +found +4, expected +4386'
        '.*aflw_test_frontal.json +found +2, expected +1314.*--partial',
    ):
        convert(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_missing_images(release, tmp_path, monkeypatch):
    """Refused in the complete release; else their faces are left out."""
    (release / 'data/flickr/0/image00000.jpg').unlink()
    with monkeypatch.context() as patch:
        patch.setattr(aflw, 'COUNTS', dict(zip(FILES, (6, 4, 2))))
        with pytest.raises(
            FileNotFoundError,
            match='1 of 10 listed images are not under .*flickr: 0/image00000.jpg',
        ):
            convert(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    said = record_log(monkeypatch)
    assert convert(release, tmp_path / 'out', partial=True) == dict(zip(FILES, (6, 3, 2)))
    assert said[1].endswith('0/image00000.jpg; their faces are left out')


def test_unreadable_image(release, tmp_path):
    path = release / 'data/flickr/0/image00000.jpg'
    for data, message in (
        (path.read_bytes()[:-9], 'a truncated JPEG file'),
        (b'404', 'not an image file'),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=f'image00000.jpg is {message}'):
            convert(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


def test_wrong_folder(release, tmp_path):
    (tmp_path / 'empty').mkdir()
    for raw in (tmp_path / 'none', tmp_path / 'empty', release / 'data'):
        with pytest.raises(
            FileNotFoundError,
            match='no AFLW release: expected AFLWinfo_release.mat in it, and the images in flickr',
        ):
            convert(raw, tmp_path / 'out', partial=True)


def changed(name, place, value):
    array = aflw_rows(10)[name].astype(float)
    array[place] = value
    return {name: array}


def named(name):
    return dict(nameList=aflw_rows(9)['nameList'] + [name])


REFUSED = {
    'NaN': (changed('data', (4, 3), np.nan), 'row 5 of data: expected finite numbers, got nan'),
    'infinite': (
        changed('data', (4, 3), -np.inf),
        'row 5 of data: expected finite numbers, got -inf',
    ),
    'huge': (changed('data', (4, 3), 1e308), 'row 5 of data: expected finite numbers'),
    'sparse': (
        dict(bbox=csc_matrix(np.ones((10, 4)))),
        'bbox is a sparse matrix, expected 10 x 4 numbers',
    ),
    'sparse ra': (dict(ra=csc_matrix(np.arange(1.0, 11)[None])), 'ra is a sparse matrix'),
    'NaN box': (changed('bbox', (2, 3), np.nan), 'row 3 of bbox: expected finite numbers'),
    'no area': (
        changed('bbox', (2, 1), 10),
        'row 3 of bbox: expected left < right and top < bottom, got 10, 10, 12, 52',
    ),
    'upside down': (changed('bbox', (2, 3), 10), 'row 3 of bbox: expected'),
    'mask': (changed('mask_new', (9, 0), 2), 'row 10 of mask_new: expected 0 or 1, got 2'),
    'no permutation': (changed('ra', (0, 0), 1), 'ra is no permutation of 1 to 10'),
    'from 0': (dict(ra=np.arange(10.0)[None]), 'ra is no permutation of 1 to 10'),
    'short ra': (dict(ra=np.arange(1, 10.0)[None]), 'ra is 1 x 9 float64, expected 1 x 10 numbers'),
    'columns': (dict(data=np.ones((10, 42))), 'data is 10 x 42 float64, expected 10 x 38 numbers'),
    'rows': (dict(bbox=np.ones((9, 4))), 'bbox is 9 x 4 float64, expected 10 x 4 numbers'),
    'names': (dict(nameList=np.ones((10, 1))), 'nameList is no array of cells'),
    'number for a name': (named(7), 'row 10 of nameList: expected a name'),
    'no name': (named(''), 'row 10 of nameList: expected a name'),
    'folder': (named('0'), "row 10 of nameList: .* got '0'"),
    'above': (named('../a.jpg'), 'row 10 of nameList: expected a name'),
    'root': (named('/a.jpg'), 'row 10 of nameList: expected a name'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_refused(release, tmp_path, name):
    variables, message = REFUSED[name]
    write_aflw(release, {**aflw_rows(10), **variables}, images=False)
    with pytest.raises(ValueError, match=f'{MAT}: {message}'):
        convert(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', aflw_rows(1))
def test_missing_variable(release, tmp_path, name):
    rows = aflw_rows(10)
    del rows[name]
    write_aflw(release, rows, images=False)
    with pytest.raises(ValueError, match=f'{MAT} has no variable {name}'):
        convert(release, tmp_path / 'out', partial=True)


def test_damage_at_any_byte(release, tmp_path):
    """Whatever is wrong with a file, no other exception comes out, and
    nothing is written."""
    path, out = release / MAT, tmp_path / 'out'
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    broken = [data[:n] for n in rng.integers(0, len(data), 50)]
    for start in rng.integers(0, len(data) - 16, 100):
        broken.append(data[:start] + rng.bytes(16) + data[start + 16 :])
    failures = 0
    for content in broken:
        path.write_bytes(content)
        try:
            convert(release, out, partial=True)
        except ValueError as error:
            assert MAT in str(error)
            failures += 1
            assert not out.exists()
        else:
            shutil.rmtree(out)
    assert failures > 100


def test_odd_faces_are_kept_and_counted(tmp_path, monkeypatch):
    rows = aflw_rows(10)
    rows['data'][2, 0] = -7
    rows['nameList'][5] = rows['nameList'][4]
    rows['data'][5] = rows['data'][4]
    write_aflw(tmp_path / 'raw', rows)
    said = record_log(monkeypatch)
    convert(tmp_path / 'raw', tmp_path / 'out', partial=True)
    assert said[1:] == [
        f'AFLW-19: 1 faces with points outside the image, kept ({MAT} row 3)',
        f'AFLW-19: 1 faces with the same points in the same image twice, kept ({MAT} row 6)',
    ]


def test_as_mmpose_has_it(face_data, tmp_path):
    """Made into a release again, MMPose's sample comes out as it was."""
    folder = face_data / 'mmpose_samples/aflw'
    sample = json.loads((folder / 'test_aflw.json').read_text())
    faces = sample['annotations']
    points = np.array([f['keypoints'] for f in faces]).reshape(-1, 19, 3)
    sides = [[c - sign * f['box_size'] / 2 for c in f['center'] for sign in (1, -1)] for f in faces]
    write_aflw(
        tmp_path / 'raw',
        dict(
            nameList=[f'0/{i["file_name"]}' for i in sample['images']],
            bbox=np.array(sides),
            data=points[..., :2].swapaxes(1, 2).reshape(-1, 38),
            mask_new=np.ones((2, 19), np.uint8),
            ra=np.array([[1.0, 2.0]]),
        ),
    )
    for info in sample['images']:
        image = cv2.imread(str(folder / info['file_name']))
        cv2.imwrite(str(tmp_path / 'raw/data/flickr/0' / info['file_name']), image)
    convert(tmp_path / 'raw', tmp_path / 'out', partial=True)
    content, converted = annotations(tmp_path / 'out', 'train')
    for ours, theirs in zip(converted, faces):
        for field in (
            'center',
            'scale',
            'box_size',
            'keypoints',
            'num_keypoints',
            'iscrowd',
            'category_id',
        ):
            assert ours[field] == theirs[field], field
        np.testing.assert_allclose(ours['bbox'], theirs['bbox'], atol=1e-6)
        assert ours['area'] == pytest.approx(theirs['area'])
    for ours, theirs in zip(content['images'], sample['images']):
        assert [ours[k] for k in ('width', 'height')] == [theirs[k] for k in ('width', 'height')]
