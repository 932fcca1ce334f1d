# SPDX-License-Identifier: Apache-2.0
"""Face detectors behind one protocol."""

from pathlib import Path

import cv2
import mmpose
import numpy as np
import pytest
import torch
from mmdet.apis import init_detector
from mmengine.config import Config

from mmpose_face import downloads
from mmpose_face.images.boxes import iou, landmark_bounds
from mmpose_face.inference import detectors
from mmpose_face.inference.detectors import (
    YOLOX_WEIGHTS,
    HaarCascade,
    WholeImage,
    YOLOXFace,
    YuNet,
    get_detector,
)
from mmpose_face.inference.face_boxes import BoxMapping
from mmpose_face.synthesis import render_face


@pytest.fixture(scope='module')
def frontal():
    """An image with room around the face, and its landmarks' box."""
    faces = [render_face(7, i, 256, ()) for i in range(12)]
    images = [
        cv2.copyMakeBorder(face.image, 64, 64, 64, 64, cv2.BORDER_REPLICATE) for face in faces
    ]
    found = [HaarCascade()(image) for image in images]
    # The one that the cascade is surest of.
    best = max(range(12), key=lambda i: found[i][0, 4] if len(found[i]) == 1 else 0)
    return images[best], landmark_bounds(faces[best].keypoints + 64)


def test_haar_finds_a_face(frontal):
    image, truth = frontal
    detector = HaarCascade()
    found = detector(image)
    assert found.shape == (1, 5) and 0 < found[0, 4] < 1
    before = iou(truth[None], found[:, :4])[0, 0]
    after = iou(truth[None], detector.mapping(found[:, :4]))[0, 0]
    assert after > max(0.6, before)


@pytest.mark.parametrize('factor', [2, 4])
def test_large_images_are_reduced_first(frontal, factor):
    """And boxes come back to the image: pixel i of the small one is as many
    pixels of the large one, from the outer border on."""
    image, _ = frontal
    large = image.repeat(factor, 0).repeat(factor, 1)
    expected = HaarCascade()(image)
    found = HaarCascade(longest=max(image.shape))(large)
    np.testing.assert_allclose(found[:, :4], (expected[:, :4] + 0.5) * factor - 0.5)
    np.testing.assert_allclose(found[:, 4], expected[:, 4])


def test_several_faces_the_surest_first(frontal):
    image, _ = frontal
    found = HaarCascade()(np.hstack((image, image)))
    assert len(found) == 2 and found[0, 4] >= found[1, 4]
    assert (found[:, 0] > image.shape[1]).sum() == 1


@pytest.mark.parametrize('shape', [(1, 1), (5, 300), (300, 5), (256, 256)])
def test_no_face(shape):
    image = np.full((*shape, 3), 120, np.uint8)
    assert HaarCascade()(image).shape == (0, 5)


def test_opencv_without_cascades(monkeypatch):
    monkeypatch.delattr(cv2, 'data')
    with pytest.raises(FileNotFoundError, match='install opencv-python<5'):
        HaarCascade()


def test_whole_image():
    """From border to border."""
    assert WholeImage()(np.zeros((10, 20, 3), np.uint8)).tolist() == [[-0.5, -0.5, 19.5, 9.5, 1]]


def test_by_name(monkeypatch):
    assert isinstance(get_detector('haar'), HaarCascade)
    assert isinstance(get_detector('whole_image'), WholeImage)
    own = WholeImage()
    assert get_detector(own) is own
    monkeypatch.setattr(detectors, 'YOLOXFace', lambda device: device)
    assert get_detector('yolox', 'cuda:1') == 'cuda:1'
    monkeypatch.setattr(detectors, 'YuNet', lambda path: path)
    assert get_detector('dir/yunet.onnx') == 'dir/yunet.onnx'
    with pytest.raises(ValueError, match="no detector 'dlib', expected haar"):
        get_detector('dlib')


class FakeYuNet:
    """As OpenCV's class answers: boxes as left, top, width and height, five
    points, and the score."""

    def __init__(self, found):
        self.found, self.sizes = found, []

    def setInputSize(self, size):
        self.sizes.append(tuple(size))

    def detect(self, image):
        assert self.sizes[-1] == image.shape[1::-1]
        return 1, self.found


@pytest.fixture
def yunet(monkeypatch, tmp_path):
    """Makes a detector of what OpenCV's is to find."""
    path = tmp_path / 'yunet.onnx'
    path.write_bytes(b'')

    def make(found, **options):
        net = FakeYuNet(found)
        monkeypatch.setattr(cv2.FaceDetectorYN, 'create', lambda *args: net)
        return YuNet(path, **options)

    return make


def test_yunet_on_a_reduced_image(yunet):
    row = [10.0, 20, 30, 40, *range(10), 0.8]
    detector = yunet(np.array([row], np.float32), longest=100)
    found = detector(np.zeros((100, 200, 3), np.uint8))
    np.testing.assert_allclose(found, [[20.5, 40.5, 80.5, 120.5, 0.8]])


def test_yunet_finds_nothing(yunet):
    assert yunet(None)(np.zeros((9, 9, 3), np.uint8)).shape == (0, 5)


def test_yunet_without_its_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='face_detection_yunet_2023'):
        YuNet(tmp_path / 'none.onnx')
    (tmp_path / 'text.onnx').write_text('no network')
    with pytest.raises(ValueError, match='text.onnx is no YuNet that OpenCV'):
        YuNet(tmp_path / 'text.onnx')


@pytest.fixture(scope='module')
def yolox_file(tmp_path_factory):
    """Weights that see square boxes of 7.4 strides everywhere."""
    cfg = Config.fromfile(Path(mmpose.__file__).parent / detectors._YOLOX_CONFIG)
    torch.manual_seed(0)
    model = init_detector(cfg, None, device='cpu')
    for layer in model.bbox_head.multi_level_conv_reg:
        torch.nn.init.zeros_(layer.weight)
        layer.bias.data = torch.tensor([0.0, 0.0, 2.0, 2.0])
    path = tmp_path_factory.mktemp('yolox') / 'yolox.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return path


def test_yolox(yolox_file):
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    sides = {round(float(np.e**2 * stride), 1) for stride in (8, 16, 32)}
    detector = YOLOXFace(yolox_file, score=0.0)
    found = detector(image)
    detector.score = float(found[:, 4].max())
    assert detector(image).shape == (0, 5)
    assert found.shape[1] == 5 and len(found) and found.dtype == np.float64
    width = found[:, 2] - found[:, 0]
    inside = (found[:, :2] > 0).all(1) & (found[:, 2] < 127) & (found[:, 3] < 95)
    # Its images are made 640 pixels wide.
    for side in width[inside] * 640 / 128:
        assert min(abs(side - s) for s in sides) < 1


def test_yolox_is_fetched_and_checked(yolox_file, monkeypatch):
    asked = []
    monkeypatch.setattr(downloads, 'download', lambda *args: asked.append(args) or yolox_file)
    YOLOXFace()
    assert asked == [(YOLOX_WEIGHTS, '13274d7c')]


def test_own_mapping():
    mapping = BoxMapping(0.1)
    assert HaarCascade(mapping=mapping).mapping is mapping
    assert HaarCascade().mapping == HaarCascade.MAPPING != BoxMapping()
