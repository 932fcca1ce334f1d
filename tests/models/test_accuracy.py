# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.evaluation.functional import keypoint_pck_accuracy, pose_pck_accuracy

from mmpose_face.models.accuracy import coordinate_accuracy, heatmap_accuracy, peaks

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.tuples(*[st.integers(1, 12)] * 2), st.integers(1, 4), st.integers(1, 3))
def test_of_heatmaps_is_mmposes(seed, size, batch, points):
    """To the last bit, on maps of any sides, with ties and empty maps."""
    rng = np.random.default_rng(seed)
    shape = batch, points, *size
    maps, targets = rng.integers(-3, 3, (2, *shape)).astype(np.float32)
    weights = rng.integers(0, 2, (batch, points)).astype(np.float32)
    found = heatmap_accuracy(*map(torch.from_numpy, (maps, targets, weights)))
    _, expected, _ = pose_pck_accuracy(maps, targets, weights > 0)
    assert found.item() == expected


@given(SEEDS, st.integers(1, 4), st.integers(1, 3))
def test_of_coordinates_is_mmposes(seed, batch, points):
    """As MMPose's regression head calls it."""
    rng = np.random.default_rng(seed)
    targets = rng.random((batch, points, 2), np.float32)
    found = targets + rng.normal(0, 0.03, targets.shape).astype(np.float32)
    weights = rng.integers(0, 2, (batch, points)).astype(np.float32)
    accuracy = coordinate_accuracy(*map(torch.from_numpy, (found, targets, weights)))
    _, expected, _ = keypoint_pck_accuracy(
        found, targets, weights > 0, 0.05, np.ones((batch, 2), np.float32)
    )
    assert accuracy.item() == expected


def test_side_of_the_map():
    """0.05 of 40 columns is 2: a distance of exactly that is not near."""
    heatmaps, targets = torch.zeros(2, 1, 3, 40, 40)
    targets[0, :, 5, 10] = 1
    for landmark, column in enumerate((10, 11, 12)):
        heatmaps[0, landmark, 5, column] = 1
    accuracy = heatmap_accuracy(heatmaps, targets, torch.ones(1, 3))
    assert accuracy.item() == pytest.approx(2 / 3)


def test_peaks():
    heatmaps = torch.zeros(1, 3, 2, 3)
    heatmaps[0, 0, 1, 2] = heatmaps[0, 2, 0, 1] = 1
    assert peaks(heatmaps).tolist() == [[[2, 1], [-1, -1], [1, 0]]]


def test_no_labelled_point():
    maps = torch.rand(2, 3, 4, 4)
    assert heatmap_accuracy(maps, maps, torch.zeros(2, 3)).item() == 0
