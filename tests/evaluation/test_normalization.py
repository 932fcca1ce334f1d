# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_face.evaluation import Faces, SubsetNME, in_common, score
from mmpose_face.evaluation.normalization import Normalization
from mmpose_face.evaluation.scores import described_normalizer
from mmpose_face.landmarks import AFLW19, COFW29, IBUG68, WFLW98

SAID = {
    '300w': IBUG68,
    '300vw': IBUG68,
    '300wlp': IBUG68,
    'coco_wholebody_face': IBUG68,
    'wflw': WFLW98,
    'cofw': COFW29,
    'aflw': AFLW19,
}


def mmpose_meta(name: str) -> dict:
    return parse_pose_metainfo(dict(from_file=f'configs/_base_/datasets/{name}.py'))


@pytest.mark.parametrize('name', SAID)
def test_schemes_of_mmposes_data_sets(name):
    assert Normalization().scheme_of(mmpose_meta(name)) is SAID[name]


@pytest.mark.parametrize(
    'kwargs, name',
    [
        (dict(), None),
        (dict(normalizer='landmark_box'), 'landmark_box'),
        (dict(norm_mode='keypoint_distance'), 'inter_ocular'),
        (dict(keypoint_indices=(0, 1)), 'inter_ocular'),
        (dict(norm_mode='use_norm_item', norm_item='bbox_size'), 'bbox_size'),
        (dict(norm_item='bbox_size'), 'bbox_size'),
        (dict(norm_item='head_size'), 'face_box'),
    ],
)
def test_names(kwargs, name):
    assert Normalization(**kwargs).name == SubsetNME(**kwargs).normalizer
    assert Normalization(**kwargs).name == name


ONE_WAY = (
    'expected one way to say the normaliser: normalizer; or norm_mode='
    "'keypoint_distance', with keypoint_indices or without; or "
    "norm_mode='use_norm_item' with norm_item"
)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (
            dict(normalizer='face_box', norm_mode='keypoint_distance'),
            f"normalizer='face_box', norm_mode='keypoint_distance': {ONE_WAY}",
        ),
        (
            dict(normalizer='face_box', norm_item='bbox_size'),
            f"normalizer='face_box', norm_item='bbox_size': {ONE_WAY}",
        ),
        (
            dict(norm_mode='keypoint_distance', norm_item='bbox_size'),
            f"norm_mode='keypoint_distance', norm_item='bbox_size': {ONE_WAY}",
        ),
        (
            dict(norm_mode='use_norm_item', keypoint_indices=[0, 1]),
            f"norm_mode='use_norm_item', keypoint_indices=[0, 1]: {ONE_WAY}",
        ),
        (
            dict(norm_mode='use_norm_item'),
            "norm_mode='use_norm_item' needs a norm_item, such as 'bbox_size'",
        ),
        (
            dict(norm_mode='eyes'),
            "norm_mode must be one of None, keypoint_distance, use_norm_item, got 'eyes'",
        ),
        (
            dict(keypoint_indices=[3]),
            'keypoint_indices must be the numbers of two points, from 0, got [3]',
        ),
        (
            dict(keypoint_indices=[3, 3]),
            'keypoint_indices must be the numbers of two points, from 0, got [3, 3]',
        ),
        (
            dict(keypoint_indices=[-1, 'a']),
            "keypoint_indices must be the numbers of two points, from 0, got [-1, 'a']",
        ),
    ],
)
def test_arguments_that_do_not_fit(kwargs, message):
    with pytest.raises(ValueError) as error:
        SubsetNME(**kwargs)
    assert str(error.value) == message


ADVICE = (
    '; give keypoint_indices=[i, j], two points whose distance is the '
    "normaliser; or norm_mode='use_norm_item', norm_item='bbox_size'; or "
    'use CustomFaces with scheme=... as the data set'
)


@pytest.mark.parametrize('mode', [None, 'keypoint_distance'])
@pytest.mark.parametrize(
    'meta, message',
    [
        (
            dict(mmpose_meta('lapa'), dataset_name='wflw'),
            'wflw: wflw has the 98 points of wflw98, but this data has 106',
        ),
        (
            dict(mmpose_meta('lapa'), dataset_name='mine'),
            'mine: no landmark scheme has these 106 points (kpt-0, kpt-1, kpt-2, '
            '...); known: aflw19, cofw29, ibug68, wflw98',
        ),
    ],
)
def test_points_that_are_not_known(mode, meta, message):
    with pytest.raises(ValueError) as error:
        Normalization(norm_mode=mode).scheme_of(meta)
    assert str(error.value) == message + ADVICE
    scheme = Normalization(norm_mode=mode, keypoint_indices=(66, 79)).scheme_of(meta)
    assert scheme.num_points == 106 and scheme.normalizer_indices == (66, 79)
    box = Normalization(norm_item='bbox_size').scheme_of(meta)
    assert box.normalizer is None


def test_a_scheme_that_the_data_says_is_not_mended():
    meta = dict(mmpose_meta('300w'), scheme={})
    with pytest.raises(ValueError, match='a scheme: expected a str as name'):
        Normalization(keypoint_indices=(0, 1)).scheme_of(meta)


def test_other_points_of_a_scheme():
    by = Normalization(keypoint_indices=(39, 42))  # the inner eye corners
    scheme = by.scheme_of(mmpose_meta('300w'))
    assert scheme.points == IBUG68.points and scheme.lines == IBUG68.lines
    assert described_normalizer(scheme, 'inter_ocular') == (
        'inter_ocular (left_eye_inner_corner to right_eye_inner_corner)'
    )
    for name in ('inter_ocular', 'face_box'):
        for known in (IBUG68, AFLW19):
            assert described_normalizer(known, name) == name
    truth = np.zeros((1, 68, 2))
    truth[0, 39], truth[0, 42] = (10, 0), (40, 40)
    scored = [
        score(
            Faces(
                scheme,
                ['0.jpg'],
                [0],
                [('test',)],
                boxes=np.array([[0.0, 0, 100, 100]]),
                truth=truth,
                visible=np.ones((1, 68)),
                predicted=truth + (3, 4),
            )
        )
        for scheme in (scheme, IBUG68)
    ]
    assert scored[0].errors == pytest.approx(5 / 50)
    with pytest.raises(ValueError, match='scored alike, got.*inner_corner'):
        in_common(scored)
