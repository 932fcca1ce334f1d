# SPDX-License-Identifier: Apache-2.0
import copy

import numpy as np
import pytest
from conftest import BASES
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine import Config
from mmengine.dataset import Compose
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.registry import TRANSFORMS

from mmpose_face.compat.config_references import as_written
from mmpose_face.datasets import SyntheticFaces
from mmpose_face.datasets.transforms import (
    BlackRectangle,
    BlendNoise,
    BoxBlur,
    LoadFaceImage,
    NormalBBoxTransform,
    RandomFaceFlip,
    RandomGamma,
)
from mmpose_face.datasets.transforms.blurring import odd_size
from mmpose_face.datasets.transforms.gamma import apply_gamma
from mmpose_face.datasets.transforms.occlusion import cover
from mmpose_face.engine.seeding import seed_from

PHOTOMETRIC = [BlackRectangle, BoxBlur, RandomGamma, BlendNoise]


@pytest.fixture(autouse=True)
def seed():
    seed_from(0)


@pytest.fixture(scope='module')
def config():
    return Config.fromfile(BASES / 'datasets/star_augmentation.py')


def after_crop(config):
    """The steps between crop and target."""
    names = [step.strip('${}') for step in vars(as_written(config))['_cfg_dict']['train_pipeline']]
    return [config[name] for name in names[5:-2]]


@pytest.fixture
def face():
    return dict(SyntheticFaces(num_faces=1, size=64).get_data_info(0))


def boxes(number: int, width: float = 40.0, height: float = 40.0) -> dict:
    return dict(
        bbox_center=np.full((number, 2), 50, np.float32),
        bbox_scale=np.full((number, 2), (width, height), np.float32),
    )


def mean_and_std(values, mean, std):
    """Within five standard errors of what they should be."""
    n = len(values)
    assert abs(values.mean() - mean) < 5 * std / n**0.5
    assert abs(values.std() / std - 1) < 5 / (2 * n) ** 0.5


def test_boxes_are_normally_distributed():
    before = boxes(20000, width=20.0)
    after = NormalBBoxTransform()(before)
    factor = after['bbox_scale'][:, 1] / 40
    mean_and_std(factor, 1, 0.1)
    np.testing.assert_allclose(after['bbox_scale'][:, 0], 20 * factor, 1e-5)
    mean_and_std(after['bbox_rotation'], 0, 18)
    for axis in after['bbox_center'].T:
        mean_and_std(axis, 50, 0.05 * 40)  # of the longer side
    # Not cut at one standard deviation, as MMPose's are.
    assert 0.31 < np.mean(np.abs(after['bbox_rotation']) > 18) < 0.325
    np.testing.assert_array_equal(before['bbox_scale'], boxes(20000, 20.0)['bbox_scale'])
    for key in before:
        assert after[key].dtype == np.float32, key


def test_sides_stay_positive():
    after = NormalBBoxTransform(scale=0.2499)(boxes(100000))
    assert after['bbox_scale'].min() > 0


def test_no_deviation_no_change():
    after = NormalBBoxTransform(0.0, 0.0, 0.0)(boxes(3))
    for key, value in boxes(3).items():
        np.testing.assert_array_equal(after[key], value)
    np.testing.assert_array_equal(after['bbox_rotation'], 0)


def test_points_move_with_the_box(face):
    """Against the similarity that the box stands for."""
    face = GetBBoxCenterScale()(face)
    changed = NormalBBoxTransform()(face)
    (x, y), side = changed['bbox_center'][0], changed['bbox_scale'].max()
    angle = np.radians(changed['bbox_rotation'][0])
    cropped = TopdownAffine(input_size=(256, 256))(changed)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (face['keypoints'][0] - (x, y)) @ turn.T * 256 / side + 128
    np.testing.assert_allclose(cropped['transformed_keypoints'][0], expected, atol=1e-2)


def test_image_and_points_move_together():
    """A bright spot is where its point is."""
    image = np.zeros((101, 101, 3), np.uint8)
    image[58:61, 38:41] = 255
    info = dict(boxes(1), img=image, keypoints=np.array([[[39.0, 59.0]]]))
    for _ in range(5):
        cropped = TopdownAffine((256, 256))(NormalBBoxTransform()(info))
        light = cropped['img'][..., 0].astype(float)
        rows, columns = np.indices(light.shape)
        spot = [(columns * light).sum(), (rows * light).sum()] / light.sum()
        np.testing.assert_allclose(cropped['transformed_keypoints'][0, 0], spot, atol=0.2)


