# SPDX-License-Identifier: Apache-2.0
import copy
import pickle

import cv2
import numpy as np
import pytest
from photographs import crop_matrix, photograph, write_jpeg

from mmpose_face.datasets.jpeg import ImageFile
from mmpose_face.datasets.lazy_images import LazyImage, LazySample, pending_image
from mmpose_face.images.warps import pitch, warp

AXES = dict(horizontal=(1,), vertical=(0,), diagonal=(0, 1))


@pytest.fixture
def path(tmp_path):
    return write_jpeg(tmp_path / 'a.jpg', photograph(90, 70))


@pytest.fixture
def sample(path):
    return LazySample(dict(img=LazyImage(ImageFile(path)), id=7).items())


LOOKS = [
    lambda s: s['img'],
    lambda s: s.get('img'),
    lambda s: s.pop('img'),
    lambda s: s.setdefault('img', None),
    lambda s: dict(s)['img'],
    lambda s: dict(s, id=8)['img'],
    lambda s: {**s}['img'],
    lambda s: (s | dict(id=8))['img'],
    lambda s: dict(s.items())['img'],
    lambda s: next(v for v in s.values() if isinstance(v, np.ndarray)),
    lambda s: [s[key] for key in s if key == 'img'][0],
    lambda s: copy.copy(s)['img'],
    lambda s: copy.deepcopy(s)['img'],
    lambda s: pickle.loads(pickle.dumps(s))['img'],
]


@pytest.mark.parametrize('look', LOOKS)
def test_who_looks_sees_an_array(sample, path, look):
    image = look(sample)
    assert type(image) is np.ndarray
    np.testing.assert_array_equal(image, cv2.imread(path))
    image[:] = 0  # of its own
    np.testing.assert_array_equal(ImageFile(path).pixels()[0], cv2.imread(path))


@pytest.mark.parametrize(
    'look',
    [
        lambda s: 'img' in s,
        lambda s: len(s),
        lambda s: list(s),
        lambda s: s.keys(),
        lambda s: s['id'],
        lambda s: s.get('id'),
        lambda s: s.get('none'),
        lambda s: s.update(id=8),
        lambda s: s.pop('id'),
        lambda s: s.setdefault('id', 3),
        bool,
    ],
)
def test_who_does_not_look_decodes_nothing(sample, look):
    look(sample)
    assert pending_image(sample) is not None


def test_an_ordinary_dictionary_otherwise(sample):
    assert sample.get('none', 3) == 3 and sample.pop('none', 4) == 4
    with pytest.raises(KeyError):
        sample['none']
    with pytest.raises(KeyError):
        sample.pop('none')
    assert set(sample) == {'img', 'id'}
    again = sample.copy()
    again['id'] = 9
    assert sample['id'] == 7 and pending_image(again) is sample.pending
    sample['img'] = image = np.zeros(3)
    assert sample['img'] is image and pending_image(sample) is None
    assert pending_image(dict(img=3)) is None
    assert LazySample([]).pending is None


@pytest.mark.parametrize('direction', AXES)
def test_mirror_images(path, direction):
    image = LazyImage(ImageFile(path))
    expected = np.flip(cv2.imread(path), AXES[direction])
    mirrored = image.mirror(direction)
    np.testing.assert_array_equal(mirrored.array(), expected)
    assert mirrored.shape == image.shape == (70, 90)
    twice = mirrored.mirror(direction).array()
    np.testing.assert_array_equal(twice, cv2.imread(path))
    for other, axes in AXES.items():
        np.testing.assert_array_equal(mirrored.mirror(other).array(), np.flip(expected, axes))


@pytest.mark.parametrize('direction', [None, *AXES])
def test_a_crop_is_that_of_the_array(path, direction):
    lazy = LazyImage(ImageFile(path))
    lazy = lazy.mirror(direction) if direction else lazy
    rng = np.random.default_rng(0)
    for _ in range(30):
        matrix = crop_matrix(rng, (70, 90), (32, 24), (5, 60))
        np.testing.assert_array_equal(
            lazy.warp(matrix, (32, 24)), warp(lazy.array(), matrix, (32, 24))
        )


def test_large_crops_are_made_from_a_reduced_image(tmp_path):
    """And lie where they lay; OpenCV rounds to 1/32 pixel of what it reads."""
    image = cv2.GaussianBlur(photograph(900, 800), (0, 0), 12)
    path = write_jpeg(tmp_path / 'b.jpg', image, 100)
    rng = np.random.default_rng(0)
    for direction in None, *AXES:
        lazy = LazyImage(ImageFile(path))
        lazy = lazy.mirror(direction) if direction else lazy
        for side, factor in ((64 * 3.1, 2), (64 * 6.2, 4), (64 * 12.4, 8)):
            matrix = crop_matrix(rng, image.shape, (64, 64), (side, side))
            crop = lazy.warp(matrix, (64, 64)).astype(int)
            plain = warp(lazy.array(), matrix, (64, 64))
            inner = cv2.erode((plain.min(2) > 0).astype(np.uint8), np.ones((3, 3))) > 0
            assert ImageFile(path).pixels(pitch(matrix))[1] == factor
            assert np.abs(crop - plain)[inner].mean() < 1
