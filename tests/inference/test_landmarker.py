# SPDX-License-Identifier: Apache-2.0
"""FaceLandmarker is MMPose's inference, in three lines."""

import cv2
import numpy as np
import pytest
import torch
from conftest import DEMO, NARROW, RES18_300W
from mmengine.config import Config
from mmpose.apis import inference_topdown
from peaked_heatmaps import give_peaks

from mmpose_face import FaceLandmarker
from mmpose_face.inference.landmarker import TorchNetwork, load_model
from mmpose_face.zoo import build_model, get_model

BOXES = np.array([[30.0, 40, 150, 190], [100, 20, 400, 300], [5, 5, 25, 60]])


def narrow(path=RES18_300W, **options):
    cfg = Config.fromfile(path, format_python_code=False)
    cfg.merge_from_dict(
        {**{key: value for key, value in NARROW.items() if key.startswith('model')}, **options}
    )
    return cfg


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    model = build_model(narrow())
    give_peaks(model.head)
    return model


@pytest.fixture(scope='module')
def image():
    noise = np.random.default_rng(0).integers(0, 255, (30, 45, 3), dtype=np.uint8)
    return cv2.resize(noise, (450, 300), interpolation=cv2.INTER_CUBIC)


def by_box(faces):
    """In the order of BOXES."""
    order = [next(i for i, face in enumerate(faces) if (face.box == box).all()) for box in BOXES]
    return [faces[i] for i in order]


@pytest.mark.parametrize('flip_test', [False, True])
def test_points_are_mmposes(model, image, flip_test):
    found = by_box(FaceLandmarker(model, flip_test=flip_test)(image, BOXES, 'bgr'))
    before = dict(model.test_cfg)
    model.test_cfg['flip_test'] = flip_test
    expected = inference_topdown(model, image, BOXES)
    model.test_cfg.update(before)
    for face, sample in zip(found, expected):
        instances = sample.pred_instances
        np.testing.assert_allclose(face.keypoints, instances.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(face.scores, instances.keypoint_scores[0], atol=1e-5)
    spread = np.ptp(np.stack([face.keypoints for face in found]), axis=1)
    assert spread.min() > 4


def test_settings_of_the_model_are_left_alone(model, image):
    before = dict(model.test_cfg)
    FaceLandmarker(model)(image, BOXES, 'bgr')
    assert dict(model.test_cfg) == before


@pytest.mark.parametrize('batch_size', [1, 2])
def test_alone_or_together(model, image, batch_size):
    together = by_box(FaceLandmarker(model)(image, BOXES, 'bgr'))
    alone = by_box(FaceLandmarker(model, batch_size=batch_size)(image, BOXES, 'bgr'))
    for a, b in zip(together, alone):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-3)
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)


def test_network_knows_its_crop(model):
    network = TorchNetwork(model)
    assert network.scheme.name == 'ibug68'
    assert network.input_size == (128, 128) and network.padding == 1.25
    points, scores = network(np.zeros((2, 128, 128, 3), np.uint8))
    assert points.shape == (2, 68, 2) and scores.shape == (2, 68)


@pytest.fixture(scope='module')
def own():
    """As its weights are."""
    torch.manual_seed(1)
    return build_model(narrow())


@pytest.fixture(scope='module')
def files(own, tmp_path_factory):
    """A config and a checkpoint of one's own."""
    model, folder = own, tmp_path_factory.mktemp('own')
    model.cfg.dump(folder / 'config.py')
    torch.save(
        dict(state_dict=model.state_dict(), meta=dict(dataset_meta=model.dataset_meta)),
        folder / 'weights.pth',
    )
    return folder / 'config.py', folder / 'weights.pth'


def test_config_and_checkpoint(own, files, image):
    expected = FaceLandmarker(own)(image, BOXES, 'bgr')
    found = FaceLandmarker(*files)(image, BOXES, 'bgr')
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-4)


def test_model_of_the_zoo_with_weights_of_ones_own(tmp_path):
    built = get_model('300w-hrnetv2-w18', pretrained=False)
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=built.state_dict()), path)
    loaded = load_model('300w-hrnetv2-w18', path)
    found = loaded.state_dict()
    for name, value in built.state_dict().items():
        assert torch.equal(found[name], value), name
    assert not loaded.training


def test_checkpoint_of_another_scheme(files, tmp_path):
    """By its shapes; and, where these are the same, by what it says."""
    config, weights = files
    narrow(DEMO).dump(tmp_path / 'demo.py')
    with pytest.raises(ValueError, match='weights.pth does not fit'):
        FaceLandmarker(tmp_path / 'demo.py', weights)
    checkpoint = torch.load(weights, weights_only=False)
    names = checkpoint['meta']['dataset_meta']['keypoint_id2name']
    names[0], names[1] = names[1], names[0]
    torch.save(checkpoint, tmp_path / 'other.pth')
    with pytest.raises(
        ValueError,
        match=r'other.pth is of 68 points \(.*the '
        r'config of 68 \(',
    ):
        FaceLandmarker(config, tmp_path / 'other.pth')


def test_what_is_not_there(files, model, tmp_path):
    config, weights = files
    with pytest.raises(FileNotFoundError, match='config none.py not found'):
        FaceLandmarker('none.py', weights)
    with pytest.raises(FileNotFoundError, match='checkpoint none.pth not'):
        FaceLandmarker(config, 'none.pth')
    with pytest.raises(ValueError, match='expected a checkpoint with it'):
        FaceLandmarker(config)
    with pytest.raises(ValueError, match='did you mean .*wflw-hrnetv2-w18'):
        FaceLandmarker('wflw-hrnet-w18')
    with pytest.raises(ValueError, match='expected no checkpoint, got'):
        FaceLandmarker(model, weights)


def test_detector_is_made_when_needed(model, image):
    """And knows the device."""
    landmarker = FaceLandmarker(model, detector='whole_image')
    (found,) = landmarker(image, channels='bgr')
    assert found.box.tolist() == [-0.5, -0.5, 449.5, 299.5]
    with pytest.raises(ValueError, match="no detector 'dlib'"):
        FaceLandmarker(model, detector='dlib')(image, channels='bgr')


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (20000, 20)])
def test_images_of_odd_sizes(model, size):
    image = np.full((size[1], size[0], 3), 100, np.uint8)
    (found,) = FaceLandmarker(model, detector='whole_image')(image, channels='bgr')
    assert np.isfinite(found.keypoints).all()
    assert FaceLandmarker(model)(image, channels='bgr') == []
