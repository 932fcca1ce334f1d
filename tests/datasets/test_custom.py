# SPDX-License-Identifier: Apache-2.0
"""Faces of one's own, in COCO's layout."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from mmpose_face.datasets import CustomFaces, PackFaceInputs
from mmpose_face.datasets.custom_files import read_checked
from mmpose_face.evaluation import SubsetNME
from mmpose_face.evaluation.predictions import load_predictions
from mmpose_face.evaluation.scores import load_scores
from mmpose_face.inference.landmarker import FaceLandmarker
from mmpose_face.landmarks import get_scheme
from mmpose_face.zoo import build_model

SCHEME = dict(
    name='own3',
    curves=[
        dict(group='eyes', points=['left_eye', 'right_eye']),
        dict(group='nose', points=['nose_tip']),
    ],
    normalizer=['left_eye', 'right_eye'],
)
OWN3 = get_scheme(SCHEME)


def content(**change) -> dict:
    """A file of one face, whose annotation is changed."""
    ann = dict(id=7, image_id=3, keypoints=[10, 20, 1, 40, 20, 1, 26, 40, 1], **change)
    return dict(
        images=[dict(id=3, file_name='a.png', width=64, height=48)],
        annotations=[{k: v for k, v in ann.items() if v is not ...}],
    )


def opened(folder: Path, said: dict, scheme=SCHEME, **kwargs) -> CustomFaces:
    (folder / 'a.json').write_text(json.dumps(said))
    return CustomFaces(
        scheme, ann_file='a.json', data_root=str(folder), data_prefix=dict(img='images/'), **kwargs
    )


def test_what_a_face_has(tmp_path):
    faces = opened(tmp_path, content())
    info = faces.get_data_info(0)
    assert len(faces) == 1 and info['id'] == 7
    assert info['img_path'] == str(tmp_path / 'images/a.png')
    np.testing.assert_array_equal(info['keypoints'], [[[10, 20], [40, 20], [26, 40]]])
    # The square about the points: 30 by 20 pixels, its middle at 25, 30.
    np.testing.assert_array_equal(info['bbox'], [[10, 15, 40, 45]])
    assert info['box_size'] == 30  # the longer side
    assert info['flip_indices'] == [1, 0, 2]
    assert 'occluded' not in info and 'subsets' not in info
    assert faces.metainfo['dataset_name'] == 'own3'
    assert get_scheme(faces.metainfo['scheme']) == OWN3


def test_boxes(tmp_path):
    said = content(bbox=[4, 10, 48, 36])
    raw = opened(tmp_path, said, box='raw').get_data_info(0)
    np.testing.assert_array_equal(raw['bbox'], [[4, 4, 52, 52]])
    assert raw['box_size'] == 48
    assert opened(tmp_path, content(box_size=33.0)).get_data_info(0)['box_size'] == 33
    as_it_is = opened(tmp_path, said, box='benchmark').get_data_info(0)
    np.testing.assert_array_equal(as_it_is['bbox'], [[4, 10, 52, 46]])
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps([dict(image_id=3, bbox=[12, 14, 30, 30], score=0.9)]))
    found = opened(tmp_path, said, bbox_file=str(boxes), test_mode=True).get_data_info(0)
    np.testing.assert_array_equal(found['bbox'], [[12, 14, 42, 44]])


def test_subsets(tmp_path):
    tested = opened(tmp_path, content(subsets=['glasses', 'test']), test_mode=True)
    assert tested.get_data_info(0)['subsets'] == ('test', 'glasses')
    plain = opened(tmp_path, content(), test_mode=True)
    assert plain.get_data_info(0)['subsets'] == ('test',)
    trained = opened(tmp_path, content(subsets=['glasses']))
    assert trained.get_data_info(0)['subsets'] == ('glasses',)


def test_visibility(tmp_path):
    """COCO's 0 is not labelled, 1 hidden and 2 seen; without any 2, as in
    MMPose's files of faces, a 1 says nothing of occlusion."""
    said = content()
    said['annotations'][0]['keypoints'] = [0, 0, 0, 40, 20, 1, 26, 40, 2]
    info = opened(tmp_path, said).get_data_info(0)
    np.testing.assert_array_equal(info['keypoints_visible'], [[0, 1, 1]])
    np.testing.assert_array_equal(info['occluded'], [[0, 1, 0]])
    # The box of the two labelled points.
    np.testing.assert_array_equal(info['bbox'], [[23, 20, 43, 40]])
    said['annotations'][0]['occluded'] = [1, 0, 1]
    info = opened(tmp_path, said).get_data_info(0)
    np.testing.assert_array_equal(info['occluded'], [[1, 0, 1]])