def test_rectangle_by_hand():
    image = np.full((10, 20, 3), 9, np.uint8)
    covered = cover(image, np.array([0.5, 0.25]), np.array([0.4, 0.2]))
    expected = image.copy()
    expected[3:7, 3:7] = 0  # 5 +- 2 rows, 5 +- 2 columns
    np.testing.assert_array_equal(covered, expected)
    corner = cover(image, np.array([0.0, 1.0]), np.array([0.4, 0.2]))
    expected = image.copy()
    expected[:2, 18:] = 0
    np.testing.assert_array_equal(corner, expected)
    assert image.min() == 9


def test_rectangles_are_as_large_as_they_should_be():
    step = BlackRectangle()
    middles, sides = map(np.array, zip(*(step._draw() for _ in range(5000))))
    for values, low, high in (
        (middles[:, 0], 0, 1),
        (middles[:, 1], 0, 1),
        (sides[:, 0], 0.1, 0.4),
        (sides[:, 1], 0, 0.5),
    ):
        assert values.min() >= low and values.max() <= high
        mean_and_std(values, (low + high) / 2, (high - low) / 12**0.5)


def test_blur_by_hand():
    image = np.zeros((60, 60, 3), np.uint8)
    image[30, 20] = 90
    blurred = BoxBlur(largest=0.05)(dict(img=image))['img']  # only 3 fits
    expected = np.zeros_like(image)
    expected[29:32, 19:22] = 10
    np.testing.assert_array_equal(blurred, expected)
    small = BoxBlur(largest=0.04)(dict(img=image))['img']
    np.testing.assert_array_equal(small, image)


def test_blur_sizes():
    shares = np.arange(1000) / 1000
    sizes = [odd_size(share, 0.05 * 256) for share in shares]
    values, counts = np.unique(sizes, return_counts=True)
    assert values.tolist() == [3, 5, 7, 9, 11] and set(counts) == {200}
    assert odd_size(0.99, 3) == 3 and odd_size(0.99, 2.99) == 1
    assert odd_size(0.99, 0) == 1


def test_gamma_by_hand():
    image = np.array([0, 50, 255], np.uint8).reshape(1, 1, 3)
    assert apply_gamma(image, 2.0).ravel().tolist() == [0, 10, 255]  # 9.8
    assert apply_gamma(image, 0.5).ravel().tolist() == [0, 113, 255]  # 112.9
    np.testing.assert_array_equal(apply_gamma(image, 1.0), image)


def test_half_of_the_gammas_brighten():
    step = RandomGamma()
    gammas = np.array([step._draw() for _ in range(5000)])
    assert gammas.min() >= 0.25 and gammas.max() <= 4
    bright = gammas[gammas < 1]
    assert abs(len(bright) / 5000 - 0.5) < 0.035
    mean_and_std(bright, 0.625, 0.75 / 12**0.5)
    mean_and_std(gammas[gammas > 1], 2.5, 3 / 12**0.5)


def test_noise_statistics():
    """Of a grey of 100, mixed with noise of mean 127.5."""
    step = BlendNoise(largest=0.4)
    image = np.full((50, 50, 3), 100, np.uint8)
    for _ in range(20):
        np.random.seed(state := np.random.randint(1000))
        noise, share = step._draw(image.shape)
        assert 0 <= share <= 0.4
        mean_and_std(noise.ravel(), 127.5, (256**2 / 12) ** 0.5)
        np.random.seed(state)
        mixed = step(dict(img=image))['img']
        np.testing.assert_allclose(mixed, (1 - share) * 100 + share * noise, atol=0.51)
    shares = [step._draw((1, 1, 3))[1] for _ in range(2000)]
    mean_and_std(np.array(shares), 0.2, 0.4 / 12**0.5)


@pytest.mark.parametrize('step', PHOTOMETRIC)
def test_only_the_image_changes(step, face):
    kept = copy.deepcopy(face)
    after = step()(face)
    assert after.keys() == kept.keys()
    for key, value in kept.items():
        np.testing.assert_array_equal(face[key], value, err_msg=key)
        if key != 'img':
            np.testing.assert_array_equal(after[key], value, err_msg=key)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(PHOTOMETRIC))
