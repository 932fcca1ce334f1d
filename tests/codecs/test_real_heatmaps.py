# SPDX-License-Identifier: Apache-2.0
"""Heatmaps of a small network that was trained on real faces, decoded as
MMPose does: sharp ones of faces it knows and blurred ones of others."""

import cv2
import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap
from test_decoding import assert_as_formula, derivatives
from torch import nn

from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.datasets.converters.pts import read_pts

SIZES = dict(input_size=(96, 96), heatmap_size=(24, 24))
KNOWN, OTHERS = 8, 24


def network() -> nn.Module:
    """From grey crops to heatmaps with cells of 4 x 4 pixels."""
    layers = [nn.PixelUnshuffle(4), nn.Conv2d(16, 64, 3, padding=1)]
    for dilation in (1, 2, 4):
        layers += [nn.ReLU(), nn.Conv2d(64, 64, 3, padding=dilation, dilation=dilation)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(64, 68, 1))


@pytest.fixture(scope='module')
def faces(face_data):
    """Crops (N, 1, 96, 96) and points (N, 68, 2) in their pixels."""
    files = sorted((face_data / '300w/helen/testset').glob('*.pts'))
    crops, points = [], []
    for path in files[: KNOWN + OTHERS]:
        image = cv2.imread(str(path.with_suffix('.jpg')), cv2.IMREAD_GRAYSCALE)
        height, width = image.shape
        image = cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA)
        crops.append(image[None] / 255.0 - 0.5)
        points.append(read_pts(path) * (96 / width, 96 / height))
    return (
        torch.tensor(np.array(crops), dtype=torch.float32),
        torch.tensor(np.array(points), dtype=torch.float32),
    )


@pytest.fixture(scope='module')
def heatmaps(faces):
    """Of the trained network: (N, 68, 24, 24)."""
    crops, points = faces
    torch.manual_seed(0)
    model = network()
    codec = FaceMSRAHeatmap(sigma=1.5, unbiased=True, **SIZES)
    targets = codec.batch_encode(points, torch.ones(points.shape[:2]))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(120):
        difference = model(crops[:KNOWN]) - targets['heatmaps'][:KNOWN]
        optimizer.zero_grad()
        (100 * difference.square().mean()).backward()
        optimizer.step()
    with torch.no_grad():
        return model(crops)


def determinant(heatmap: np.ndarray) -> float:
    """By which DARK's offset in (H, W) is divided. That of Gaussians as wide
    as these is 0.026; next to 0 rounding decides where the point is."""
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    if not all(1 < at < side - 2 for at, side in zip((y, x), heatmap.shape)):
        return np.inf  # there is no offset
    _, hessian = derivatives(heatmap.astype(np.float64))
    return abs(np.linalg.det(hessian))


@pytest.fixture(scope='module')
def determinants(heatmaps):
    """(N, 68)."""
    return np.array([[determinant(each) for each in maps] for maps in heatmaps.numpy()])


@pytest.mark.parametrize('unbiased', [False, True])
def test_as_mmpose(heatmaps, faces, determinants, unbiased):
    """Which computes in single precision: of a few points that is noise."""
    kwargs = dict(sigma=1.5, unbiased=unbiased, **SIZES)
    points, scores = FaceMSRAHeatmap(**kwargs).batch_decode(heatmaps)
    defined = determinants > (2e-3 if unbiased else 0)
    assert defined.mean() > 0.99
    for i, maps in enumerate(heatmaps.numpy()):
        expected = MSRAHeatmap(**kwargs).decode(maps)
        np.testing.assert_allclose(
            points[i][:, defined[i]], expected[0][:, defined[i]], rtol=0, atol=1e-3
        )
        np.testing.assert_array_equal(scores[i], expected[1])
    # The network finds its faces' points to a cell and is less sure of others.
    errors = np.linalg.norm(np.concatenate(points) - faces[1].numpy(), axis=2)
    assert np.median(errors[:KNOWN]) < 4
    assert np.median(scores[:KNOWN]) > 1.5 * np.median(scores[KNOWN:])
    assert (heatmaps < 0).any()


def test_as_the_formula(heatmaps, determinants):
    """Nearer to it than MMPose's."""
    defined = determinants > 1e-4
    assert defined.mean() > 0.998
    assert_as_formula(heatmaps.numpy()[defined][None])
