# SPDX-License-Identifier: Apache-2.0
"""MMPose's ``inference_topdown`` on a model of ours: all faces of an image are
one batch, as in a test."""

import cv2
import numpy as np
import pytest
import torch
from conftest import NARROW, RES18_300W
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from peaked_heatmaps import give_peaks

from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.engine.fast_path import with_fast_path

RNG = np.random.default_rng(0)
IMAGE = cv2.GaussianBlur(RNG.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 2)


def boxes(number):
    corners = RNG.uniform(0, 120, (number, 2))
    sizes = RNG.uniform(40, 120, (number, 1)).repeat(2, 1)
    return np.concatenate([corners, corners + sizes], 1)


def model_of(fast=True):
    """A narrow network, the same for both."""
    cfg = Config.fromfile(RES18_300W)
    cfg.merge_from_dict(dict(NARROW, fast=fast))
    torch.manual_seed(0)
    model = init_model(with_fast_path(cfg), None, 'cpu')
    give_peaks(model.head)
    return model


@pytest.mark.parametrize('number', [1, 3, 20])
@pytest.mark.parametrize('given', ['array', 'path'])
def test_points_are_mmposes(number, given, tmp_path):
    image = IMAGE
    if given == 'path':
        image = str(tmp_path / 'image.png')
        cv2.imwrite(image, IMAGE)
    faces = boxes(number)
    found, expected = (inference_topdown(model_of(fast), image, faces) for fast in (True, False))
    assert len(found) == len(expected) == number
    points = []
    for a, b in zip(found, expected):
        for key in ('keypoints', 'keypoint_scores', 'bboxes'):
            np.testing.assert_allclose(
                a.pred_instances[key], b.pred_instances[key], rtol=1e-4, atol=1e-2
            )
        points.append(a.pred_instances.keypoints)
    assert np.ptp(points, axis=(0, 1, 2)).min() > 20


def test_one_batch(monkeypatch):
    calls = []

    def count(name, shape):
        calls.append((name, *shape))

    model = model_of()
    model.data_preprocessor.register_forward_hook(
        lambda _, args, output: count('made', output['inputs'].shape)
    )
    model.backbone.register_forward_pre_hook(lambda _, args: count('forward', args[0].shape))
    decode = FaceMSRAHeatmap.batch_decode

    def decoded(codec, heatmaps):
        count('decoded', heatmaps.shape)
        return decode(codec, heatmaps)

    monkeypatch.setattr(FaceMSRAHeatmap, 'batch_decode', decoded)
    inference_topdown(model, IMAGE, boxes(4))
    # The flip test's mirror images are a batch of their own on the CPU.
    assert calls == [
        ('made', 4, 3, 128, 128),
        *[('forward', 4, 3, 128, 128)] * 2,
        ('decoded', 4, 68, 32, 32),
    ]


def test_whole_image_without_boxes():
    (result,) = inference_topdown(model_of(), IMAGE)
    assert result.pred_instances.keypoints.shape == (1, 68, 2)