def test_what_is_left_out_is_counted(tmp_path, logged):
    said = content()
    said['annotations'] += [
        dict(id=8, image_id=3, bbox=[1, 1, 5, 5]),
        dict(id=9, image_id=3, keypoints=[0] * 9),
        dict(id=10, image_id=3, keypoints=[5, 5, 1] + [0] * 6),
    ]
    assert len(opened(tmp_path, said)) == 1
    assert (
        'a.json: 3 faces left out (1 without a labelled face, 1 without '
        'labelled points, 1 without a box of positive size), 1 kept'
    ) in logged.text
    del said['annotations'][0]
    with pytest.raises(ValueError, match='a.json: no face is left'):
        opened(tmp_path, said)


CATEGORY = dict(id=1, name='face')


@pytest.mark.parametrize(
    'change,message',
    [
        (
            dict(keypoints=[1.0, 2, 1] * 2),
            'annotation 7: expected keypoints of 9 '
            'numbers, x, y and visibility of each of the 3 points of own3, got',
        ),
        (dict(keypoints=[1.0, 2] * 3), 'annotation 7: expected keypoints of 9 num'),
        (dict(keypoints=[1, 2, 3] * 3), 'annotation 7: expected 0, 1 or 2 as vi'),
        (dict(keypoints=[1, 2, None] * 3), 'annotation 7: expected keypoints of'),
        (dict(keypoints=[1, float('nan'), 1] * 3), 'annotation 7: expected keypo'),
        (dict(keypoints='face'), 'annotation 7: expected keypoints of 9 numbers'),
        (
            dict(image_id=4),
            'annotation 7: expected image_id to be the id of one of the images, got 4',
        ),
        (dict(id='7'), 'id that is a whole number; annotations is none'),
        (dict(bbox=[1, 2, 0, 4]), 'annotation 7: expected bbox as left, top, wid'),
        (dict(bbox=[1, 2, 3]), 'annotation 7: expected bbox as left, top, width'),
        (dict(box_size=0), 'annotation 7: expected box_size in pixels, got 0'),
        (dict(subsets='test'), 'annotation 7: expected a list of names for sub'),
        (dict(occluded=[1]), 'annotation 7: expected occluded with 0 or 1 for ea'),
        (dict(occluded=[1, 2, 0]), 'annotation 7: expected occluded with 0 or 1'),
    ],
)
def test_annotations_that_are_none(tmp_path, change, message):
    said = content()
    said['annotations'][0].update(change)
    with pytest.raises(ValueError, match=message) as raised:
        opened(tmp_path, said)
    assert str(raised.value).startswith(str(tmp_path / 'a.json'))


@pytest.mark.parametrize(
    'change,message',
    [
        (dict(images=None), 'expected COCO.s .* images is none'),
        (dict(images=[dict(id=3)]), 'image 3: expected file_name, got None'),
        (
            dict(images=[dict(id=3, file_name='a', height=1)]),
            'image 3: expected width in pixels, got None',
        ),
        (
            dict(annotations=content()['annotations'] * 2),
            'annotations: expected each id once, 7 occurs again',
        ),
        (dict(categories=[CATEGORY]), 'annotation 7: expected its category_id'),
    ],
)
def test_files_that_are_none(tmp_path, change, message):
    with pytest.raises(ValueError, match=message) as raised:
        opened(tmp_path, {**content(), **change})
    assert str(raised.value).startswith(str(tmp_path / 'a.json'))


@pytest.mark.parametrize(
    'names,message',
    [
        (['a', 'b'], 'the category face has 2 keypoints, expected the 3 of own3'),
        (
            ['right_eye', 'left_eye', 'nose_tip'],
            'own3 in another order: point 0 is right_eye, expected left_eye',
        ),
        (['a', 'b', 'c'], None),  # another name for the same
        (OWN3.points, None),
    ],
)
def test_names_of_the_points(tmp_path, names, message):
    said = content(category_id=1)
    said['categories'] = [dict(CATEGORY, keypoints=list(names))]
    if message is None:
        assert len(opened(tmp_path, said)) == 1
    else:
        with pytest.raises(ValueError, match=message):
            opened(tmp_path, said)


