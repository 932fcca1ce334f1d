# SPDX-License-Identifier: Apache-2.0
"""Pixels in a graph against the preprocessor of a test."""

import numpy as np
import pytest
import torch
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.structures import PoseDataSample

from mmpose_face.models import FacePreprocessor
from mmpose_face.models.exported import Normalized

MEAN = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
CROPS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 50, 70, 3), np.uint8))


@pytest.mark.parametrize('make', [FacePreprocessor, PoseDataPreprocessor])
@pytest.mark.parametrize(
    'options',
    [
        dict(**MEAN, bgr_to_rgb=True),
        MEAN,
        dict(mean=[127.5], std=[64.0]),
        dict(bgr_to_rgb=True),
        dict(**MEAN, pad_size_divisor=32, pad_value=7),
    ],
)
def test_pixels_are_those_of_the_preprocessor(make, options):
    preprocessor = make(**options)
    images = list(CROPS.permute(0, 3, 1, 2))
    samples = [PoseDataSample() for _ in images]
    batch = preprocessor(dict(inputs=images, data_samples=samples))
    expected = batch['inputs']
    if isinstance(expected, list):  # as it is where nothing is asked for
        expected = torch.stack(expected)
    found = Normalized(preprocessor)(CROPS)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
