# SPDX-License-Identifier: Apache-2.0
"""MMPose's heads with codecs that decode a batch at once: the predictions
are those of MMPose's way, face by face."""

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, RegressionLabel
from mmpose.models.heads import CPMHead, HeatmapHead, RegressionHead
from mmpose.structures import PoseDataSample

from mmpose_face.codecs import (
    FaceMSRAHeatmap,
    FaceRegressionLabel,
    SoftArgmax,
    dark,
    decode_heatmaps,
    gaussian_heatmaps,
    gaussians,
    patches,
)
from mmpose_face.codecs.decoding import as_maps, decode_once

FACES, POINTS = 3, 6
# Cells of 4 pixels, more in one direction than in the other.
WIDTH, HEIGHT = 28, 24
SIZES = dict(input_size=(112, 96), heatmap_size=(WIDTH, HEIGHT))
HEATMAPS = dict(sigma=2.0, **SIZES)


def heatmaps(seed=0):
    """As a network gives them."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand((FACES, POINTS, 2), generator=generator) * torch.tensor([28, 24])
    drawn, _ = gaussian_heatmaps(points, torch.ones(FACES, POINTS), (WIDTH, HEIGHT), 2)
    return drawn + 0.01 * torch.randn(drawn.shape, generator=generator)


def coordinates(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((FACES, POINTS * 2, 1, 1), generator=generator)


def heatmap_head(decoder, seed):
    head = HeatmapHead(POINTS, POINTS, deconv_out_channels=None, final_layer=None, decoder=decoder)
    return head, (heatmaps(seed),)


def cpm_head(decoder, seed):
    head = CPMHead(
        POINTS, POINTS, num_stages=2, deconv_out_channels=None, final_layer=None, decoder=decoder
    )
    return head, [torch.zeros_like(heatmaps()), heatmaps(seed)]


def regression_head(decoder, seed):
    torch.manual_seed(0)
    head = RegressionHead(2 * POINTS, POINTS, decoder=decoder)
    return head, (coordinates(seed),)


def predict(make, decoder, flip_test):
    """The predictions of a head that lets features through as they are."""
    head, features = make(decoder, 0)
    if flip_test:
        features = [features, make(decoder, 1)[1]]
    meta = dict(flip_indices=[1, 0, 3, 2, 4, 5], input_size=SIZES['input_size'])
    samples = [PoseDataSample(metainfo=meta) for _ in range(FACES)]
    with torch.no_grad():
        return head.eval().predict(features, samples, dict(flip_test=flip_test, shift_coords=False))


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize(
    'make, ours, theirs, kwargs',
    [
        (heatmap_head, FaceMSRAHeatmap, MSRAHeatmap, HEATMAPS),
        (heatmap_head, FaceMSRAHeatmap, MSRAHeatmap, dict(unbiased=True, **HEATMAPS)),
        (cpm_head, FaceMSRAHeatmap, MSRAHeatmap, HEATMAPS),
        (cpm_head, FaceMSRAHeatmap, MSRAHeatmap, dict(unbiased=True, **HEATMAPS)),
        (regression_head, FaceRegressionLabel, RegressionLabel, dict(input_size=(112, 96))),
    ],
)
def test_predicts_as_mmpose(make, ours, theirs, kwargs, flip_test):
    found, expected = (
        predict(make, dict(type=codec.__name__, **kwargs), flip_test) for codec in (ours, theirs)
    )
    assert len(found) == len(expected) == FACES
    for each, mmpose in zip(found, expected):
        assert each.keypoints.shape == (1, POINTS, 2)
        assert each.keypoint_scores.shape == (1, POINTS)
        for key in ('keypoints', 'keypoint_scores'):
            assert each[key].dtype == mmpose[key].dtype
            np.testing.assert_allclose(each[key], mmpose[key], rtol=0, atol=1e-3)


def decoders():
    sums = heatmaps().clamp(min=0)
    return {
        'plain': (FaceMSRAHeatmap(**HEATMAPS), heatmaps()),
        'dark': (FaceMSRAHeatmap(unbiased=True, **HEATMAPS), heatmaps()),
        'mean': (SoftArgmax(SIZES['input_size']), sums / sums.sum((2, 3), keepdim=True)),
        'regression': (
            FaceRegressionLabel(SIZES['input_size']),
            coordinates().view(FACES, 1, POINTS, 2),
        ),
    }


@pytest.mark.parametrize('name', decoders())
def test_lists_are_what_is_on_the_device(name):
    codec, given = decoders()[name]
    points, scores = codec.decode_on_device(given)
    assert points.shape == (FACES, POINTS, 2)
    assert scores.shape == (FACES, POINTS)
    lists = codec.batch_decode(given)
    np.testing.assert_allclose(np.concatenate(lists[0]), points, rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.concatenate(lists[1]), scores, rtol=0, atol=1e-6)
    # MMPose writes into them: each is on its own.
    lists[0][0][...] = -7
    lists[1][0][...] = -7
    assert min(each.min() for each in lists[0][1:] + lists[1][1:]) > -7


@pytest.mark.parametrize('name', decoders())
def test_one_copy_to_the_host(name, monkeypatch):
    codec, given = decoders()[name]
    copied = []
    to_host = torch.Tensor.cpu

    def cpu(tensor):
        copied.append(tensor.numel())
        return to_host(tensor)

    monkeypatch.setattr(torch.Tensor, 'cpu', cpu)
    codec.batch_decode(given)
    # Two coordinates, a score, and whether it is done.
    assert len(copied) == 1 and copied[0] <= 4 * FACES * POINTS


@pytest.mark.parametrize('unbiased', [False, True])
def test_nothing_is_read_before_the_copy(unbiased):
    """Tensors without values: whatever looks at one fails."""
    maps = torch.empty(FACES, POINTS, HEIGHT, WIDTH, device='meta')
    (points, *_), _ = decode_once(as_maps(maps), unbiased, 11)
    assert points.shape == (FACES * POINTS, 2)
    assert points.device.type == 'meta'
    with pytest.raises(NotImplementedError, match='no data'):
        FaceMSRAHeatmap(unbiased=unbiased, **HEATMAPS).batch_decode(maps)


@pytest.mark.parametrize(
    'make',
    [
        lambda: FaceMSRAHeatmap(**HEATMAPS),
        lambda: FaceMSRAHeatmap(unbiased=True, **HEATMAPS),
        lambda: SoftArgmax(SIZES['input_size']),
        lambda: FaceRegressionLabel(SIZES['input_size']),
    ],
)
def test_targets_without_reading(make):
    points = torch.empty(FACES, POINTS, 2, device='meta')
    encoded = make().batch_encode(points, points[..., 0])
    assert all(each.device.type == 'meta' for each in encoded.values())


def test_values_that_need_the_whole_map():
    """Come with a second copy, right."""
    maps = heatmaps() - 0.97
    codec = FaceMSRAHeatmap(unbiased=True, **HEATMAPS)
    (_, _, doubtful), _ = decode_once(as_maps(maps), True, 11)
    assert doubtful.any()
    expected, _ = decode_heatmaps(maps, True)
    points, _ = codec.batch_decode(maps)
    np.testing.assert_array_equal(np.concatenate(points), 4 * expected)


@pytest.mark.parametrize('sigma', [2, 1.5])
@pytest.mark.parametrize('kwargs', [dict(), dict(border_shift=False), dict(unbiased=True)])
def test_targets_are_those_of_one_face(kwargs, sigma):
    codec = FaceMSRAHeatmap(sigma=sigma, **SIZES, **kwargs)
    rng = np.random.default_rng(0)
    points = rng.uniform(-30, 140, (FACES, 50, 2)).astype(np.float32)
    visible = rng.choice([0, 1], (FACES, 50)).astype(np.float32)
    encoded = codec.batch_encode(*map(torch.from_numpy, (points, visible)))
    for i in range(FACES):
        expected = codec.encode(points[i : i + 1], visible[i : i + 1])
        assert encoded.keys() == expected.keys()
        np.testing.assert_allclose(encoded['heatmaps'][i], expected['heatmaps'], rtol=0, atol=1e-6)
        np.testing.assert_array_equal(
            encoded['keypoint_weights'][i : i + 1], expected['keypoint_weights']
        )


def test_soft_argmax_targets_are_those_of_one_face():
    codec = SoftArgmax(SIZES['input_size'])
    rng = np.random.default_rng(0)
    points = rng.uniform(-30, 140, (FACES, 50, 2)).astype(np.float32)
    visible = rng.choice([0, 1], (FACES, 50)).astype(np.float32)
    encoded = codec.batch_encode(*map(torch.from_numpy, (points, visible)))
    for name, expected in codec.encode(points, visible).items():
        np.testing.assert_array_equal(encoded[name], expected)


def test_crops_whose_cells_are_not_whole():
    """Pixels are cells times a size that float32 rounds."""
    sizes = dict(input_size=(100, 90), heatmap_size=(28, 24))
    for unbiased in (False, True):
        kwargs = dict(sigma=2, unbiased=unbiased, **sizes)
        points, _ = FaceMSRAHeatmap(**kwargs).batch_decode(heatmaps())
        for ours, each in zip(points, heatmaps().numpy()):
            expected, _ = MSRAHeatmap(**kwargs).decode(each)
            np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3)


def test_bad_kernel():
    with pytest.raises(ValueError, match='odd, got 4'):
        FaceMSRAHeatmap(unbiased=True, blur_kernel_size=4, **HEATMAPS)
    # It is of no account without DARK.
    codec = FaceMSRAHeatmap(blur_kernel_size=4, **HEATMAPS)
    assert len(codec.batch_decode(heatmaps())[0]) == FACES
    codec.decode_on_device(heatmaps())


@pytest.mark.parametrize('name', decoders())
def test_amp_changes_nothing(name):
    """Validation under AMP decodes with autocast on."""
    codec, given = decoders()[name]
    expected = codec.decode_on_device(given)
    with torch.autocast('cpu', torch.bfloat16):
        got = codec.decode_on_device(given)
    for ours, each in zip(got, expected):
        assert ours.dtype == torch.float32 and torch.equal(ours, each)


def test_half_precision_points():
    """As far as they are exact, the targets are."""
    points = torch.tensor([[[20.5, 30], [57, 11.25]]])
    codec = FaceMSRAHeatmap(sigma=2, unbiased=True, **SIZES)
    expected = codec.batch_encode(points, torch.ones(1, 2))
    for dtype in (torch.float16, torch.bfloat16):
        encoded = codec.batch_encode(points.to(dtype), torch.ones(1, 2))
        assert torch.equal(encoded['heatmaps'], expected['heatmaps'])


@pytest.mark.parametrize('name', decoders())
def test_inference_mode_leaves_nothing_behind(name):
    """Tables are made at the first call, and used in any mode after it."""
    for cache in (dark.blur_weights, gaussians._patches, patches._on_map):
        cache.cache_clear()
    codec, given = decoders()[name]
    points = torch.rand(FACES, POINTS, 2) * 90
    with torch.inference_mode():
        expected = codec.batch_decode(given)
        targets = codec.batch_encode(points, torch.ones(FACES, POINTS))
        frozen = given + 0
    for heatmaps in (given.clone().requires_grad_(), frozen):
        for ours, each in zip(codec.batch_decode(heatmaps), expected):
            np.testing.assert_array_equal(ours, each)
    for key, each in codec.batch_encode(points, torch.ones(FACES, POINTS)).items():
        assert torch.equal(each, targets[key])
