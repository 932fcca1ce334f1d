# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import LoadImage

from mmpose_face.datasets import LoadFaceImage, WarpFace
from mmpose_face.datasets.lazy_images import pending_image


@pytest.fixture
def path(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.jpg'), image)
    return tmp_path / 'a.jpg'


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(color_type='grayscale'),
        dict(color_type='unchanged'),
        dict(to_float32=True),
        dict(imdecode_backend='pillow'),
        dict(backend_args=dict(backend='local')),
    ],
)
def test_same_as_mmpose(path, options):
    ours, theirs = (
        t(dict(img_path=str(path), id=3)) for t in (LoadFaceImage(**options), LoadImage(**options))
    )
    image = theirs.pop('img')
    np.testing.assert_array_equal(ours['img'], image)
    assert ours.pop('img').dtype == image.dtype
    assert ours == theirs
    assert ours['img_shape'] == (40, 60)


def test_the_image_waits_for_the_warp(path):
    sample = dict(img_path=str(path))
    assert pending_image(LoadFaceImage()(sample)) is not None
    assert 'img' not in sample


def test_an_array_passes_through(path):
    image = np.zeros((4, 6, 3), np.uint8)
    assert LoadFaceImage()(dict(img=image))['img'] is image


def test_missing(path):
    with pytest.raises(FileNotFoundError, match='image .*b.jpg not found'):
        LoadFaceImage()(dict(img_path=str(path.with_name('b.jpg'))))


def test_truncated(path):
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(AssertionError, match='check whether the file exists'):
        LoadImage()(dict(img_path=str(path)))  # the fault
    with pytest.raises(ValueError, match='a.jpg is a truncated JPEG'):
        LoadFaceImage()(dict(img_path=str(path)))['img']
    with pytest.raises(ValueError, match='a.jpg is a truncated JPEG'):
        WarpFace((8, 8))(LoadFaceImage()(box_in(path)))


def box_in(path):
    return dict(
        img_path=str(path),
        bbox_center=np.array([[30, 20]], np.float32),
        bbox_scale=np.array([[20, 20]], np.float32),
    )


@pytest.mark.parametrize('content', [b'', b'words'])
def test_no_image(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match='a.jpg is not an image'):
        LoadFaceImage()(dict(img_path=str(path)))