def test_what_it_cannot_be_told(tmp_path):
    with pytest.raises(ValueError, match="unknown landmark scheme 'own3'"):
        opened(tmp_path, content(), scheme='own3')
    with pytest.raises(ValueError, match='expected no metainfo beside it'):
        opened(tmp_path, content(), metainfo=dict(from_file='wflw.py'))
    with pytest.raises(FileNotFoundError, match='b.json not found.*COCO JSON'):
        CustomFaces(SCHEME, str(tmp_path / 'b.json'))


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('custom') / 'a.json'


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(['id', 'keypoints', 'bbox']), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    part=st.sampled_from(['images', 'annotations']),
    key=st.sampled_from(['id', 'image_id', 'keypoints', 'bbox', 'width', 'file_name', 'x']),
    value=anything,
    whole=st.booleans(),
)
def test_any_value_gives_content_or_a_value_error(scratch, part, key, value, whole):
    said = content()
    if whole:
        said[part] = value
    else:
        said[part][0][key] = value
    scratch.write_text(json.dumps(said))
    try:
        read_checked(str(scratch), OWN3)
    except ValueError as error:
        assert str(error).startswith(str(scratch))


@pytest.mark.parametrize('data', [b'', b'{', b'\xff', b'[' * 100000, b'[]'])
def test_any_bytes(tmp_path, data):
    (tmp_path / 'a.json').write_bytes(data)
    with pytest.raises(ValueError, match='a.json'):
        CustomFaces(SCHEME, str(tmp_path / 'a.json'))


def sample(faces: CustomFaces, shift: float) -> dict:
    """What the metric gets of the face, predicted so many pixels off."""
    info = faces.get_data_info(0)
    packed = PackFaceInputs().transform(dict(info, img=np.zeros((4, 4, 3), np.uint8)))[
        'data_samples'
    ]
    said = packed.to_dict()
    said['pred_instances'] = dict(keypoints=info['keypoints'] + [shift, 0])
    return said


def test_the_table_and_its_files_know_the_scheme(tmp_path):
    """An error of 3 pixels, the eyes 30 pixels apart: 10 %."""
    faces = opened(tmp_path, content(subsets=['glasses']), test_mode=True)
    metric = SubsetNME(('test', 'glasses'), out_dir=str(tmp_path / 'out'))
    metric.dataset_meta = faces.metainfo
    metric.process(None, [sample(faces, 3.0)])
    figures = metric.evaluate(1)
    assert figures['NME'] == figures['glasses/NME'] == pytest.approx(10)
    assert load_scores(tmp_path / 'out/per_face.json').scheme == OWN3
    assert load_predictions(tmp_path / 'out/predictions.json').scheme == OWN3


def test_without_two_points_the_box_is_the_normaliser(tmp_path):
    """3 pixels of a box of 48: 6.25 %."""
    said = content(bbox=[4, 10, 48, 36])
    faces = opened(tmp_path, said, scheme={**SCHEME, 'normalizer': None}, test_mode=True)
    metric = SubsetNME()
    metric.dataset_meta = faces.metainfo
    metric.process(None, [sample(faces, 3.0)])
    assert metric.evaluate(1)['NME'] == pytest.approx(6.25)


CONFIG = """
from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_custom import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

scheme = SCHEME
num_points = 3
model['backbone'].update(base_channels=8)
model['head'].update(in_channels=64, deconv_out_channels=(8, 8, 8))
"""


def test_a_model_is_of_the_scheme_that_its_config_says(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(CONFIG.replace('SCHEME', repr(SCHEME)))
    cfg = Config.fromfile(path)
    model = build_model(cfg)
    landmarker = FaceLandmarker(model, detector='whole_image')
    assert landmarker.scheme == OWN3
    image = np.zeros((48, 64, 3), np.uint8)
    (face,) = landmarker(image, channels='bgr')
    assert face['eyes'].shape == (2, 2) and face['nose_tip'].shape == (2,)
    # The config is still that of the data set, which says its points once.
    assert 'metainfo' not in model.cfg.train_dataloader.dataset
