# SPDX-License-Identifier: Apache-2.0
"""Coordinates of a batch against MMPose's codec, face by face."""

import numpy as np
import pytest
import torch
from mmpose.codecs import RegressionLabel

from mmpose_face.codecs import FaceRegressionLabel

SIZE = (256, 192)


@pytest.fixture
def ours():
    return FaceRegressionLabel(input_size=SIZE)


@pytest.fixture
def theirs():
    return RegressionLabel(input_size=SIZE)


def coordinates(faces=3, points=7, columns=2):
    return torch.rand((faces, points, columns), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('columns', [2, 4])
def test_decodes_as_mmpose(ours, theirs, columns):
    encoded = coordinates(columns=columns)
    points, scores = ours.batch_decode(encoded)
    on_device = ours.decode_on_device(encoded)
    for i, each in enumerate(encoded.numpy()):
        expected = theirs.decode(each[None])
        np.testing.assert_array_equal(points[i], expected[0])
        np.testing.assert_array_equal(scores[i], expected[1])
        assert points[i].dtype == expected[0].dtype
        np.testing.assert_allclose(on_device[0][i : i + 1], expected[0], rtol=0, atol=1e-4)
        np.testing.assert_allclose(on_device[1][i : i + 1], expected[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize('faces, points', [(0, 7), (1, 1), (2, 1)])
def test_sizes(ours, faces, points):
    encoded = coordinates(faces, points)
    # MMPose's heads give a fourth dimension.
    for each in (encoded, encoded[:, None]):
        at, scores = ours.decode_on_device(each)
        assert at.shape == (faces, points, 2)
        assert scores.shape == (faces, points)
        lists = ours.batch_decode(each)
        assert [len(each) for each in lists] == [faces, faces]
        for i in range(faces):
            assert lists[0][i].shape == (1, points, 2)
            assert lists[1][i].shape == (1, points)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(ours, dtype):
    encoded = coordinates().to(dtype)
    points, _ = ours.decode_on_device(encoded)
    expected, _ = ours.decode_on_device(encoded.float())
    assert points.dtype == torch.float32 and torch.equal(points, expected)
    assert ours.batch_decode(encoded)[0][0].shape == (1, 7, 2)


def test_encodes_as_mmpose(ours, theirs):
    rng = np.random.default_rng(0)
    points = rng.uniform(-30, 290, (4, 100, 2)).astype(np.float32)
    # The borders of the crop, and just beyond.
    points[0, :4] = (0, 0), (255, 191), (255.1, 50), (50, -0.1)
    visible = rng.choice([0, 0.5, 0.6, 1.0], (4, 100)).astype(np.float32)
    visible[0, :4] = 1
    encoded = ours.batch_encode(torch.from_numpy(points), torch.from_numpy(visible))
    expected = theirs.encode(points, visible)
    assert encoded.keys() == expected.keys()
    np.testing.assert_allclose(
        encoded['keypoint_labels'], expected['keypoint_labels'], rtol=0, atol=1e-6
    )
    np.testing.assert_array_equal(encoded['keypoint_weights'], expected['keypoint_weights'])
    assert encoded['keypoint_weights'][0, :4].tolist() == [1, 1, 0, 0]
    assert {each.dtype for each in encoded.values()} == {torch.float32}


def test_one_face_is_mmposes(ours, theirs):
    points = 200 * coordinates(1).numpy()
    for name, each in theirs.encode(points).items():
        np.testing.assert_array_equal(ours.encode(points)[name], each)
    for a, b in zip(ours.decode(points), theirs.decode(points)):
        np.testing.assert_array_equal(a, b)


def test_bad_input(ours):
    for shape in ((3, 7, 3), (3, 2, 7, 2), (7, 2)):
        for decode in (ours.decode_on_device, ours.batch_decode):
            with pytest.raises(ValueError, match='coordinates are'):
                decode(torch.zeros(shape))
    with pytest.raises(ValueError, match=r'got \(3, 7, 2\) and \(3, 6\)'):
        ours.batch_encode(torch.zeros(3, 7, 2), torch.zeros(3, 6))
