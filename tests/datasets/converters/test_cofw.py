# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import h5py
import numpy as np
import pytest
from matlab_files import phis, pictures, record_log, write_cofw, write_mat73
from mmpose.datasets.datasets import COFWDataset

from mmpose_face.datasets import LoadFaceImage
from mmpose_face.datasets.converters.cofw import PARTS, convert
from mmpose_face.datasets.image_files import image_size

TRAIN, TEST = 'COFW_train_color.mat', 'COFW_test_color.mat'


def annotations(out, part):
    content = json.loads((out / f'annotations/cofw_{part}.json').read_text())
    return content, content['annotations']


@pytest.fixture
def release(tmp_path):
    """Three faces to train on, two to test on; the second is grey."""
    write_cofw(tmp_path / 'raw' / TRAIN, 'Tr', 3)
    write_cofw(tmp_path / 'raw' / TEST, 'T', 2)
    return tmp_path / 'raw'


def test_counts_of_the_release():
    """The published sizes, and MMPose's numbers 1 to 1852."""
    assert [(p.first, p.faces) for p in PARTS] == [(1, 1345), (1346, 507)]


def test_files_and_numbers(release, tmp_path):
    out = tmp_path / 'out'
    counts = convert(release, out, partial=True)
    assert counts == {'cofw_train.json': 3, 'cofw_test.json': 2}
    assert sorted(p.name for p in (out / 'images').iterdir()) == [
        '000001.png',
        '000002.png',
        '000003.png',
        '001346.png',
        '001347.png',
    ]
    for part, numbers, subsets in (('train', [1, 2, 3], []), ('test', [1346, 1347], ['test'])):
        content, faces = annotations(out, part)
        assert [i['id'] for i in content['images']] == numbers
        assert [f['id'] for f in faces] == numbers
        assert [f['image_id'] for f in faces] == numbers
        assert all(f['subsets'] == subsets for f in faces)


@pytest.mark.parametrize('origin', [0, 1])
def test_coordinates_origin_and_occlusion(release, tmp_path, origin):
    convert(release, tmp_path / 'out', partial=True, origin=origin)
    content, faces = annotations(tmp_path / 'out', 'train')
    assert content['info']['pixel_origin'] == origin
    rows = phis(3)
    for row, face in zip(rows, faces):
        x, y, visibility = np.reshape(face['keypoints'], (29, 3)).T
        np.testing.assert_allclose(x, row[:29] - (1 - origin))
        np.testing.assert_allclose(y, row[29:58] - (1 - origin))
        np.testing.assert_array_equal(visibility, 2 - row[58:])
        assert face['occluded'] == row[58:].tolist()
        assert face['num_keypoints'] == 29
        assert face['bbox'] == face['face_rect'] == [8, 9, 40, 45]
        assert face['area'] == 40 * 45


def test_images_are_the_same_pixels(release, tmp_path):
    out = tmp_path / 'out'
    convert(release, out, partial=True)
    content, _ = annotations(out, 'train')
    for image, info in zip(pictures(3, grey=[1]), content['images']):
        rgb = image if image.ndim == 3 else np.stack([image] * 3, axis=-1)
        path = out / 'images' / info['file_name']
        loaded = LoadFaceImage().transform(dict(img_path=str(path)))['img']
        np.testing.assert_array_equal(loaded[..., ::-1], rgb)
        assert image_size(path) == (info['width'], info['height'])
        assert image.shape[:2] == (info['height'], info['width'])


def test_negative_coordinates_are_kept(tmp_path):
    rows = phis(2)
    rows[0, 0] = -3.5
    write_cofw(
        tmp_path / TEST, 'T', 2, phis=rows, bboxes=np.array([[-4.0, 9, 40, 45], [8, 9, 40, 45]])
    )
    convert(tmp_path, tmp_path / 'out', partial=True)
    face = annotations(tmp_path / 'out', 'test')[1][0]
    assert face['keypoints'][0] == -4.5
    assert face['face_rect'] == [-4, 9, 40, 45]
    assert face['bbox'] == [0, 9, 40, 45]  # as in MMPose's file


def test_mmpose_reads_it(release, tmp_path):
    for _ in range(2):  # a second run replaces the first
        convert(release, tmp_path / 'out', partial=True)
    data = COFWDataset(
        data_root=str(tmp_path / 'out'),
        ann_file='annotations/cofw_test.json',
        data_prefix=dict(img='images/'),
        pipeline=[LoadFaceImage()],
    )
    assert len(data) == 2
    assert data[1]['img'].shape == (61, 79, 3)
    np.testing.assert_array_equal(data[1]['bbox'], [[8, 9, 48, 54]])


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert(release, tmp_path / out, partial=True)
    files = [p for p in (tmp_path / 'a').rglob('*') if p.is_file()]
    assert len(files) == 5 + 2
    for path in files:
        twin = tmp_path / 'b' / path.relative_to(tmp_path / 'a')
        assert path.read_bytes() == twin.read_bytes()


