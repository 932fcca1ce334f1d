# SPDX-License-Identifier: Apache-2.0
"""Codecs as parts of a graph against the codecs, in torch and in onnxruntime."""

import io
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, RegressionLabel, UDPHeatmap
from test_decoding import at_every_cell, dark, gaussians, noisy

from mmpose_face.codecs import FaceMSRAHeatmap, FaceRegressionLabel, SoftArgmax
from mmpose_face.codecs.graph_decoders import graph_decoder

WIDTH, HEIGHT = 40, 32
SIZES = dict(input_size=(160, 128), heatmap_size=(WIDTH, HEIGHT), sigma=2.0)
CODECS = {
    'plain': FaceMSRAHeatmap(**SIZES),
    'dark': FaceMSRAHeatmap(unbiased=True, **SIZES),
    'dark 7': FaceMSRAHeatmap(unbiased=True, blur_kernel_size=7, **SIZES),
    'mean': SoftArgmax((160, 128)),
    'mean of a box': SoftArgmax((160, 128), mirror='box'),
    'regression': FaceRegressionLabel((160, 128)),
}
RNG = np.random.default_rng(0)


def probabilities(maps):
    sums = maps.clip(0) + np.float32(1e-6)
    return sums / sums.sum((2, 3), keepdims=True)


def given(name):
    """Batches of what a network gives, among them some that are odd."""
    if name == 'regression':
        return [RNG.random((n, 7, d), np.float32) for n, d in ((3, 2), (1, 2))]
    sizes = dict(points=7, width=WIDTH, height=HEIGHT)
    maps = [
        noisy(3, **sizes),
        gaussians(1, **sizes),
        # Values below 0 around the peaks, which DARK cuts.
        gaussians(2, **sizes) - np.float32(0.9),
        RNG.normal(size=(2, 7, HEIGHT, WIDTH)).astype(np.float32),
        # Equal cells, and maps with nothing above 0.
        np.minimum(gaussians(2, **sizes), 0.5),
        np.zeros((1, 7, HEIGHT, WIDTH), np.float32),
    ]
    single = np.full((1, 7, HEIGHT, WIDTH), -1, np.float32)
    single[..., 10, 12] = 0.5
    maps.append(single)
    return [probabilities(m) for m in maps] if 'mean' in name else maps


def exported(module, example):
    """The module in onnxruntime, for any number of faces."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            module,
            (torch.from_numpy(example),),
            file,
            opset_version=17,
            input_names=['given'],
            output_names=['points', 'scores'],
            dynamic_axes=dict.fromkeys(('given', 'points', 'scores'), {0: 'batch'}),
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(file.getvalue(), providers=['CPUExecutionProvider'])
    return lambda batch: session.run(None, dict(given=batch))


@pytest.mark.parametrize('name', CODECS)
def test_as_the_codec(name):
    codec, batches = CODECS[name], given(name)
    decoder = graph_decoder(codec).eval()
    run = exported(decoder, batches[0])
    spread = []
    for batch in batches:
        expected = codec.decode_on_device(torch.from_numpy(batch))
        for found in (decoder(torch.from_numpy(batch)), run(batch)):
            for ours, theirs in zip(found, expected):
                ours = np.asarray(ours)
                assert ours.dtype == np.float32 and ours.shape == theirs.shape
                np.testing.assert_allclose(ours, theirs.numpy(), rtol=2e-6, atol=1e-3)
        spread.append(np.ptp(expected[0].numpy()))
    assert max(spread) > 50


@pytest.mark.parametrize('unbiased', [False, True])
@pytest.mark.parametrize('width, height', [(15, 20), (5, 9), (4, 5), (1, 1)])
def test_small_maps(width, height, unbiased):
    """Patches that reach beyond the map on all sides."""
    codec = MSRAHeatmap((4 * width, 4 * height), (width, height), 2.0, unbiased=unbiased)
    batch = noisy(1, 30, width, height)
    run = exported(graph_decoder(codec).eval(), batch)
    expected, scores = codec.decode(batch[0])
    points, found = run(batch)
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(found, scores)


@pytest.mark.parametrize('unbiased', [False, True])
def test_peak_on_every_cell(unbiased):
    """The conditions at the borders, which differ from side to side."""
    maps = at_every_cell()
    codec = MSRAHeatmap((17, 16), (17, 16), 2.0, unbiased=unbiased)
    expected, _ = codec.decode(maps[0])
    points, _ = graph_decoder(codec)(torch.from_numpy(maps))
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-4)


def test_dark_where_values_are_cut():
    """By the formula in double precision; it matters by how much the blurred
    heatmap is scaled, of each map and in whatever batch."""
    maps = np.concatenate([gaussians(1, 40, 64, 64) - np.float32(0.93), gaussians(1, 40, 64, 64)])
    codec = FaceMSRAHeatmap((64, 64), (64, 64), 2.0, unbiased=True)
    points, _ = exported(graph_decoder(codec).eval(), maps)(maps)
    expected = [[dark(each) for each in face] for face in maps]
    np.testing.assert_allclose(points, expected, rtol=2e-6, atol=1e-4)


def test_regression_of_mmpose_with_deviations():
    given = RNG.random((3, 7, 4), np.float32)
    codec = RegressionLabel((160, 128))
    points, scores = exported(graph_decoder(codec).eval(), given)(given)
    expected, expected_scores = codec.decode(given)
    np.testing.assert_allclose(points, expected, atol=1e-4)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-6)


def test_points_that_rounding_decides_about():
    maps = torch.zeros(1, 4, 9, 9)
    maps[0, :, 4, 4] = 1
    maps[0, :, 3:6, 3:6] += torch.tensor([[0, 0.1, 0], [0.1, 0, 0.3], [0, 0.2, 0]])
    maps[0, 1, 4, 5] = 1 - 1e-4  # as high as the peak
    maps[0, 2, 5, 4] = 0.1 + 1e-4  # above and below alike
    codecs = (MSRAHeatmap((36, 36), (9, 9), 2.0, unbiased=unbiased) for unbiased in (False, True))
    plain, dark = (graph_decoder(codec) for codec in codecs)
    assert plain.undecided(maps, 1e-3).tolist() == [[False, True, True, False]]
    assert dark.undecided(maps, 1e-3).tolist() == [[False, True, False, False]]
    assert not plain.undecided(maps, 1e-5).any()
    # A difference of the margin itself: four equal cells, equal neighbours.
    assert dark.undecided(torch.ones(1, 1, 2, 2), 0.0).all()
    single = torch.zeros(1, 1, 9, 9)
    single[..., 4, 4] = 1
    assert plain.undecided(single, 0.0).all() and not dark.undecided(single, 0.0).any()


def test_other_codecs():
    with pytest.raises(ValueError, match='UDPHeatmap cannot be put'):
        graph_decoder(UDPHeatmap((64, 64), (16, 16)))
