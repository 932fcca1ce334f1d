# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import RandomFlip, TopdownAffine
from mmpose.registry import TRANSFORMS
from photographs import face_in, photograph

from mmpose_face.datasets import RandomFaceFlip, WarpFace
from mmpose_face.datasets.transforms import BoxBlur
from mmpose_face.images.warps import warp

DIRECTIONS = None, 'horizontal', 'vertical', 'diagonal'
POINTS = (
    'transformed_keypoints',
    'keypoints',
    'keypoints_visible',
    'bbox',
    'bbox_center',
    'bbox_scale',
    'input_center',
    'input_scale',
)


@pytest.fixture(scope='module')
def image():
    return photograph(640, 420)


def faces(image, number=12):
    for seed in range(number):
        angle = np.random.default_rng(seed).uniform(-60, 60)
        yield face_in(image, seed, bbox_rotation=np.float32([angle]))


def assert_same_crop(ours, theirs, share=0.999):
    """At most one grey level apart, but for one pixel of a thousand."""
    apart = np.abs(ours.astype(int) - theirs)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert theirs.any()
    assert (apart <= 1).mean() >= share, np.bincount(apart.ravel())


def flips(direction):
    prob = 0.0 if direction is None else 1.0
    kwargs = dict(prob=prob, direction=direction or 'horizontal')
    return RandomFaceFlip(**kwargs), RandomFlip(**kwargs)


@pytest.mark.parametrize('direction', DIRECTIONS)
@pytest.mark.parametrize(
    'size, use_udp', [((256, 256), False), ((96, 128), False), ((128, 96), True)]
)
def test_same_as_mmpose(image, direction, size, use_udp):
    flip, their_flip = flips(direction)
    ours, theirs = [], []
    for face in faces(image):
        a = WarpFace(size, use_udp)(flip(dict(face)))
        b = TopdownAffine(size, use_udp)(their_flip(dict(face)))
        assert a.keys() == b.keys()
        for key in POINTS:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)
            assert a[key].dtype == b[key].dtype, key
        assert a['input_size'] == b['input_size'] == size
        ours.append(a['img'])
        theirs.append(b['img'])
    assert_same_crop(np.stack(ours), np.stack(theirs))


def test_a_mirrored_image_is_not_copied(image, monkeypatch):
    """OpenCV is given the pixels where they were loaded."""
    given = []
    warp_affine = cv2.warpAffine
    monkeypatch.setattr(
        cv2,
        'warpAffine',
        lambda source, *args, **kwargs: (
            given.append(source),
            warp_affine(source, *args, **kwargs),
        )[1],
    )
    for face in faces(image, 3):
        flipped = flips('horizontal')[0](face)
        assert flipped['img'].strides[1] < 0
        WarpFace((64, 64))(flipped)
    for source in given:
        assert np.shares_memory(source, image)
        assert source.flags.c_contiguous


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_steps_between_flip_and_warp_see_a_mirrored_image(image, direction):
    """One that makes an image of its own, and one that cuts a part out."""
    flip, their_flip = flips(direction)
    for face in faces(image, 4):
        face['bbox_center'][:] = 320, 210
        a, b = flip(dict(face)), their_flip(dict(face))
        np.testing.assert_array_equal(a['img'], b['img'])
        part = np.s_[10:300, 20:400]
        assert_same_crop(
            WarpFace((64, 64))(dict(a, img=a['img'][part]))['img'],
            TopdownAffine((64, 64))(dict(b, img=b['img'][part]))['img'],
        )
        np.random.seed(0)
        blurred = BoxBlur(0.02)(a)
        np.testing.assert_array_equal(
            WarpFace((64, 64))(dict(blurred))['img'], TopdownAffine((64, 64))(dict(blurred))['img']
        )


def test_grey_images_and_lists_of_frames(image):
    grey = np.flip(image[..., 0], 1)
    for frames in grey, [grey, image]:
        face = next(faces(image))
        a = WarpFace((64, 64))(dict(face, img=frames))['img']
        b = TopdownAffine((64, 64))(dict(face, img=frames))['img']
        assert type(a) is type(b) and len(a) == len(b)
        for ours, theirs in zip(a, b) if isinstance(a, list) else [(a, b)]:
            assert_same_crop(ours, theirs)


def test_without_points_and_after_another_warp(image):
    face = next(faces(image))
    again = dict(face, transformed_keypoints=np.ones((1, 98, 3), np.float32))
    del face['keypoints'], face['keypoints_visible']
    for sample in face, again:
        a = WarpFace((64, 64))(dict(sample))
        b = TopdownAffine((64, 64))(dict(sample))
        for key in 'transformed_keypoints', 'keypoints_visible':
            np.testing.assert_array_equal(a[key], b[key])


def test_the_given_arrays_stay(image):
    face = next(faces(image))
    before = {k: np.copy(v) for k, v in face.items()}
    WarpFace((64, 64))(flips('diagonal')[0](dict(face)))
    for key, value in before.items():
        np.testing.assert_array_equal(face[key], value, err_msg=key)


def test_pixel_for_pixel_without_rotation():
    """A shift by whole pixels copies them."""
    pixels = photograph(40, 30)
    matrix = np.array([[1.0, 0, -5], [0, 1, -3]])
    for axes in (0,), (1,), (0, 1):
        mirrored = np.flip(pixels, axes)
        np.testing.assert_array_equal(warp(mirrored, matrix, (20, 10)), mirrored[3:13, 5:25])


def test_errors(image):
    face = face_in(image, bbox_rotation=np.zeros(2))
    face['bbox_center'] = np.repeat(face['bbox_center'], 2, 0)
    with pytest.raises(ValueError, match=r'one face in a sample.*\(2, 2\)'):
        WarpFace((64, 64))(face)


def test_registered():
    built = TRANSFORMS.build(dict(type='WarpFace', input_size=(64, 48)))
    assert repr(built).startswith('WarpFace(input_size=(64, 48')
