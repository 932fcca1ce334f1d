# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from matlab_files import pictures, record_log, write_cofw, write_cofw68, write_points68
from mmpose.datasets.datasets import Face300WDataset
from scipy.io import savemat

from mmpose_face.datasets import LoadFaceImage
from mmpose_face.datasets.converters.cofw import convert as convert_cofw
from mmpose_face.datasets.converters.cofw68 import convert

POINTS = 'COFW68_Data/test_annotations/{}_points.mat'
BOXES = 'COFW68_Data/cofw68_test_bboxes.mat'
IMAGES = 'COFW_test_color.mat'
PARTIAL = dict(partial=True)


def annotations(out):
    path = out / 'annotations/cofw68_test.json'
    content = json.loads(path.read_text())
    return content, content['annotations']


@pytest.fixture
def release(tmp_path):
    """Three faces, the second grey; the repository as it is cloned, and
    beside it COFW's images."""
    write_cofw(tmp_path / 'raw' / IMAGES, 'T', 3)
    write_cofw68(tmp_path / 'raw', 3)
    return tmp_path / 'raw'


@pytest.mark.parametrize('origin', [0, 1])
def test_faces(release, tmp_path, origin):
    out = tmp_path / 'out'
    assert convert(release, out, partial=True, origin=origin) == {'cofw68_test.json': 3}
    content, faces = annotations(out)
    assert content['info']['pixel_origin'] == origin
    assert [i['file_name'] for i in content['images']] == ['001346.png', '001347.png', '001348.png']
    points = write_cofw68(tmp_path / 'again', 3)
    for face, raw in zip(faces, points):
        got = np.reshape(face['keypoints'], (68, 3))
        np.testing.assert_allclose(got[:, :2], raw - (1 - origin))
        assert (got[:, 2] == 1).all()
        assert face['occluded'] == [1] * 3 + [0] * 65
        assert face['face_rect'] == [5, 6, 44, 46]
        assert face['subsets'] == ['test']
        low = np.floor(got[:, :2].min(0))
        high = np.ceil(got[:, :2].max(0))
        assert face['center'] == ((low + high) / 2).tolist()
        assert face['scale'] == max(high - low) / 200


def test_origin_is_kept_by_default(release, tmp_path):
    convert(release, tmp_path / 'out', partial=True)
    assert annotations(tmp_path / 'out')[0]['info']['pixel_origin'] == 1


def test_mmpose_reads_it(release, tmp_path):
    for _ in range(2):  # a second run replaces the first
        convert(release, tmp_path / 'out', partial=True)
    data = Face300WDataset(
        data_root=str(tmp_path / 'out'),
        ann_file='annotations/cofw68_test.json',
        data_prefix=dict(img='images/'),
        pipeline=[LoadFaceImage()],
    )
    for sample, image in zip(data, pictures(3, grey=[1])):
        rgb = image if image.ndim == 3 else np.stack([image] * 3, axis=-1)
        np.testing.assert_array_equal(sample['img'][..., ::-1], rgb)


def test_beside_cofw(release, tmp_path):
    """Both converters may write into one folder, in any order."""
    out = tmp_path / 'out'
    convert_cofw(release, out, partial=True)
    before = {p: p.read_bytes() for p in out.rglob('*') if p.is_file()}
    convert(release, out, partial=True)
    for path, data in before.items():
        assert path.read_bytes() == data
    assert sorted(p.name for p in (out / 'annotations').iterdir()) == [
        'cofw68_test.json',
        'cofw_test.json',
    ]


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert(release, tmp_path / out, partial=True)
    files = [p for p in (tmp_path / 'a').rglob('*') if p.is_file()]
    assert len(files) == 3 + 1
    for path in files:
        twin = tmp_path / 'b' / path.relative_to(tmp_path / 'a')
        assert path.read_bytes() == twin.read_bytes()


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    with pytest.raises(
        ValueError,
        match='(?s)test_annotations +found +3, expected +507'
        '.*cofw68_test_bboxes.mat +found +3, expected +507'
        '.*COFW_test_color.mat +found +3, expected +507.*--partial',
    ):
        convert(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_partial_keeps_the_numbers(release, tmp_path, monkeypatch):
    """Of the faces 2 to 4, the fourth has no image."""
    said = record_log(monkeypatch)
    (release / POINTS.format(1)).rename(release / POINTS.format(4))
    assert convert(release, tmp_path / 'out', partial=True) == {'cofw68_test.json': 2}
    content, _ = annotations(tmp_path / 'out')
    assert [i['file_name'] for i in content['images']] == ['001347.png', '001348.png']
    assert said[1] == ('1 faces have no image or no box and are left out: 4_points.mat')


def test_no_face_has_an_image(release, tmp_path):
    for i in (1, 2, 3):
        (release / POINTS.format(i)).rename(release / POINTS.format(i + 9))
    with pytest.raises(ValueError, match='none of its faces has an image'):
        convert(release, tmp_path / 'out', partial=True)


@pytest.mark.parametrize('name', [POINTS, BOXES, IMAGES])
def test_missing_file(release, tmp_path, name):
    for path in release.glob(name.format('*')):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='no COFW68 release .*expected'):
        convert(release, tmp_path / 'out', partial=True)


