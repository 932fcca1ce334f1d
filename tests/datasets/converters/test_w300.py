# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from conftest import make_release, run_script
from mmpose.datasets.datasets import Face300WDataset
from mmpose.datasets.transforms import LoadImage

from mmpose_face.datasets.converters import convert_300w
from mmpose_face.datasets.converters.pts import read_pts
from mmpose_face.datasets.converters.w300 import FOLDERS

ONE_EACH = {folder.raw[0]: 1 for folder in FOLDERS}


def annotations(out, part):
    path = out / f'annotations/face_landmarks_300w_{part}.json'
    content = json.loads(path.read_text())
    names = {i['id']: i['file_name'] for i in content['images']}
    return content, {names[a['image_id']]: a for a in content['annotations']}


@pytest.fixture
def release(tmp_path):
    return make_release(tmp_path / 'raw', ONE_EACH)


def test_counts_of_the_release():
    """The published sizes: 3148 / 554 / 135 / 689 / 600."""
    sizes = {'train': 0, 'common': 0, 'challenge': 0, 'full': 0, 'test': 0}
    for folder in FOLDERS:
        for name in folder.subsets or ('train',):
            sizes[name] += folder.faces
    assert sizes == dict(train=3148, common=554, challenge=135, full=689, test=600)


def test_files_and_subsets(release, tmp_path):
    counts = convert_300w(release, tmp_path / 'out', partial=True)
    assert counts == {
        'face_landmarks_300w_train.json': 3,
        'face_landmarks_300w_valid.json': 3,
        'face_landmarks_300w_valid_common.json': 2,
        'face_landmarks_300w_valid_challenge.json': 1,
        'face_landmarks_300w_test.json': 2,
    }
    expected = {
        'train': {
            'afw/face_0.jpg': [],
            'helen/trainset/face_0.jpg': [],
            'lfpw/trainset/face_0.jpg': [],
        },
        'valid': {
            'helen/testset/face_0.jpg': ['common', 'full'],
            'lfpw/testset/face_0.jpg': ['common', 'full'],
            'ibug/face_0.jpg': ['challenge', 'full'],
        },
        'test': {'Test/01_Indoor/face_0.jpg': ['test'], 'Test/02_Outdoor/face_0.jpg': ['test']},
    }
    for part, subsets in expected.items():
        _, faces = annotations(tmp_path / 'out', part)
        assert {n: a['subsets'] for n, a in faces.items()} == subsets


def test_coordinates_and_origin(release, tmp_path):
    raw = read_pts(release / 'ibug/face_0.pts')
    for origin in (1, 0):
        out = tmp_path / f'out{origin}'
        convert_300w(release, out, partial=True, origin=origin)
        content, faces = annotations(out, 'valid_challenge')
        points = np.reshape(faces['ibug/face_0.jpg']['keypoints'], (68, 3))
        np.testing.assert_allclose(points[:, :2], raw - (1 - origin))
        assert (points[:, 2] == 1).all()
        assert content['info']['pixel_origin'] == origin
        assert content['images'][0]['width'] == 112
        assert content['images'][0]['height'] == 96


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_mmpose_reads_it(release, tmp_path, images):
    out = tmp_path / 'out'
    for _ in range(2):  # a second run replaces the first
        convert_300w(release, out, partial=True, images=images)
    data = Face300WDataset(
        data_root=str(out),
        ann_file='annotations/face_landmarks_300w_test.json',
        data_prefix=dict(img='images/'),
        pipeline=[LoadImage()],
    )
    assert data[0]['img'].shape == (96, 112, 3)
    assert (out / 'images/afw').is_symlink() == (images == 'link')


def test_a_second_release_leaves_nothing_of_the_first(release, tmp_path):
    out = tmp_path / 'out'
    convert_300w(release, out, partial=True)
    smaller = make_release(tmp_path / 'smaller', {'afw': 1})
    convert_300w(smaller, out, partial=True, origin=0)
    assert [p.name for p in (out / 'annotations').iterdir()] == ['face_landmarks_300w_train.json']


def test_copying_keeps_what_is_there(release, tmp_path):
    mine = tmp_path / 'out/images/afw/mine.jpg'
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(ValueError, match='images/afw exists and is not a'):
        convert_300w(release, tmp_path / 'out', partial=True)
    convert_300w(release, tmp_path / 'out', partial=True, images='copy')
    assert sorted(p.name for p in mine.parent.iterdir()) == ['face_0.jpg', 'mine.jpg']


def test_converting_in_place_keeps_the_images(tmp_path):
    make_release(tmp_path / 'images', {'afw': 1})
    for images in ('link', 'copy'):
        convert_300w(tmp_path / 'images', tmp_path, partial=True, images=images)
        assert (tmp_path / 'images/afw/face_0.jpg').is_file()


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert_300w(release, tmp_path / out, partial=True)
    for path in (tmp_path / 'a/annotations').iterdir():
        twin = tmp_path / 'b/annotations' / path.name
        assert path.read_bytes() == twin.read_bytes()