def test_any_size(height, width, step):
    image = np.random.randint(0, 256, (height, width, 3), np.uint8)
    kept = image.copy()
    after = step()(dict(img=image))['img']
    assert after.shape == kept.shape and after.dtype == np.uint8
    np.testing.assert_array_equal(image, kept)


def with_probability(config: Config, prob: float) -> list:
    steps = copy.deepcopy(after_crop(config))
    return [Compose([dict(step, prob=prob)]) for step in steps]


def test_never_and_always(config, face):
    face['img'] = np.random.randint(1, 256, (256, 256, 3), np.uint8)
    for step in with_probability(config, 0.0):
        np.testing.assert_array_equal(step(dict(face))['img'], face['img'])
    for step in with_probability(config, 1.0):
        changed = [(step(dict(face))['img'] != face['img']).any() for _ in range(10)]
        assert np.mean(changed) >= 0.9, step  # rectangles may be empty
    for prob, expected in ((0.0, False), (1.0, True)):
        flip = RandomFaceFlip(direction='horizontal', prob=prob)
        flipped = flip(dict(face, img_shape=(256, 256)))
        assert flipped['flip'] == expected


def test_as_often_as_the_config_says(config):
    image = np.random.randint(1, 256, (64, 64, 3), np.uint8)
    expected = 0.4, 0.3, 0.2, 0.2, 0.2
    for step, prob in zip(after_crop(config), expected, strict=True):
        step = Compose([step])
        changed = [(step(dict(img=image))['img'] != image).any() for _ in range(400)]
        # A rectangle less than half a pixel wide is none: 1 of 60.
        assert abs(np.mean(changed) - prob) < 4 * (prob * (1 - prob) / 400) ** 0.5


def test_grey_is_the_last_and_opencvs(config):
    image = np.array([255, 0, 0, 0, 255, 0, 0, 0, 255], np.uint8)
    grey = with_probability(config, 1.0)[-1](dict(img=image.reshape(1, 3, 3)))['img']
    assert grey.shape == (1, 3, 3) and grey.dtype == np.uint8
    np.testing.assert_array_equal(grey[..., 0], grey[..., 1])
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    np.testing.assert_allclose(grey[0, :, 0], [29, 150, 76], atol=1)


def test_same_seed_same_sample(config):
    faces = SyntheticFaces(
        num_faces=1,
        size=64,
        pipeline=[
            dict(type=LoadFaceImage),
            dict(type=GetBBoxCenterScale),
            config.flip,
            config.box_jitter,
            dict(type=TopdownAffine, input_size=(64, 64)),
            *after_crop(config),
        ],
    )

    def sample(*key):
        seed_from(*key)
        made = faces[0]
        return made['img'], made['transformed_keypoints']

    for epoch in range(4):
        for first, second in zip(sample(0, epoch), sample(0, epoch)):
            np.testing.assert_array_equal(first, second)
        for first, second in zip(sample(0, epoch), sample(0, epoch + 1)):
            assert (first != second).any()


@pytest.mark.parametrize(
    'step, options, message',
    [
        (NormalBBoxTransform, dict(shift=-1.0), 'shift must be finite and not neg'),
        (NormalBBoxTransform, dict(rotation=float('nan')), 'rotation.*nan'),
        (NormalBBoxTransform, dict(scale=0.25), 'scale must be less than 0.25'),
        (BlackRectangle, dict(height=(0.4, 0.1)), 'height must be two numbers'),
        (BlackRectangle, dict(width=(0.0, 1.1)), 'width.*from 0 to 1, got'),
        (BlackRectangle, dict(width=0.5), 'width must be two numbers'),
        (BoxBlur, dict(largest=1.1), 'largest must be from 0 to 1, got 1.1'),
        (BlendNoise, dict(largest=float('nan')), 'from 0 to 1, got nan'),
        (RandomGamma, dict(brighter=(0.5, 2.0)), 'brighter.*from 0 to 1'),
        (RandomGamma, dict(darker=(0.5, 2.0)), 'darker must be two numbers'),
        (RandomGamma, dict(darker=(1.0, float('inf'))), 'darker.*inf'),
    ],
)
def test_errors(step, options, message):
    with pytest.raises(ValueError, match=message):
        step(**options)


@pytest.mark.parametrize('step', [NormalBBoxTransform, *PHOTOMETRIC])
def test_registered(step):
    built = TRANSFORMS.build(dict(type=step.__name__))
    assert type(built) is step and repr(built).startswith(step.__name__)
