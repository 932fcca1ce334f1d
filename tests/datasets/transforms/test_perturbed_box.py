# SPDX-License-Identifier: Apache-2.0
import copy

import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.registry import TRANSFORMS

from mmpose_face.datasets import PackFaceInputs, PerturbFaceBox, SyntheticFaces
from mmpose_face.datasets.transforms.perturbed_box import face_direction


def box_of(**more) -> dict:
    """A box of 40 x 80 pixels about (30, 60)."""
    return dict(id=0, bbox=np.array([[10, 20, 50, 100]], np.float32), **more)


@pytest.fixture
def face():
    info = SyntheticFaces(num_faces=1, size=64).get_data_info(0)
    return dict(info, box_size=50.0)


@pytest.mark.parametrize(
    'shift, scale, center, sides',
    [
        ((0.1, -0.2), 1.0, (30 + 0.1 * 80, 60 - 0.2 * 80), (40, 80)),
        ((0.0, 0.0), 1.5, (30, 60), (1.5 * 40, 1.5 * 80)),
        # The box that is moved is the one before it is scaled.
        ((0.0, 0.25), 2.0, (30, 60 + 0.25 * 80), (80, 160)),
        # The direction of face 0 is to the right.
        (0.5, 1.0, (30 + 0.5 * 80, 60), (40, 80)),
        (0.0, 1.0, (30, 60), (40, 80)),
    ],
)
@pytest.mark.parametrize('have_center', [False, True])
def test_by_hand(shift, scale, center, sides, have_center):
    before = box_of()
    if have_center:
        before['bbox_center'] = np.array([[30, 60]], np.float32)
        before['bbox_scale'] = np.array([[40, 80]], np.float32)
    after = PerturbFaceBox(shift, scale)(before)
    np.testing.assert_allclose(after['bbox_center'], [center], rtol=1e-6)
    np.testing.assert_allclose(after['bbox_scale'], [sides], rtol=1e-6)
    assert after['bbox_center'].dtype == after['bbox_scale'].dtype == (np.float32)
    padded = GetBBoxCenterScale(padding=1.25)(after)
    np.testing.assert_allclose(padded['bbox_center'], [center], rtol=1e-6)
    np.testing.assert_allclose(padded['bbox_scale'], 1.25 * np.array([sides]), rtol=1e-6)


def test_all_but_the_crop_stays(face):
    kept = copy.deepcopy(face)
    after = PerturbFaceBox(0.1, 1.25)(face)
    assert after.keys() == kept.keys()
    for key in kept.keys() - {'bbox_center', 'bbox_scale'}:
        np.testing.assert_array_equal(after[key], kept[key], err_msg=key)
    for key in kept:  # the argument
        np.testing.assert_array_equal(face[key], kept[key], err_msg=key)
    cropped = TopdownAffine(input_size=(32, 32))(GetBBoxCenterScale()(after))
    truth = PackFaceInputs()(cropped)['data_samples'].gt_instances
    np.testing.assert_array_equal(truth.keypoints, kept['keypoints'])
    np.testing.assert_array_equal(truth.bboxes, kept['bbox'])
    assert truth.box_size.tolist() == [50]


def crop(face: dict, *steps) -> np.ndarray:
    for step in (*steps, GetBBoxCenterScale(), TopdownAffine((32, 32))):
        face = step(face)
    return face['img']


def test_the_crop_changes(face):
    plain = crop(dict(face))
    unchanged = crop(dict(face), PerturbFaceBox(0.0, 1.0))
    np.testing.assert_array_equal(unchanged, plain)
    for changed in PerturbFaceBox(0.1), PerturbFaceBox(scale=0.8):
        assert np.abs(crop(dict(face), changed).astype(int) - plain).mean() > 2


def test_a_share_of_the_box_without_padding(face):
    """An eighth of the box is a tenth of the crop of 1.25 boxes."""
    points = [
        TopdownAffine((100, 100))(GetBBoxCenterScale(1.25)(step(dict(face))))[
            'transformed_keypoints'
        ]
        for step in (PerturbFaceBox(), PerturbFaceBox((0.125, 0.0)))
    ]
    np.testing.assert_allclose(points[1] - points[0], np.full((1, 98, 2), (-10, 0)), atol=1e-3)


@pytest.mark.parametrize('start, step', [(0, 1), (1, 1), (10**9, 1), (3, 2)])
def test_faces_that_follow_one_another_have_all_directions(start, step):
    several = np.array([face_direction(start + step * i) for i in range(24)], np.float64)
    np.testing.assert_allclose(np.hypot(*several.T), 1)
    angles = np.sort(np.arctan2(several[:, 1], several[:, 0]))
    gaps = np.diff([*angles, angles[0] + 2 * np.pi])
    # 15 degrees each if they were spread evenly.
    assert np.degrees(gaps.max()) < 45
    assert np.hypot(*several.mean(0)) < 0.1


def test_a_direction_is_that_of_the_face():
    np.testing.assert_array_equal(face_direction(7), face_direction(7))
    first, second = (PerturbFaceBox(0.1)(dict(box_of(), id=i))['bbox_center'] for i in (1, 2))
    assert np.abs(first - second).max() > 1
    np.testing.assert_allclose(first - (30, 60), 0.1 * 80 * face_direction(1)[None], rtol=1e-5)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(shift=float('nan')), 'shift must be a finite number.*nan'),
        (dict(shift=(0.0, float('inf'))), 'finite'),
        (dict(shift=(0.1, 0.2, 0.3)), 'or two of them'),
        (dict(scale=0.0), 'scale must be positive and finite, got 0'),
        (dict(scale=float('nan')), 'got nan'),
    ],
)
def test_errors(kwargs, message):
    with pytest.raises(ValueError, match=message):
        PerturbFaceBox(**kwargs)


def test_registered():
    step = TRANSFORMS.build(dict(type='PerturbFaceBox', shift=[0.0, 0.1]))
    assert repr(step) == 'PerturbFaceBox(shift=[0.0, 0.1], scale=1.0)'
