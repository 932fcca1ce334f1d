# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mmpose.datasets.datasets import Face300WDataset

from mmpose_face.datasets import (
    BENCHMARKS,
    Face300W,
    FaceAFLW,
    FaceCocoWholeBody,
    FaceCOFW,
    FaceDataset,
    FaceWFLW,
    open_benchmark,
)
from mmpose_face.datasets.converters import convert_wflw

VALID = 'annotations/face_landmarks_300w_valid.json'


def infos(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def rewritten(root, tmp_path, change):
    """The valid file with its annotations changed, in a folder of its own."""
    content = json.loads((root / VALID).read_text())
    change(content['annotations'])
    path = tmp_path / VALID
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return tmp_path


def open_valid(root, cls=Face300W, **kwargs):
    return cls(data_root=str(root), ann_file=VALID, data_prefix=dict(img='images/'), **kwargs)


def test_several_files_are_one_data_set(tiny_300w):
    files = [VALID, 'annotations/face_landmarks_300w_train.json']
    both = Face300W(
        data_root=str(tiny_300w), ann_file=files, data_prefix=dict(img='images/'), test_mode=True
    )
    paths = [info['img_path'] for info in infos(both)]
    assert len(paths) == 11
    assert sum('helen/testset' in path for path in paths) == 3
    assert paths[0].startswith(str(tiny_300w / 'images'))


def test_one_of_several_files_may_be_missing_but_not_in_silence(tiny_300w, logged):
    faces = open_benchmark('300w', tiny_300w, 'test')
    assert len(faces) == 5
    assert 'face_landmarks_300w_test.json not found' in logged.text


def test_dropped_faces_are_counted_with_the_reason(tiny_300w, tmp_path, logged):

    def change(annotations):
        annotations[0]['iscrowd'] = 1
        annotations[1]['num_keypoints'] = 0
        annotations[2]['scale'] = 0
        annotations[3]['keypoints'] = [-1.0] * 204

    root = rewritten(tiny_300w, tmp_path, change)
    assert len(open_valid(root)) == len(open_valid(root, Face300WDataset)) == 1
    assert (
        '4 faces left out (1 marked as a crowd, 1 without labelled points,'
        ' 1 without a box of positive size, 1 whose points all lie at or '
        'before 0), 1 kept'
    ) in logged.text
    assert logged.text.count('left out') == 1


def test_nothing_is_said_where_nothing_is_dropped(tiny_300w, logged):
    open_valid(tiny_300w)
    assert 'left out' not in logged.text


@pytest.mark.parametrize('text', ['{', '{"images": [{}]}', '[]'])
def test_files_that_are_no_annotations(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match='a.json is not an annotation file'):
        Face300W(ann_file=str(tmp_path / 'a.json'))


def test_an_annotation_that_lacks_a_field(tiny_300w, tmp_path):
    root = rewritten(tiny_300w, tmp_path, lambda a: a[0].pop('center'))
    with pytest.raises(ValueError, match="300w data: KeyError.'center'"):
        open_valid(root)


@pytest.mark.parametrize(
    'change,message',
    [
        (dict(subsets='test'), "a list of names for subsets, got 'test'"),
        (dict(subsets=[['a']]), 'a list of names for subsets'),
        (dict(occluded=[1] * 67), 'a flag for each point in occluded'),
        (dict(occluded=1), 'a flag for each point in occluded'),
    ],
)
def test_fields_of_ours_that_are_none(tiny_300w, tmp_path, change, message):
    root = rewritten(tiny_300w, tmp_path, lambda a: a[0].update(change))
    with pytest.raises(ValueError, match=f'annotation 1: expected {message}'):
        open_valid(root)


def test_ids_that_occur_twice_are_said(tiny_300w, tmp_path, logged):

    def change(annotations):
        annotations[1]['id'] = annotations[0]['id']

    open_valid(rewritten(tiny_300w, tmp_path, change))
    assert '1 ids of annotations occur more than once (1)' in logged.text


@pytest.mark.parametrize(
    'points,message',
    [
        ([9.0] * 294, 'annotation 1 has 98 points, expected 68'),
        ([float('nan')] * 204, 'annotation 1: expected finite points'),
        ([None] * 204, 'annotation 1: expected finite points'),
    ],
)
def test_points_that_are_none(tiny_300w, tmp_path, points, message):
    root = rewritten(tiny_300w, tmp_path, lambda a: a[0].update(keypoints=points))
    with pytest.raises(ValueError, match=f'valid.json: {message}'):
        open_valid(root)


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('annotations') / 'a.json'


GOOD = dict(
    images=[dict(id=1, file_name='a.jpg', width=99, height=99)],
    annotations=[
        dict(
            id=1,
            image_id=1,
            category_id=1,
            keypoints=[9.0] * 204,
            num_keypoints=68,
            iscrowd=0,
            bbox=[1, 1, 9, 9],
            face_box=[1, 1, 9, 9],
            face_kpts=[9.0] * 204,
            face_valid=True,
            center=[5, 5],
            scale=0.1,
        )
    ],
    categories=[dict(id=1, name='face')],
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def nearly_good(draw):
    """A good file with one value replaced by anything or taken away."""
    content = json.loads(json.dumps(GOOD))
    part = content[draw(st.sampled_from(['images', 'annotations']))][0]
    target = draw(st.sampled_from([content, part]))
    key = draw(st.sampled_from(sorted(target)))
    if draw(st.booleans()):
        target[key] = draw(values)
    else:
        del target[key]
    return json.dumps(content).encode()


@given(
    content=st.binary() | values.map(json.dumps).map(str.encode) | nearly_good(),
    cls=st.sampled_from([Face300W, FaceCocoWholeBody]),
)
@example(content=json.dumps(GOOD).encode(), cls=Face300W)
@example(content=b'[' * 200000, cls=Face300W)
def test_any_bytes_give_faces_or_a_value_error(scratch, content, cls):
    scratch.write_bytes(content)
    try:
        faces = cls(ann_file=str(scratch), test_mode=True)
    except ValueError as error:
        assert str(scratch) in str(error)
    else:
        assert len(faces) == 1


class TestBoxes:
    def test_landmarks(self, tiny_300w):
        for info in infos(open_valid(tiny_300w, box='landmarks', box_margin=0.1)):
            low, high = info['keypoints'][0].min(0), info['keypoints'][0].max(0)
            side = 1.2 * (high - low).max()
            np.testing.assert_allclose(info['bbox_center'][0], (low + high) / 2)
            np.testing.assert_allclose(info['bbox_scale'], [[side, side]])
            np.testing.assert_allclose(
                info['bbox'][0, 2:] - info['bbox'][0, :2], [side, side], rtol=1e-5
            )

    def test_raw_rectangle_of_wflw(self, face_data, tmp_path):
        convert_wflw(face_data / 'wflw_mini', tmp_path, partial=True)
        raw = infos(open_benchmark('wflw', tmp_path, 'test', box='raw'))
        usual = infos(open_benchmark('wflw', tmp_path, 'test'))
        # The first line of the list has the rectangle 732 280 812 390.
        by_x = {round(float(i['keypoints'][0, 0, 0]), 3): i for i in raw}
        first = by_x[737.311]
        assert first['bbox_center'].tolist() == [[772, 335]]
        assert first['bbox_scale'].tolist() == [[110, 110]]
        assert usual[0]['bbox_scale'][0, 0] != raw[0]['bbox_scale'][0, 0]

    @pytest.mark.parametrize(
        'cls,sample,center,side',
        [
            (FaceCOFW, 'cofw/test_cofw.json', (38 + 105 / 2, 102 + 180 / 2), 180),
            (FaceAFLW, 'aflw/test_aflw.json', (449, 321), 362),
            (FaceCocoWholeBody, 'coco/test_coco_wholebody.json', None, None),
        ],
    )
    def test_raw_rectangle_of_mmpose_files(self, face_data, cls, sample, center, side):
        faces = cls(ann_file=str(face_data / 'mmpose_samples' / sample), box='raw')
        info = faces.get_data_info(0)
        if center is None:
            x, y, w, h = 358.2, 69.86, 26.36, 25.85  # its face_box
            center, side = (x + w / 2, y + h / 2), max(w, h)
        np.testing.assert_allclose(info['bbox_center'], [center], rtol=1e-5)
        np.testing.assert_allclose(info['bbox_scale'], side, rtol=1e-5)

    def test_300w_has_no_rectangle(self, tiny_300w):
        with pytest.raises(ValueError, match='annotation 1 of .* has no rect'):
            open_valid(tiny_300w, box='raw')

    def test_detector(self, tiny_300w, tmp_path, logged):
        """Boxes 10 pixels larger on each side; the last face is missed."""
        truth = infos(open_valid(tiny_300w))
        detections = []
        for info in truth[:-1]:
            x0, y0 = (info['keypoints'][0].min(0) - 10).tolist()
            x1, y1 = (info['keypoints'][0].max(0) + 10).tolist()
            name = info['img_path'].split('images/')[1]
            detections.append(dict(file_name=name, bbox=[x0, y0, x1 - x0, y1 - y0], score=0.5))
        path = tmp_path / 'dets.json'
        path.write_text(json.dumps(detections[::-1]))
        found = infos(open_benchmark('300w', tiny_300w, 'test', bbox_file=str(path)))
        assert len(found) == len(truth) - 1
        assert '4 of 5 faces detected (80.0 %)' in logged.text
        assert 'the 1 others are left out (ibug/face_1.jpg)' in logged.text
        for info, true in zip(found, truth):
            assert info['img_path'] == true['img_path']
            spans = np.ptp(true['keypoints'][0], axis=0) + 20
            np.testing.assert_allclose(info['bbox_scale'], spans.max())
            np.testing.assert_array_equal(info['keypoints'], true['keypoints'])

    def test_ids_do_not_tell_images_of_several_files_apart(self, tiny_300w, tmp_path):
        path = tmp_path / 'dets.json'
        path.write_text('[{"image_id": 1, "bbox": [0, 0, 9, 9], "score": 1}]')
        with pytest.raises(ValueError, match='expected file_name with every'):
            open_benchmark('300w', tiny_300w, 'test', bbox_file=str(path))
        with pytest.raises(ValueError, match='valid.json: no face is left'):
            open_valid(tiny_300w, bbox_file=str(path))

    @pytest.mark.parametrize(
        'kwargs,message',
        [
            (dict(box='tight'), "'landmarks', got 'tight'"),
            (dict(box='raw', bbox_file='a.json'), 'expected one of the two'),
            (dict(box_margin=0.1), 'has no margin'),
            (dict(box='raw', box_margin=-0.5), 'above -0.5'),
            (dict(data_mode='bottomup'), "got 'bottomup'"),
        ],
    )
    def test_options(self, kwargs, message):
        with pytest.raises(ValueError, match=message):
            Face300W(**kwargs)


def test_occlusion_of_cofw_is_not_lost(face_data):
    """The second number counts from the right: 2 visible, 1 occluded."""
    path = face_data / 'mmpose_samples/cofw/test_cofw.json'
    faces = FaceCOFW(ann_file=str(path), test_mode=True)
    first, second = infos(faces)
    assert np.flatnonzero(first['occluded']).tolist() == [*range(22, 28)]
    assert np.flatnonzero(second['occluded']).tolist() == [0, 2, 4, 5, 8, 12, 13, 16, 22]
    assert (first['keypoints_visible'] == 1).all()
    assert first['subsets'] == ('test',)


def test_mmpose_loses_it(face_data):
    """When this fails, MMPose keeps occlusion and we need not."""
    path = face_data / 'mmpose_samples/cofw/test_cofw.json'
    theirs = FaceCOFW.__mro__[2](ann_file=str(path))
    info = theirs.get_data_info(0)
    assert 'occluded' not in info and (info['keypoints_visible'] == 1).all()


def test_coco_drops_persons_without_a_face(face_data, logged):
    path = face_data / 'mmpose_samples/coco/test_coco_wholebody.json'
    faces = FaceCocoWholeBody(ann_file=str(path), test_mode=True)
    assert len(faces) == 4 and infos(faces)[0]['subsets'] == ('val',)
    assert '10 faces left out (10 without a labelled face)' in logged.text


def test_benchmarks():
    for benchmark in BENCHMARKS.values():
        assert benchmark.dataset.BENCHMARK is benchmark
    with pytest.raises(ValueError, match='unknown benchmark .*; known: 300w'):
        open_benchmark('lapa', 'data', 'test')
    with pytest.raises(ValueError, match="cofw68 has no part 'train'"):
        open_benchmark('cofw68', 'data', 'train')
    for name in BENCHMARKS:
        with pytest.raises(
            FileNotFoundError, match=f'(?s)not found.*prepare_data.py {name} --raw RELEASE'
        ):
            open_benchmark(name, 'nowhere', 'test')


def test_wflw_reads_occlusion(tmp_path):
    """Such as that of synthetic faces."""
    from mmpose_face.datasets.converters import write_synthetic

    write_synthetic(tmp_path, train=1, test=3, size=64)
    info = infos(open_benchmark('wflw', tmp_path, 'test'))[0]
    assert info['occluded'].shape == (1, 98)
    assert isinstance(FaceWFLW.ALL, str) and FaceWFLW.ALL in info['subsets']


def test_metainfo_is_the_samples_own(tiny_300w):
    faces = open_valid(tiny_300w)
    first, theirs = faces.get_data_info(0), faces.metainfo
    for key in ('flip_pairs', 'flip_indices', 'skeleton_links'):
        assert first[key] == theirs[key]
        # Entries of lists are numbers and tuples, which nobody can alter.
        assert {type(entry) for entry in first[key]} <= {int, tuple}
        first[key].clear()
    first['dataset_keypoint_weights'][:] = 0
    assert faces.get_data_info(1)['flip_indices'] == theirs['flip_indices']
    assert faces.get_data_info(0)['dataset_keypoint_weights'].all()
    assert faces.metainfo['flip_pairs'] == theirs['flip_pairs']
    # Of both ends of the data set.
    assert faces.get_data_info(-1)['sample_idx'] == len(faces) - 1


def test_a_data_set_with_more_in_its_samples(tiny_300w):

    class More(Face300WDataset):
        def get_data_info(self, idx):
            return dict(super().get_data_info(idx), more=idx)

    class FaceMore(FaceDataset, More):
        METAINFO = Face300W.METAINFO
        SOURCE = Face300W.SOURCE

    assert open_valid(tiny_300w, FaceMore).get_data_info(1)['more'] == 1
