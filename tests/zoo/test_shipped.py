# SPDX-License-Identifier: Apache-2.0
"""The small model that needs no download."""

import numpy as np
import pytest
import torch

from mmpose_face import FaceLandmarker
from mmpose_face.evaluation.functional import inter_ocular, nme, normalized_errors
from mmpose_face.images.boxes import landmark_bounds
from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis import render_face
from mmpose_face.zoo import get_model
from mmpose_face.zoo.shipped import shipped_models

pytestmark = pytest.mark.usefixtures('offline')

(MODEL,) = shipped_models()


def test_it_is_small_and_made_of_numbers_alone():
    """At most 4 MB; torch reads it without executing anything."""
    assert MODEL.alias == 'synthetic-res18-w48-dark'
    assert MODEL.weights.stat().st_size < 4e6
    saved = torch.load(MODEL.weights, weights_only=True)
    assert set(saved) == {'meta', 'state_dict'}


def test_by_either_name_and_without_weights():
    first = get_model(MODEL.alias)
    second = get_model(MODEL.name)
    bare = get_model(MODEL.alias, pretrained=False)
    name = 'backbone.conv1.weight'
    values = [each.state_dict()[name] for each in (first, second, bare)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])


def test_it_finds_synthetic_faces():
    """Faces of another seed than those of its training; NME of 500 of them
    is 3.4 per cent, here there are attributes of all kinds."""
    faces = [render_face(11, i, 192) for i in range(20)]
    found = FaceLandmarker(MODEL.alias)(
        [face.image for face in faces],
        [landmark_bounds(face.keypoints)[None] for face in faces],
        'bgr',
    )
    points = np.stack([each[0].keypoints for each in found])
    truth = np.stack([face.keypoints for face in faces])
    errors = normalized_errors(points, truth, inter_ocular(truth, WFLW98))
    assert nme(errors) < 0.06
    # Where it is sure, it is right.
    scores = np.stack([each[0].scores for each in found])
    sure = scores > np.median(scores)
    assert errors[sure].mean() < 0.7 * errors[~sure].mean()


def test_it_is_the_default():
    assert FaceLandmarker().scheme is WFLW98
