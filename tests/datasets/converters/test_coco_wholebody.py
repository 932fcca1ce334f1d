# SPDX-License-Identifier: Apache-2.0
import json
import shutil

import pytest
from coco_files import FILE, make_release, person, without
from conftest import assert_same_samples
from hypothesis import example, given
from hypothesis import strategies as st
from mmpose.datasets.datasets import CocoWholeBodyFaceDataset
from mmpose.datasets.transforms import LoadImage

from mmpose_face.datasets import open_benchmark
from mmpose_face.datasets.converters import convert_coco_wholebody_face
from mmpose_face.datasets.converters.coco_wholebody import read_file


@pytest.fixture
def release(tmp_path):
    return make_release(
        tmp_path / 'raw',
        train=[person(1), person(2, face_valid=False)],
        val=[
            person(3),
            person(4, face_valid=False, face_kpts=[0] * 204),
            person(5, face_kpts=[0.0] * 204),
            without(6, [36]),
            without(7, [36, 45], (20, 20, 1)),
        ],
    )


def content(out, part):
    return json.loads((out / 'annotations' / FILE.format(part)).read_text())


def test_only_valid_faces(release, tmp_path, logged):
    counts = convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    assert counts == {FILE.format('train'): 1, FILE.format('val'): 3}
    val = content(tmp_path / 'out', 'val')
    assert [a['id'] for a in val['annotations']] == [3, 6, 7]
    assert val['annotations'][0]['face_kpts'] == person(3)['face_kpts']
    assert [a['subsets'] for a in val['annotations']] == [['val']] * 3
    assert content(tmp_path / 'out', 'train')['annotations'][0]['subsets'] == []
    assert [i['id'] for i in val['images']] == [1]
    assert '1 faces are marked as valid but have no points' in logged.text


def test_faces_without_normaliser_are_counted_and_listed(release, tmp_path, logged):
    convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    info = content(tmp_path / 'out', 'val')['info']
    assert info['without_normalizer'] == [6, 7]
    assert info['pixel_origin'] == 0
    assert '2 faces whose outer eye corners coincide' in logged.text


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_mmpose_reads_it(release, tmp_path, images):
    out = tmp_path / 'out'
    for _ in range(2):
        convert_coco_wholebody_face(release, out, partial=True, images=images)
    kwargs = dict(ann_file='annotations/' + FILE.format('val'), data_prefix=dict(img='val2017/'))
    data = CocoWholeBodyFaceDataset(data_root=str(out), pipeline=[LoadImage()], **kwargs)
    assert len(data) == 3 and data[0]['img'].shape == (70, 80, 3)
    # The release's own file gives the same samples.
    assert_same_samples(
        open_benchmark('coco_wholebody_face', out, 'test'),
        CocoWholeBodyFaceDataset(
            data_root=str(release),
            ann_file=kwargs['ann_file'],
            data_prefix=dict(img=str(out / 'val2017')),
        ),
    )


def test_same_input_same_bytes(release, tmp_path):
    for out in ('a', 'b'):
        convert_coco_wholebody_face(release, tmp_path / out, partial=True)
    for path in (tmp_path / 'a/annotations').iterdir():
        twin = tmp_path / 'b/annotations' / path.name
        assert path.read_bytes() == twin.read_bytes()


