# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.moving import MovingFace

CALM = [i for g in ('brows', 'eyes') for i in WFLW98.groups[g]]
LIP = WFLW98.index['lower_lip_inner']


def frames(**options):
    settings = dict(frames=40, noise=0.0, size=(240, 180))
    return tuple(zip(*MovingFace(7, 0, **{**settings, **options})))


def test_truth_is_where_the_face_is():
    """The frame warped by the motion of its true points is the other one."""
    images, points = frames(talking=False, speed=3.0)
    first, last = images[0], images[-1]
    assert np.linalg.norm((points[-1] - points[0]).mean(0)) > 10
    matrix, _ = cv2.estimateAffine2D(points[0], points[-1])
    warped = cv2.warpAffine(first, matrix, first.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    low, high = points[-1].min(0).astype(int), points[-1].max(0).astype(int)
    part = slice(low[1], high[1]), slice(low[0], high[0])
    differs = [np.abs(image[part].astype(float) - last[part]).mean() for image in (warped, first)]
    assert differs[0] < 1 and 4 * differs[0] < differs[1]


def patch(image, point, half=7):
    size = 2 * half + 1, 2 * half + 1
    return cv2.getRectSubPix(image, size, tuple(map(float, point)))


def test_truth_of_the_lip_is_where_it_is():
    images, points = frames(speed=0.0, frames=60)
    ways = np.array([p[LIP, 1] for p in points])
    shut, open_ = ways.argmin(), ways.argmax()
    moved = points[open_][LIP] - points[shut][LIP]
    assert moved[1] > 2 and abs(moved[0]) < 0.1
    before = patch(images[shut], points[shut][LIP])
    there, stayed = (
        np.abs(patch(images[open_], point).astype(float) - before).mean()
        for point in (points[open_][LIP], points[shut][LIP])
    )
    assert there < 0.7 * stayed
    np.testing.assert_allclose(points[open_][CALM], points[shut][CALM], atol=0.02)


def test_a_face_that_rests():
    images, points = frames(speed=0.0, talking=False, frames=3)
    assert (np.array(points) == points[0]).all()
    assert (np.array(images) == images[0]).all()


def test_noise_is_of_each_frame():
    clean, _ = frames(speed=0.0, talking=False, frames=3)
    noisy, _ = frames(speed=0.0, talking=False, frames=3, noise=5.0)
    for image in noisy:
        inner = (clean[0] > 30) & (clean[0] < 225)  # not cut at 0 or 255
        apart = image.astype(float) - clean[0]
        assert apart[inner].std() == pytest.approx(5, rel=0.05)
    assert (noisy[0] != noisy[1]).any()


def test_it_depends_on_the_arguments_alone():
    for a, b in zip(frames(frames=3, noise=5.0), frames(frames=3, noise=5.0)):
        assert np.array_equal(a, b)


@pytest.mark.parametrize('options', [dict(frames=0), dict(fps=0), dict(speed=-1), dict(noise=-1)])
def test_numbers_out_of_range(options):
    with pytest.raises(ValueError, match='expected|must not be negative'):
        MovingFace(0, 0, **options)