def face(**changes):
    points = np.random.default_rng(0).uniform(10, 50, (68, 2))
    content = dict(Points=points, Occ=np.zeros((68, 1), np.uint8))
    return {k: v for k, v in dict(content, **changes).items() if v is not None}


def with_value(shape, place, value):
    array = np.full(shape, 1.0)
    array[place] = value
    return array


REFUSED = {
    'NaN': (
        POINTS,
        face(Points=with_value((68, 2), (4, 1), np.nan)),
        'row 5 of Points: expected finite numbers, got nan',
    ),
    'shape': (
        POINTS,
        face(Points=np.ones((66, 2))),
        'Points is 66 x 2 float64, expected 68 x 2 numbers',
    ),
    'occlusion': (
        POINTS,
        face(Occ=with_value((68, 1), 6, 2)),
        'row 7 of Occ: expected 0 or 1, got 2',
    ),
    'occlusions': (
        POINTS,
        face(Occ=np.zeros((29, 1))),
        'Occ is 29 x 1 float64, expected 68 x 1 numbers',
    ),
    'text': (POINTS, face(Points='none'), 'Points is 1 text, expected 68 x 2 numbers'),
    'no variable': (POINTS, face(Occ=None), 'has no variable Occ'),
    'box': (BOXES, dict(bboxes=np.ones((3, 5))), 'bboxes is 3 x 5 float64, expected N x 4 numbers'),
    'NaN box': (
        BOXES,
        dict(bboxes=with_value((3, 4), (1, 0), np.nan)),
        'row 2 of bboxes: expected finite numbers, got nan',
    ),
}


@pytest.mark.parametrize('name', REFUSED)
def test_refused(release, tmp_path, name):
    file, content, message = REFUSED[name]
    savemat(release / file.format(2), content)
    file = file.format(2).rpartition('/')[2]
    with pytest.raises(ValueError, match=f'{file}:? {message}'):
        convert(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('damage', ['empty', 'text', 'MATLAB 7.3'])
def test_damaged_file(release, tmp_path, damage):
    path = release / POINTS.format(2)
    path.write_bytes(
        {'empty': b'', 'text': b'not found' * 100, 'MATLAB 7.3': (release / IMAGES).read_bytes()}[
            damage
        ]
    )
    kind = (
        'is a MATLAB 7.3 file, expected version 5'
        if damage == 'MATLAB 7.3'
        else 'is no MATLAB 5 file, or damaged'
    )
    with pytest.raises(ValueError, match=f'2_points.mat {kind}'):
        convert(release, tmp_path / 'out', partial=True)


@pytest.mark.parametrize('name', ['0', '508', '01', 'x'])
def test_foreign_names(release, tmp_path, name):
    write_points68(release / POINTS.format(name), np.ones((68, 2)))
    with (
        pytest.raises(
            ValueError,
            match=f'{name}_points.mat: expected a name from 1_points.mat to 507_points.mat',
        )
        if name != '01'
        else pytest.raises(ValueError, match='each number once')
    ):
        convert(release, tmp_path / 'out', partial=True)


def test_odd_faces_are_kept_and_counted(release, tmp_path, monkeypatch):
    said = record_log(monkeypatch)
    outside = np.random.default_rng(1).uniform(10, 500, (68, 2))
    for i in (1, 2):
        write_points68(release / POINTS.format(i), outside)
    savemat(release / BOXES, {'bboxes': with_value((3, 4), (2, 2), 0)})
    convert(release, tmp_path / 'out', partial=True)
    assert said[1:] == [
        'COFW68: 2 faces with points outside the image, kept (1_points.mat, 2_points.mat)',
        'COFW68: 1 faces with the points of an earlier face, kept (2_points.mat)',
        'COFW68: 1 faces with a face rectangle without area, kept (3_points.mat)',
    ]
