# SPDX-License-Identifier: Apache-2.0
"""The data that is made up: of the sizes that it is said to have, and the
same for ours and for MMPose's classes."""

import json

import cv2
import numpy as np
import pytest
from mmpose.datasets.datasets.face import WFLWDataset

from mmpose_face.apis.benchmark.decoding import heatmaps
from mmpose_face.apis.benchmark.photos import photo
from mmpose_face.apis.benchmark.wflw_like import WIDTH, bytes_per_image, face_sides, make_wflw_like
from mmpose_face.datasets import FaceWFLW
from mmpose_face.datasets.converters.wflw import EXPECTED


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_wflw_like(tmp_path_factory.mktemp('data'), 25)


def opened(cls, root, **kwargs):
    return cls(
        data_root=str(root),
        ann_file='annotations/face_landmarks_wflw_test.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        **kwargs,
    )


def test_photo_has_the_spectrum_of_photographs():
    """Amplitudes fall by 2 ** 1.45 where the frequency doubles."""
    grey = photo(256, 256).astype(float).mean(2)
    amplitudes = np.abs(np.fft.fft2(grey))
    frequency = 256 * np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(256)]))
    found = [amplitudes[(low < frequency) & (frequency < 2 * low)].mean() for low in (4, 8, 16, 32)]
    assert np.diff(np.log2(found)) == pytest.approx(-1.45, abs=0.2)


def test_photos_differ_and_are_the_same_again():
    assert (photo(32, 48, 1) == photo(32, 48, 1)).all()
    assert (photo(32, 48, 1) != photo(32, 48, 2)).any()
    assert photo(33, 47).shape == (33, 47, 3)


def test_face_sizes_are_those_of_wflw():
    sides = face_sides(200_000, np.random.default_rng(0))
    assert np.median(sides) == pytest.approx(127, rel=0.01)
    assert np.mean(1.25 * sides >= 512) == pytest.approx(0.037, rel=0.03)


def test_both_data_sets_read_the_same_faces(data):
    ours, theirs = opened(FaceWFLW, data), opened(WFLWDataset, data)
    assert len(ours) == len(theirs) == 25
    for i in range(25):
        a, b = ours.get_data_info(i), theirs.get_data_info(i)
        np.testing.assert_array_equal(a['keypoints'], b['keypoints'])
        image = cv2.imread(a['img_path'])
        assert image.shape[1] == WIDTH
        points = a['keypoints'][0]
        assert (points >= 0).all() and (points < image.shape[1::-1]).all()


def test_subsets_have_wflws_shares(data):
    faces = opened(FaceWFLW, data)
    for subset in ('pose', 'blur'):
        path = (
            data
            / 'annotations'
            / {
                'pose': 'face_landmarks_wflw_test_largepose.json',
                'blur': 'face_landmarks_wflw_test_blur.json',
            }[subset]
        )
        number = len(json.loads(path.read_text())['annotations'])
        assert number == round(25 * EXPECTED[subset] / EXPECTED['test'])
        assert number == sum(subset in faces.get_data_info(i)['subsets'] for i in range(25))


def test_images_are_as_large_as_photographs(data):
    """WIDER FACE's training images have 114 kB on the average."""
    assert 70e3 < bytes_per_image(data) < 160e3


def test_data_are_written_once(data, monkeypatch):
    monkeypatch.setattr('cv2.imwrite', lambda *args: pytest.fail('written'))
    assert make_wflw_like(data.parent, 25) == data


def test_faces_share_images(tmp_path):
    root = make_wflw_like(tmp_path, 10, 4)
    assert len(list((root / 'images').iterdir())) == 3
    faces = opened(FaceWFLW, root)
    assert len(faces) == 10
    # Each in a cell of its own: no two landmark boxes of an image overlap.
    for i in range(0, 8, 4):
        boxes = [faces.get_data_info(i + j)['keypoints'][0] for j in range(4)]
        for a in range(4):
            for b in range(a):
                apart = np.maximum(
                    boxes[a].min(0) - boxes[b].max(0), boxes[b].min(0) - boxes[a].max(0)
                )
                assert apart.max() > 0


def test_heatmaps_have_their_peaks_on_the_map():
    maps = heatmaps(2, 3, (16, 12), seed=5)
    assert maps.shape == (2, 3, 12, 16)
    assert (maps.amax((-2, -1)) > 0.25).all()
    assert (maps == heatmaps(2, 3, (16, 12), seed=5)).all()
    assert (maps != heatmaps(2, 3, (16, 12), seed=6)).any()
