# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from conftest import run_python, run_script
from hypothesis import example, given
from hypothesis import strategies as st
from mmpose.datasets.datasets import WFLWDataset
from mmpose.datasets.transforms import LoadImage
from wflw_files import LISTS, line, make_release

from mmpose_face.datasets import open_benchmark
from mmpose_face.datasets.converters import convert_wflw
from mmpose_face.datasets.converters.wflw import ATTRIBUTES, EXPECTED, SUBSET_FILES, read_list


@pytest.fixture
def release(tmp_path):
    return make_release(
        tmp_path / 'raw',
        train=[line(flags='000001'), line('1--H/b.jpg', 1)],
        test=[
            line('1--H/c.jpg', 2, flags='100010'),
            line('1--H/c.jpg', 3, flags='010000'),
            line('1--H/d.jpg', 4),
        ],
    )


def annotations(out, part):
    path = out / f'annotations/face_landmarks_wflw_{part}.json'
    return json.loads(path.read_text())


def test_a_line_by_hand(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text(line(flags='101001', field_1='-104.5', field_196='70.25') + '\r\n\n')
    (row,) = read_list(path)
    assert row.line == 1 and row.file_name == '0--Parade/a.jpg'
    assert row.points.shape == (98, 2)
    assert row.points[0, 0] == -104.5 and row.points[97, 1] == 70.25
    assert row.rect == (10, 12, 80, 68)
    assert row.attributes == ('pose', 'illumination', 'blur')


def test_counts_of_the_release():
    assert EXPECTED == dict(
        train=7500,
        test=2500,
        pose=326,
        expression=314,
        illumination=698,
        makeup=206,
        occlusion=736,
        blur=773,
    )


def test_files_and_subsets(release, tmp_path):
    counts = convert_wflw(release, tmp_path / 'out', partial=True)
    assert counts == {
        'face_landmarks_wflw_train.json': 2,
        'face_landmarks_wflw_test.json': 3,
        'face_landmarks_wflw_test_largepose.json': 1,
        'face_landmarks_wflw_test_expression.json': 1,
        'face_landmarks_wflw_test_occlusion.json': 1,
    }
    test = annotations(tmp_path / 'out', 'test')
    assert [a['subsets'] for a in test['annotations']] == [
        ['test', 'pose', 'occlusion'],
        ['test', 'expression'],
        ['test'],
    ]
    assert [a['image_id'] for a in test['annotations']] == [1, 1, 2]
    train = annotations(tmp_path / 'out', 'train')
    assert [a['subsets'] for a in train['annotations']] == [['blur'], []]
    image = test['images'][0]
    assert (image['width'], image['height']) == (112, 96)
    assert test['annotations'][0]['face_rect'] == [10, 12, 80, 68]
    assert test['info']['pixel_origin'] is None


def test_coordinates_and_box(release, tmp_path):
    convert_wflw(release, tmp_path / 'out', partial=True)
    row = read_list(release / LISTS / 'list_98pt_rect_attr_test.txt')[1]
    ann = annotations(tmp_path / 'out', 'test')['annotations'][1]
    points = np.reshape(ann['keypoints'], (98, 3))
    np.testing.assert_array_equal(points[:, :2], row.points)
    low = np.floor(row.points.min(0))
    high = np.ceil(row.points.max(0))
    assert ann['center'] == ((low + high) / 2).tolist()
    assert ann['scale'] == (high - low).max() / 200


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_mmpose_reads_it(release, tmp_path, images):
    out = tmp_path / 'out'
    for _ in range(2):  # a second run replaces the first
        convert_wflw(release, out, partial=True, images=images)
    data = WFLWDataset(
        data_root=str(out),
        ann_file='annotations/face_landmarks_wflw_test.json',
        data_prefix=dict(img='images/'),
        pipeline=[LoadImage()],
    )
    assert len(data) == 3 and data[0]['img'].shape == (96, 112, 3)
    assert (out / 'images').is_symlink() == (images == 'link')


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert_wflw(release, tmp_path / out, partial=True)
    for path in (tmp_path / 'a/annotations').iterdir():
        twin = tmp_path / 'b/annotations' / path.name
        assert path.read_bytes() == twin.read_bytes()


def test_a_second_release_leaves_nothing_of_the_first(release, tmp_path):
    convert_wflw(release, tmp_path / 'out', partial=True)
    smaller = make_release(tmp_path / 'smaller', train=[line()])
    convert_wflw(smaller, tmp_path / 'out', partial=True)
    assert [p.name for p in (tmp_path / 'out/annotations').iterdir()] == [
        'face_landmarks_wflw_train.json'
    ]


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    with pytest.raises(ValueError, match='(?s)test +found +3, expected +2500.*--partial'):
        convert_wflw(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_right_size_but_wrong_attributes(tmp_path, monkeypatch):
    """A list whose attributes are not the benchmark's is no benchmark."""
    monkeypatch.setitem(EXPECTED, 'train', 0)
    monkeypatch.setitem(EXPECTED, 'test', 1)
    raw = make_release(tmp_path / 'raw', test=[line()])
    with pytest.raises(ValueError, match='blur +found +0, expected +773'):
        convert_wflw(raw, tmp_path / 'out')
    for name in ATTRIBUTES:
        monkeypatch.setitem(EXPECTED, name, 0)
    assert convert_wflw(raw, tmp_path / 'out')


@pytest.mark.parametrize(
    'bad,message',
    [
        (line().rsplit(' ', 1)[0], 'expected 207 fields .*, got 206'),
        (line() + ' x', 'expected 207 fields .*, got 208'),
        (line(field_5='nan'), "200 finite numbers, but field 5 is 'nan'"),
        (line(field_196='-inf'), "field 196 is '-inf'"),
        (line(field_2='left'), "field 2 is 'left'"),
        (line(field_198='1e999'), "field 198 is '1e999'"),
        (line(flags='000200'), "0 or 1 for makeup, got '2'"),
        (line('../../etc/a.jpg'), 'an image below WFLW_images'),
        (line('/a.jpg'), 'an image below WFLW_images'),
        (line(field_7='1_000'), "field 7 is '1_000'"),
        (line(field_7='1e308'), "field 7 is '1e308'"),
    ],
)
def test_lines_that_are_refused(release, tmp_path, bad, message):
    path = release / LISTS / 'list_98pt_rect_attr_test.txt'
    path.write_text(f'{line()}\n{bad}\n')
    with pytest.raises(ValueError, match=f'_test.txt:2: .*{message}'):
        convert_wflw(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


def test_oddities_are_kept_and_counted(tmp_path, logged):
    raw = make_release(
        tmp_path / 'raw',
        train=[
            line(field_1='-104.5'),
            line(seed=1, rect=(10, 10, 10, 90)),
            line(seed=2),
            line(seed=2, rect=(0, 0, 5, 5)),
        ],
    )
    counts = convert_wflw(raw, tmp_path / 'out', partial=True)
    assert counts == {'face_landmarks_wflw_train.json': 4}
    name = 'list_98pt_rect_attr_train.txt'
    for what, number in (
        ('points outside the image', 1),
        ('a face rectangle without area', 2),
        ('the same points in the same image twice', 4),
    ):
        assert f'1 faces with {what}, kept ({name}:{number})' in logged.text


def test_missing_images(release, tmp_path, logged):
    (release / 'WFLW_images/1--H/d.jpg').unlink()
    with pytest.raises(ValueError):
        convert_wflw(release, tmp_path / 'out')
    counts = convert_wflw(release, tmp_path / 'out', partial=True)
    assert counts['face_landmarks_wflw_test.json'] == 2
    assert '1 of 4 listed images are not under' in logged.text
    assert '1--H/d.jpg; their faces are left out' in logged.text


def test_missing_images_of_a_complete_list(release, tmp_path, monkeypatch):
    for name in EXPECTED:
        monkeypatch.setitem(EXPECTED, name, 1)
    monkeypatch.setitem(EXPECTED, 'train', 2)
    monkeypatch.setitem(EXPECTED, 'test', 3)
    for name in ('illumination', 'makeup', 'blur'):
        monkeypatch.setitem(EXPECTED, name, 0)
    (release / 'WFLW_images/1--H/d.jpg').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 4 .*: 1--H/d.jpg'):
        convert_wflw(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('content', [b'', b'GIF', None])
def test_unreadable_image(release, tmp_path, content):
    path = release / 'WFLW_images/1--H/d.jpg'
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    with pytest.raises(ValueError, match='d.jpg is'):
        convert_wflw(release, tmp_path / 'out', partial=True)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'name,error',
    [
        ('0--Parade', ValueError),
        ('0--Parade/a.jpg/b.jpg', FileNotFoundError),
        ('a' * 300 + '.jpg', FileNotFoundError),
    ],
)
def test_names_that_are_no_files(release, tmp_path, name, error):
    path = release / LISTS / 'list_98pt_rect_attr_train.txt'
    path.write_text(line() + '\n' + line(name) + '\n')
    (release / LISTS / 'list_98pt_rect_attr_test.txt').unlink()
    if error is ValueError:
        with pytest.raises(error, match='0--Parade is a folder'):
            convert_wflw(release, tmp_path / 'out', partial=True)
    else:
        counts = convert_wflw(release, tmp_path / 'out', partial=True)
        assert counts == {'face_landmarks_wflw_train.json': 1}


def test_files_of_another_source_are_kept(release, tmp_path):
    """Such as MMPose's, whose names ours have."""
    for name in ('face_landmarks_wflw_train.json', SUBSET_FILES['makeup']):
        path = tmp_path / name.split('.')[0] / 'annotations' / name
        path.parent.mkdir(parents=True)
        path.write_text('{"images": []}')
        with pytest.raises(ValueError, match=f'{path} exists and was not'):
            convert_wflw(release, path.parents[1], partial=True)
        assert path.read_text() == '{"images": []}'


def test_an_image_that_cannot_be_copied(release, tmp_path):
    (release / 'WFLW_images/none.jpg').symlink_to('nowhere')
    with pytest.raises(FileNotFoundError, match='none.jpg could not be cop'):
        convert_wflw(release, tmp_path / 'out', partial=True, images='copy')


def test_wrong_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='no WFLW release'):
        convert_wflw(tmp_path, tmp_path / 'out')
    make_release(tmp_path / 'raw', train=[line()])
    (tmp_path / 'raw/WFLW_images').rename(tmp_path / 'raw/elsewhere')
    with pytest.raises(FileNotFoundError, match='no images of WFLW'):
        convert_wflw(tmp_path / 'raw', tmp_path / 'out', partial=True)


def test_tool(release, tmp_path):
    args = ('tools/prepare_data.py', 'wflw', '--raw', release, '--out', tmp_path / 'out')
    out = run_script(*args, check=False).stdout
    assert 'error: ' in out and 'expected  7500' in out
    assert 'Traceback' not in out
    out = run_python(*args, '--partial').stdout
    assert 'face_landmarks_wflw_test_largepose.json: 1 faces' in out


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('wflw') / 'list.txt'


fields = st.sampled_from(['1', '0', '-3.5', 'nan', '1_0', '0x1', 'a.jpg', '', '1e400', '²', '\0'])
lines = st.lists(fields, min_size=205, max_size=208).map(' '.join)


@given(
    content=st.binary()
    | lines.map(str.encode)
    | st.lists(lines, max_size=3).map('\n'.join).map(str.encode)
)
@example(content=line().encode())
@example(content=line('a\0.jpg').encode())
def test_any_bytes_give_rows_or_a_value_error(scratch, content):
    scratch.write_bytes(content)
    try:
        rows = read_list(scratch)
    except ValueError as error:
        assert str(error).startswith(f'{scratch}:')
    else:
        for row in rows:
            assert row.points.shape == (98, 2)
            assert np.isfinite(row.points).all() and row.file_name


class TestReal:
    def test_mini(self, face_data, tmp_path):
        counts = convert_wflw(face_data / 'wflw_mini', tmp_path, partial=True)
        assert counts == {
            'face_landmarks_wflw_test.json': 6,
            'face_landmarks_wflw_test_occlusion.json': 1,
            'face_landmarks_wflw_test_blur.json': 1,
        }
        assert len(open_benchmark('wflw', tmp_path, 'test')) == 6

    def test_mini_and_the_official_lists_agree_field_by_field(self, face_data):
        folder = face_data / 'wflw_annotations'
        mini = read_list(face_data / 'wflw_mini' / LISTS / 'list_98pt_rect_attr_test.txt')
        official = {
            (row.file_name, row.points.tobytes()): row
            for row in read_list(folder / 'list_98pt_rect_attr_test_1970of2500.txt')
        }
        found = 0
        for row in mini:
            twin = official.get((row.file_name, row.points.tobytes()))
            found += twin is not None
            if twin is not None:
                assert row.rect == twin.rect
                assert row.attributes == twin.attributes
        assert found > 0
        for name, file_name in SUBSET_FILES.items():
            listed = (
                folder
                / 'list_98pt_test'
                / file_name.replace('face_landmarks_wflw_test', 'list_98pt_test').replace(
                    'json', 'txt'
                )
            )
            faces = {tuple(text.split()) for text in listed.read_text().splitlines()}
            raw = (face_data / 'wflw_mini' / LISTS / 'list_98pt_rect_attr_test.txt').read_text()
            for row, text in zip(mini, raw.splitlines()):
                key = (*text.split()[:196], row.file_name)
                assert (name in row.attributes) == (key in faces)

    def test_box_rule_equals_mmpose_on_every_face_both_have(self, face_data, tmp_path):
        convert_wflw(face_data / 'wflw_mini', tmp_path, partial=True)
        ours = {
            tuple(np.reshape(a['keypoints'], (98, 3))[0, :2].round(3)): a
            for a in annotations(tmp_path, 'test')['annotations']
        }
        theirs = json.loads((face_data / 'mmpose_samples/wflw/test_wflw.json').read_text())
        for ann in theirs['annotations']:
            points = np.reshape(ann['keypoints'], (98, 3))
            twin = ours[tuple(points[0, :2].round(3))]
            np.testing.assert_allclose(twin['keypoints'], ann['keypoints'], atol=1e-6)
            assert twin['center'] == ann['center']
            assert twin['scale'] == ann['scale']
            # MMPose's file ends one bbox, which nothing reads, at row 768 of
            # 1024.
            if sum(ann['bbox'][1::2]) != 768:
                np.testing.assert_allclose(twin['bbox'], ann['bbox'], atol=1e-5)
        assert len(theirs['annotations']) == 4
