# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import TRANSFORMS
from scipy.stats import truncnorm

from mmpose_face.datasets import RandomFaceBox
from mmpose_face.datasets.transforms.random_boxes import cut_normal

# Of MMPose's face rows, and its defaults.
OPTIONS = [
    dict(shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25)),
    dict(shift_factor=0.16, rotate_factor=40, scale_factor=(0.7, 1.3)),
    dict(),
]


def boxes(number):
    return dict(
        bbox_center=np.full((number, 2), 300.3, np.float32),
        bbox_scale=np.full((number, 2), 170.7, np.float32),
    )


@pytest.mark.parametrize('options', OPTIONS)
def test_the_draws_of_mmpose(options):
    """To the last bit; and the next number drawn is the same."""
    ours = RandomFaceBox(**options)
    theirs = RandomBBoxTransform(**options)
    for seed in range(300):
        np.random.seed(seed)
        a, after_a = ours(boxes(1 + seed % 3)), np.random.rand()
        np.random.seed(seed)
        b, after_b = theirs(boxes(1 + seed % 3)), np.random.rand()
        assert a.keys() == b.keys() and after_a == after_b
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])
            assert a[key].dtype == b[key].dtype


@pytest.mark.parametrize('low, high', [(-1.0, 1.0), (-4.0, 4.0), (0.0, 2.0), (-2.0, -0.5)])
def test_distribution(low, high):
    shares = np.linspace(0, 1, 1001)
    numbers = cut_normal(shares, low, high)
    np.testing.assert_allclose(truncnorm.cdf(numbers, low, high), shares, atol=1e-6)
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(numbers[[0, -1]], (low, high), rtol=1e-6)


def test_registered():
    built = TRANSFORMS.build(dict(type='RandomFaceBox', rotate_factor=60))
    assert built.rotate_factor == 60