def test_the_zip_unpacks_into_folders(release, tmp_path):
    """And macOS keeps copies of its own beside the files."""
    folder = release / 'common/xpburgos/behavior/code/pose'
    folder.mkdir(parents=True)
    (release / TEST).rename(folder / TEST)
    (folder / f'._{TEST}').touch()
    assert convert(release, tmp_path / 'out', partial=True)['cofw_test.json'] == 2


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    (release / TEST).unlink()
    with pytest.raises(
        ValueError,
        match=f'(?s){TRAIN} found +3, expected +1345.*{TEST} +found +0, expected +507.*--partial',
    ):
        convert(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    assert convert(release, tmp_path / 'out', partial=True) == {'cofw_train.json': 3}


def test_wrong_folder(tmp_path):
    for raw in (tmp_path, tmp_path / 'none'):
        with pytest.raises(FileNotFoundError, match='holds no COFW release'):
            convert(raw, tmp_path / 'out', partial=True)


def changed(rows, place, value):
    rows[place] = value
    return rows


BOXES = np.tile([8.0, 9.0, 40.0, 45.0], (2, 1))

REFUSED = {
    'NaN': (
        dict(phis=changed(phis(2), (1, 3), np.nan)),
        'row 2 of phisT: expected finite numbers, got nan',
    ),
    'infinite': (
        dict(phis=changed(phis(2), (0, 3), np.inf)),
        'row 1 of phisT: expected finite numbers, got inf',
    ),
    'occlusion': (
        dict(phis=changed(phis(2), (1, 60), 0.5)),
        r'row 2 of phisT \(occlusion\): expected 0 or 1, got 0.5',
    ),
    'no area': (
        dict(bboxes=changed(BOXES.copy(), (1, 2), 0)),
        'row 2 of bboxesT: expected a rectangle .*got 8, 9, 0, 45',
    ),
    'outside': (
        dict(bboxes=changed(BOXES.copy(), (0, 0), 79.5)),
        'row 1 of bboxesT: expected a rectangle .*in the image',
    ),
    'below': (
        dict(bboxes=changed(BOXES.copy(), (0, 1), 62)),
        'row 1 of bboxesT: expected a rectangle .*in the image',
    ),
    'huge': (dict(phis=changed(phis(2), (0, 3), 1e308)), 'row 1 of phisT: expected finite numbers'),
    'NaN box': (
        dict(bboxes=changed(BOXES.copy(), (0, 0), np.nan)),
        'row 1 of bboxesT: expected finite numbers',
    ),
    'rows': (dict(phis=phis(3)), 'phisT is 3 x 87 float64, expected 2 x 87 numbers'),
    'columns': (dict(phis=phis(2)[:, :58]), 'phisT is 2 x 58 float64, expected 2 x 87 numbers'),
    'no variable': (dict(bboxes=None), 'has no variable bboxesT'),
    'no cells': (dict(Is=phis(2)), 'IsT is 87 x 2 float64, expected cells'),
    'no image': (
        dict(Is=[pictures(1)[0], np.zeros((4, 4))]),
        'row 2 of IsT is 4 x 4 float64, expected an image',
    ),
    'empty cell': (
        dict(Is=[np.zeros((0, 0), np.uint8), pictures(1)[0]]),
        'row 1 of IsT is 0 x 0 uint8, expected an image',
    ),
    'four channels': (
        dict(Is=[np.zeros((9, 9, 4), np.uint8)] * 2),
        'row 1 of IsT is 9 x 9 x 4 uint8, expected an image',
    ),
}


@pytest.mark.parametrize('name', REFUSED)
def test_refused(tmp_path, name):
    variables, message = REFUSED[name]
    write_cofw(tmp_path / TEST, 'T', 2, **variables)
    with pytest.raises(ValueError, match=f'{TEST}:? {message}'):
        convert(tmp_path, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


def test_an_image_is_wider_than_high(tmp_path):
    """62 is below the first image, but not beyond its right end."""
    boxes = changed(BOXES.copy(), (0, 0), 62)
    write_cofw(tmp_path / TEST, 'T', 2, bboxes=boxes)
    assert convert(tmp_path, tmp_path / 'out', partial=True)


def test_a_cell_without_content(tmp_path):
    write_cofw(tmp_path / TEST, 'T', 2)
    with h5py.File(tmp_path / TEST, 'r+') as file:
        reference = file['IsT'][0, 0]
        name = file[reference].name
        del file[name]
        file[name] = h5py.Empty('uint8')
        references = file['IsT'][()]
        references[0, 0] = file[name].ref
        file['IsT'][...] = references
    with pytest.raises(ValueError, match='row 1 of IsT is .*expected an im'):
        convert(tmp_path, tmp_path / 'out', partial=True)


def test_struct_instead_of_an_image(tmp_path):
    write_cofw(tmp_path / TEST, 'T', 2)
    with h5py.File(tmp_path / TEST, 'r+') as file:
        file['IsT'][0, 1] = file['#refs#'].ref
    with pytest.raises(ValueError, match='row 2 of IsT is a struct'):
        convert(tmp_path, tmp_path / 'out', partial=True)


@pytest.mark.parametrize('damage', ['empty', 'truncated', 'text', 'MATLAB 5'])
def test_damaged_file(tmp_path, damage):
    path = tmp_path / TEST
    write_cofw(path, 'T', 2)
    data = path.read_bytes()
    if damage == 'MATLAB 5':
        from scipy.io import savemat

        savemat(path, {'phisT': phis(2)})
    else:
        path.write_bytes(
            {'empty': b'', 'truncated': data[: len(data) // 2], 'text': b'not found' * 100}[damage]
        )
    with pytest.raises(ValueError, match=f'{TEST} is no MATLAB 7.3 file, or damaged'):
        convert(tmp_path, tmp_path / 'out', partial=True)


def test_damage_at_any_byte(tmp_path):
    """Whatever is wrong with a file, no other exception comes out, and
    annotations are there only if all images are."""
    path, out = tmp_path / TEST, tmp_path / 'out'
    write_cofw(path, 'T', 2)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(150):
        broken = bytearray(data)
        start = rng.integers(512, len(data) - 64)
        broken[start : start + 64] = rng.bytes(64)
        path.write_bytes(broken)
        try:
            convert(tmp_path, out, partial=True)
        except ValueError as error:
            assert TEST in str(error)
            failures += 1
            assert not (out / 'annotations').exists()
        else:
            (out / 'annotations/cofw_test.json').unlink()
            (out / 'annotations').rmdir()
    assert failures > 20


def test_damaged_pixels_leave_no_annotations(tmp_path):
    path = tmp_path / TEST
    write_cofw(path, 'T', 2)
    with h5py.File(path, 'r+') as file:
        cell = file['#refs#/IsT1']
        cell.id.write_direct_chunk((0,) * cell.ndim, b'\x00' * 20)
    with pytest.raises(ValueError, match=f'{TEST} is damaged in row 2 of IsT'):
        convert(tmp_path, tmp_path / 'out', partial=True)
    assert [p.name for p in (tmp_path / 'out').rglob('*') if p.is_file()] == ['001346.png']


def test_odd_faces_are_kept_and_counted(tmp_path, monkeypatch):
    said = record_log(monkeypatch)
    rows = phis(4)
    rows[1, 3] = 500.0
    rows[3] = rows[2]
    write_cofw(tmp_path / TEST, 'T', 4, phis=rows)
    assert convert(tmp_path, tmp_path / 'out', partial=True) == {'cofw_test.json': 4}
    assert said[1:] == [
        f'COFW: 1 faces with points outside the image, kept ({TEST} row 2)',
        f'COFW: 1 faces with the points of an earlier face, kept ({TEST} row 4)',
    ]


def test_as_mmpose_converts_it(face_data, tmp_path):
    """Made into a release again, MMPose's sample comes out as it was."""
    sample = json.loads((face_data / 'mmpose_samples/cofw/test_cofw.json').read_text())
    faces = sample['annotations']
    points = np.array([f['keypoints'] for f in faces]).reshape(-1, 29, 3)
    xy = (points[..., :2] + 1).swapaxes(1, 2).reshape(-1, 58)
    names = [i['file_name'] for i in sample['images']]
    images = [
        cv2.imread(str(face_data / 'mmpose_samples/cofw' / name))[..., ::-1] for name in names
    ]
    write_mat73(
        tmp_path / TEST,
        {
            'phisT': np.hstack([xy, 2 - points[..., 2]]),
            'bboxesT': np.array([f['bbox'] for f in faces]),
        },
        {'IsT': images},
    )
    convert(tmp_path, tmp_path / 'out', partial=True)
    content, converted = annotations(tmp_path / 'out', 'test')
    for ours, theirs in zip(converted, faces):
        np.testing.assert_allclose(ours['keypoints'], theirs['keypoints'], atol=1e-9)
        for field in ('bbox', 'area', 'num_keypoints', 'iscrowd', 'category_id'):
            assert ours[field] == theirs[field]
    for ours, theirs in zip(content['images'], sample['images']):
        assert [ours[k] for k in ('width', 'height')] == [theirs[k] for k in ('width', 'height')]