def test_variations(tmp_path):
    """Test folders under other names, capital suffixes, a blank in a name."""
    raw = make_release(tmp_path / 'raw', {'01_Indoor': 1, 'ibug': 1}, '.PNG')
    for suffix in ('.PNG', '.pts'):
        (raw / f'ibug/face_0{suffix}').rename(raw / f'ibug/image_092 _01{suffix}')
    (raw / 'ibug/._image_092 _01.pts').touch()  # macOS
    convert_300w(raw, tmp_path / 'out', partial=True)
    assert 'ibug/image_092 _01.PNG' in annotations(tmp_path / 'out', 'valid')[1]
    assert 'Test/01_Indoor/face_0.PNG' in annotations(tmp_path / 'out', 'test')[1]


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    with pytest.raises(ValueError, match='(?s)helen/trainset +found +1, expected +2000.*--partial'):
        convert_300w(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def damage(release, name):
    if name == 'missing image':
        (release / 'afw/face_0.jpg').unlink()
        return FileNotFoundError, 'face_0.pts has no image beside it'
    if name == 'truncated':
        path = release / 'afw/face_0.jpg'
        path.write_bytes(path.read_bytes()[:1000])
        return ValueError, 'face_0.jpg is a truncated JPEG'
    text = (release / 'afw/face_0.pts').read_text()
    lines = text.splitlines()
    if name == '67 points':
        del lines[5]
    else:
        lines[5] = 'left eye'
    (release / 'afw/face_0.pts').write_text('\n'.join(lines))
    return ValueError, (
        'face_0.pts:71: expected 68 points, got 67'
        if name == '67 points'
        else 'face_0.pts:6: expected two numbers'
    )


@pytest.mark.parametrize('name', ['missing image', 'truncated', '67 points', 'words'])
def test_damaged_release(release, tmp_path, name):
    error, message = damage(release, name)
    with pytest.raises(error, match=message):
        convert_300w(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('make', ['nothing', 'empty', 'other'])
def test_wrong_folder(tmp_path, make):
    raw = tmp_path / 'raw'
    if make != 'nothing':
        raw.mkdir()
    if make == 'other':
        make_release(raw / 'WFLW_images', {'afw': 1})
    with pytest.raises(FileNotFoundError, match='raw .*300-W release'):
        convert_300w(raw, tmp_path / 'out', partial=True)


def test_images_without_points_are_named(release, tmp_path):
    (release / 'ibug/face_0.jpg').rename(release / 'ibug/other.jpg')
    for suffix in ('.jpg', '.pts'):
        path = release / f'afw/face_0{suffix}'
        (release / f'ibug/face_0{suffix}').write_bytes(path.read_bytes())
    out = run_tool('--raw', release, '--out', tmp_path / 'out', '--partial')
    assert '1 images have no .pts and are left out: other.jpg' in out


def run_tool(*args, check=True):
    return run_script('tools/prepare_data.py', '300w', *args, check=check).stdout


def test_tool(release, tmp_path):
    out = run_tool('--raw', release, '--out', tmp_path / 'out', '--partial')
    assert 'face_landmarks_300w_valid.json: 3 faces' in out
    assert 'expected  2000' in out


def test_tool_says_errors_in_a_line(release, tmp_path):
    (tmp_path / 'file').touch()
    for args, message in [
        (('--raw', tmp_path / 'none', '--out', tmp_path / 'out'), 'is not a folder'),
        (('--raw', release, '--out', tmp_path / 'out'), 'not the complete'),
        (('--raw', release, '--out', tmp_path / 'file', '--partial'), 'cannot read or write'),
    ]:
        out = run_tool(*args, check=False)
        assert 'error: ' in out and message in out
        assert 'Traceback' not in out


def test_real_partial_release(face_data, tmp_path):
    """HELEN's whole test set, and the box rule on every face."""
    counts = convert_300w(face_data / '300w', tmp_path, partial=True)
    assert counts == {
        'face_landmarks_300w_train.json': 337 + 870,
        'face_landmarks_300w_valid.json': 330,
        'face_landmarks_300w_valid_common.json': 330,
    }
    content, faces = annotations(tmp_path, 'valid')
    for ann in faces.values():
        x, y = np.reshape(ann['keypoints'], (68, 3))[:, :2].T
        low = np.floor([x.min(), y.min()])
        high = np.ceil([x.max(), y.max()])
        assert ann['center'] == ((low + high) / 2).tolist()
        assert ann['scale'] == max(high - low) / 200
    assert content['info']['pixel_origin'] == 1
