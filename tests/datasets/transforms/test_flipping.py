# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params
from mmpose.datasets.transforms import RandomFlip

from mmpose_face.datasets import RandomFaceFlip, SyntheticFaces
from mmpose_face.landmarks import WFLW98


@pytest.fixture
def sample():
    info = SyntheticFaces(num_faces=1, size=64).get_data_info(0)
    info['img_shape'] = info['img'].shape[:2]
    info['occluded'] = np.arange(98)[None] == 60  # the left eye's corner
    return info


def test_occlusion_is_mirrored_with_the_points(sample):
    flipped = RandomFaceFlip(prob=1.0)(dict(sample))
    assert np.flatnonzero(flipped['occluded']).tolist() == [72]
    theirs = RandomFlip(prob=1.0)(dict(sample))
    np.testing.assert_array_equal(flipped['keypoints'], theirs['keypoints'])
    np.testing.assert_array_equal(flipped['img'], theirs['img'])
    # MMPose's leaves it to the wrong point.
    assert np.flatnonzero(theirs['occluded']).tolist() == [60]


def test_twice_is_nothing(sample):
    flip = RandomFaceFlip(prob=1.0)
    before = sample['occluded'].copy()
    again = flip(flip(dict(sample)))
    np.testing.assert_array_equal(again['occluded'], before)
    np.testing.assert_array_equal(sample['occluded'], before)


def test_a_diagonal_flip_swaps_no_points(sample):
    flipped = RandomFaceFlip(prob=1.0, direction='diagonal')(dict(sample))
    assert np.flatnonzero(flipped['occluded']).tolist() == [60]
    theirs = RandomFlip(prob=1.0, direction='diagonal')(dict(sample))
    middle = (64 - 1) / 2
    np.testing.assert_allclose(
        theirs['keypoints'][0, 60] - middle, middle - sample['keypoints'][0, 60]
    )


def test_without_occlusion_and_without_flip(sample):
    unflipped = RandomFaceFlip(prob=0.0)(dict(sample))
    assert np.flatnonzero(unflipped['occluded']).tolist() == [60]
    del sample['occluded']
    assert 'occluded' not in RandomFaceFlip(prob=1.0)(sample)
    assert WFLW98.mirror[60] == 72


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(prob=0.3, direction='vertical'),
        dict(prob=0.7, direction=['horizontal', 'vertical', 'diagonal']),
        dict(prob=[0.2, 0.1, 0.6], direction=['horizontal', 'vertical', 'diagonal']),
        dict(prob=[0.5, 0.5], direction=['horizontal', 'vertical']),
        dict(prob=0.0),
        dict(prob=1.0),
    ],
)
def test_the_draws_of_mmpose(options):
    ours, theirs = RandomFaceFlip(**options), RandomFlip(**options)
    draws = []
    for flip in ours, theirs:
        np.random.seed(0)
        draws.append([flip._choose_direction() for _ in range(500)])
        draws[-1].append(np.random.rand())
    assert draws[0] == draws[1]


def test_draws_can_be_kept():
    """As for the frames of a clip, which are mirrored together."""
    flip = RandomFaceFlip()
    with cache_random_params(flip):
        drawn = {flip._choose_direction() for _ in range(30)}
    assert len(drawn) == 1
    assert len({flip._choose_direction() for _ in range(30)}) == 2
