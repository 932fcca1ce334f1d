# SPDX-License-Identifier: Apache-2.0
"""Points to the grid and back, up to the border of the crop."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.datasets.transforms import RandomFlip, TopdownAffine

from mmpose_face.codecs import SoftArgmax, soft_argmax
from mmpose_face.landmarks import IBUG68


def peaked(x: float, y: float, width: int = 64, height: int = 64):
    """A heatmap on the four cells around a point of the grid, whose mean it
    is."""
    heatmap = np.zeros((height, width))
    column, row = (x + 1) / 2 * (width - 1), (y + 1) / 2 * (height - 1)
    for i, rest in ((int(row), 1 - row % 1), (int(row) + 1, row % 1)):
        for j, share in ((int(column), 1 - column % 1), (int(column) + 1, column % 1)):
            if rest * share > 0:
                heatmap[i, j] = rest * share
    return heatmap


@given(st.floats(-0.5, 255.5), st.floats(-0.5, 191.5))
def test_round_trip(x, y):
    """From pixels to a heatmap with that mean, and back to 1e-4 pixels."""
    codec = SoftArgmax(input_size=(256, 192))
    encoded = codec.encode(np.array([[[x, y]]]))
    assert encoded['keypoint_weights'] == 1
    u, v = np.clip(encoded['keypoint_labels'][0, 0].astype(float), -1, 1)
    points, _ = codec.decode(peaked(u, v, 64, 48)[None])
    np.testing.assert_allclose(points, [[[x, y]]], atol=1e-4)


def test_borders():
    """The outer borders of the first and the last pixel are the centres of
    the first and the last cell."""
    codec = SoftArgmax(input_size=(256, 128))
    points = np.array([[[-0.5, -0.5], [255.5, 127.5], [127.5, 63.5]]])
    encoded = codec.encode(points)
    np.testing.assert_array_equal(encoded['keypoint_labels'], [[[-1, -1], [1, 1], [0, 0]]])
    np.testing.assert_array_equal(encoded['keypoint_weights'], [[1, 1, 1]])
    corners = np.zeros((2, 8, 8))
    corners[0, 0, 0] = corners[1, 7, 7] = 1
    np.testing.assert_array_equal(codec.decode(corners)[0], [[[-0.5, -0.5], [255.5, 127.5]]])


def test_points_that_do_not_count():
    codec = SoftArgmax(input_size=(256, 128))
    points = np.array([[[10.0, 10], [10, 10], [-1, 10], [10, 128], [256, 10]]])
    visible = np.array([[1, 0, 1, 1, 1]])
    np.testing.assert_array_equal(
        codec.encode(points, visible)['keypoint_weights'], [[1, 0, 0, 0, 0]]
    )
    np.testing.assert_array_equal(codec.encode(points)['keypoint_weights'], [[1, 1, 0, 0, 0]])


def test_a_mirrored_heatmap_has_the_mirrored_point():
    codec = SoftArgmax(input_size=(128, 128))
    heatmaps = torch.rand(2, 3, 16, 16).flatten(2).softmax(-1).view(2, 3, 16, 16)
    points, _ = codec.batch_decode(heatmaps)
    mirrored, _ = codec.batch_decode(heatmaps.flip(-1))
    np.testing.assert_allclose(
        np.stack(mirrored)[..., 0], 127 - np.stack(points)[..., 0], atol=1e-4
    )


@pytest.mark.parametrize('mirror, about', [('image', 127), ('box', 128)])
def test_mirrored_about(mirror, about):
    codec = SoftArgmax(input_size=(128, 128), mirror=mirror)
    heatmap = torch.rand(1, 3, 16, 16).flatten(2).softmax(-1).view(1, 3, 16, 16)
    (points,), _ = codec.batch_decode(heatmap)
    (mirrored,), _ = codec.batch_decode(heatmap.flip(-1))
    np.testing.assert_allclose(mirrored[..., 0], about - points[..., 0], atol=1e-4)


def test_round_trip_about_the_box():
    codec = SoftArgmax(input_size=(256, 128), mirror='box')
    points = np.array([[[0.0, 0.0], [256, 128], [128, 64], [31.25, 100.5]]])
    labels = codec.encode(points)['keypoint_labels'][0]
    np.testing.assert_allclose(labels[:3], [[-1, -1], [1, 1], [0, 0]])
    found = codec.decode(peaked(*labels[3].astype(float), 64, 32)[None])[0]
    np.testing.assert_allclose(found[0, 0], points[0, 3], atol=1e-4)


@pytest.mark.parametrize('origin, mirror', [(0, 'image'), (1, 'box')])
def test_what_a_flip_test_is_right_for(origin, mirror):
    """A network that finds what an image shows, wherever it is, trained on
    crops of faces and of mirrored faces; then tested on a crop and on the
    mirrored crop. Where pixels count from 0 it is right about the image;
    where they count from 1 labels and their mirror images are to the right
    and to the left of what the image shows, the network learns the middle,
    and half a pixel to the right makes up for most of it."""
    size, scale = 128, 128 / 200  # a box of 200 pixels
    shown = 40.0  # in the crop
    label = shown + origin * scale
    errors = {}
    for each in ('image', 'box'):
        codec = SoftArgmax(input_size=(size, size), mirror=each)
        straight, mirrored_crop = (
            peaked(*codec.encode(np.array([[[x, 64.0]]]))['keypoint_labels'][0, 0].astype(float))
            for x in (shown, size - 1 - shown)
        )
        mean = (straight + mirrored_crop[:, ::-1]) / 2
        found = codec.decode(mean[None])[0][0, 0, 0]
        errors[each] = abs(found - label)
    assert min(errors, key=errors.get) == mirror
    assert errors['image'] == pytest.approx(0.64 * origin, abs=1e-4)
    assert errors['box'] == pytest.approx(abs(0.5 - 0.64 * origin), abs=1e-4)


def test_labels_of_a_mirrored_face_in_training():
    """MMPose's pipeline mirrors the face and its box: points at x are then at
    W - x."""
    points = np.random.default_rng(0).uniform(40, 160, (1, 68, 2))
    found = []
    for prob in (0.0, 1.0):
        sample = dict(
            img=np.zeros((200, 220, 3), np.uint8),
            img_shape=(200, 220),
            keypoints=points.copy(),
            keypoints_visible=np.ones((1, 68)),
            flip_indices=list(IBUG68.mirror),
            bbox=np.array([[50.0, 60.0, 150.0, 140.0]]),
            bbox_center=np.array([[97.0, 103.0]]),
            bbox_scale=np.array([[150.0, 150.0]]),
        )
        for step in (RandomFlip(prob, 'horizontal'), TopdownAffine(input_size=(128, 128))):
            sample = step(sample)
        found.append(sample['transformed_keypoints'][0])
    straight, mirrored = found
    np.testing.assert_allclose(mirrored[list(IBUG68.mirror), 0], 128 - straight[:, 0], atol=1e-4)


def test_wrong_mirror():
    with pytest.raises(ValueError, match="mirror is 'x', expected 'image' or"):
        SoftArgmax(input_size=(64, 64), mirror='x')


def test_score_is_the_share_near_the_mean():
    codec = SoftArgmax(input_size=(64, 64))
    heatmap = np.zeros((3, 9, 9))  # cells are 0.25 apart
    heatmap[0, 1, 6] = 1
    heatmap[1, 4, 0] = heatmap[1, 4, 8] = 0.5
    heatmap[2, 4, 3] = heatmap[2, 4, 5] = 0.3
    heatmap[2, 0, 4] = heatmap[2, 8, 4] = 0.2
    _, scores = codec.decode(heatmap)
    np.testing.assert_allclose(scores, [[1, 0, 0.6]], atol=1e-6)


def test_uniform_heatmap():
    """Its mean is the centre; its score is low."""
    codec = SoftArgmax(input_size=(256, 256))
    points, scores = codec.decode(np.full((1, 64, 64), 1 / 64**2))
    np.testing.assert_allclose(points, [[[127.5, 127.5]]], atol=1e-3)
    assert scores < 0.1


def test_batch_is_one_by_one():
    codec = SoftArgmax(input_size=(128, 128))
    assert codec.support_batch_decoding  # heads ask for it
    heatmaps = torch.rand(4, 5, 16, 16).flatten(2).softmax(-1).view(4, 5, 16, 16)
    points, scores = codec.batch_decode(heatmaps)
    for i, heatmap in enumerate(heatmaps.numpy()):
        one, score = codec.decode(heatmap)
        assert one.shape == (1, 5, 2) and score.shape == (1, 5)
        np.testing.assert_allclose(points[i], one, atol=1e-4)
        np.testing.assert_allclose(scores[i], score, atol=1e-6)


def test_soft_argmax_is_the_mean():
    heatmap = torch.tensor([[[[0.5, 0, 0], [0, 0, 0.25], [0, 0, 0.25]]]])
    assert soft_argmax(heatmap).tolist() == [[[0.0, pytest.approx(-0.25)]]]


@pytest.mark.parametrize('faces, points', [(0, 3), (1, 1), (2, 1)])
def test_sizes(faces, points):
    codec = SoftArgmax(input_size=(256, 128))
    heatmaps = torch.full((faces, points, 8, 12), 1 / 96)
    at, scores = codec.decode_on_device(heatmaps)
    assert at.shape == (faces, points, 2) and scores.shape == (faces, points)
    assert [len(each) for each in codec.batch_decode(heatmaps)] == [faces] * 2


def test_encode_leaves_its_input_and_checks_it():
    codec = SoftArgmax(input_size=(256, 128))
    keypoints = np.ones((1, 3, 2), np.float32)[:, ::-1]
    keypoints.setflags(write=False)
    assert codec.encode(keypoints)['keypoint_labels'].shape == (1, 3, 2)
    with pytest.raises(ValueError, match=r'got \(3, 2\)'):
        codec.encode(keypoints[0])