def test_incomplete_release_is_refused_with_counts(release, tmp_path):
    with pytest.raises(ValueError, match='train found +2, expected 118287'):
        convert_coco_wholebody_face(release, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_the_release_is_not_overwritten(release):
    before = (release / 'annotations' / FILE.format('val')).read_bytes()
    with pytest.raises(ValueError, match='file of the release.*another --out'):
        convert_coco_wholebody_face(release, release, partial=True)
    assert (release / 'annotations' / FILE.format('val')).read_bytes() == before


def test_a_second_release_leaves_nothing_of_the_first(release, tmp_path):
    convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    smaller = make_release(tmp_path / 'smaller', val=[person(1)])
    convert_coco_wholebody_face(smaller, tmp_path / 'out', partial=True)
    assert [p.name for p in (tmp_path / 'out/annotations').iterdir()] == [FILE.format('val')]


def test_images(release, tmp_path, logged):
    image = release / 'val2017/000000000001.jpg'
    whole = image.read_bytes()
    image.write_bytes(whole[:300])
    with pytest.raises(ValueError, match='01.jpg is a truncated JPEG'):
        convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    image.unlink()
    with pytest.raises(FileNotFoundError, match='1 of 1 listed images'):
        convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    # Of an image without faces nothing is asked.
    image.write_bytes(whole)
    (release / 'val2017/000000000002.jpg').unlink()
    assert convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)
    shutil.rmtree(release / 'val2017')
    with pytest.raises(FileNotFoundError, match='no images of COCO 2017'):
        convert_coco_wholebody_face(release, tmp_path / 'out', partial=True)


def test_wrong_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='no COCO-WholeBody release'):
        convert_coco_wholebody_face(tmp_path, tmp_path / 'out')


@pytest.mark.parametrize(
    'ann,message',
    [
        (dict(), 'expected the fields id'),
        (7, 'expected the fields id'),
        (person(1, face_kpts=[1.0] * 203), 'expected 204 finite numbers'),
        (person(1, face_kpts=['a'] * 204), 'expected 204 finite numbers'),
        (person(1, face_kpts=[float('nan')] * 204), 'expected 204 finite numbers'),
        (person(1, face_box=[0, 0, 1, float('inf')]), 'expected 4 finite numbers'),
        (person(1, face_box=None), 'expected 4 finite numbers'),
        (person(1, image=9), 'expected the id of an image, got 9'),
        (person(8), 'expected an id of its own, got 8'),
        (person(None), 'expected an id of its own, got None'),
    ],
)
def test_annotations_that_are_refused(tmp_path, ann, message):
    raw = make_release(tmp_path / 'raw', val=[person(8), ann])
    with pytest.raises(ValueError, match=f'val_v1.0.json: annotation 1: {message}'):
        convert_coco_wholebody_face(raw, tmp_path / 'out', partial=True)


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('coco') / 'a.json'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    'images',
                    'annotations',
                    'id',
                    'file_name',
                    'width',
                    'height',
                    'face_valid',
                    'face_kpts',
                    'image_id',
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(content=st.binary() | values.map(json.dumps).map(str.encode))
@example(content=b'[' * 200000)
@example(content=b'{"images": [{"id": []}], "annotations": []}')
@example(content=b'{"images": [], "annotations": [1e999]}')
@example(content=json.dumps(dict(images=[], annotations=[person(1, image=[])])).encode())
@example(
    content=json.dumps(
        dict(
            images=[dict(id=1, file_name='a', width=1, height=1)],
            annotations=[person(1, face_box=[0, 0, 1, 10**400])],
        )
    ).encode()
)
def test_any_bytes_give_content_or_a_value_error(scratch, content):
    scratch.write_bytes(content)
    try:
        read = read_file(scratch)
    except ValueError as error:
        assert str(error).startswith(str(scratch))
    else:
        assert set(read) >= {'images', 'annotations'}


def test_real_sample(face_data, tmp_path):
    """MMPose's two images in the release's layout."""
    sample = face_data / 'mmpose_samples/coco'
    raw = tmp_path / 'raw'
    shutil.copytree(sample, raw / 'val2017')
    (raw / 'annotations').mkdir()
    (raw / 'val2017/test_coco_wholebody.json').rename(raw / 'annotations' / FILE.format('val'))
    counts = convert_coco_wholebody_face(raw, tmp_path / 'out', partial=True)
    assert counts == {FILE.format('val'): 4}
    theirs = CocoWholeBodyFaceDataset(
        ann_file=str(sample / 'test_coco_wholebody.json'),
        data_prefix=dict(img=str(tmp_path / 'out/val2017')),
    )
    assert_same_samples(open_benchmark('coco_wholebody_face', tmp_path / 'out', 'test'), theirs)
