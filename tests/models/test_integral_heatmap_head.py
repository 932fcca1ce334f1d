# SPDX-License-Identifier: Apache-2.0
"""The head from feature maps to losses and to points with scores."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.models.losses import SmoothL1Loss
from mmpose.structures import PoseDataSample

from mmpose_face.codecs import SoftArgmax, soft_argmax
from mmpose_face.models import IntegralHeatmapHead, SoftArgmaxLoss, STARLoss

CODEC = dict(type='SoftArgmax', input_size=(64, 64))
LOSSES = [
    dict(type='STARLoss'),
    dict(type='STARLoss', mode='mahalanobis'),
    dict(type='SoftArgmaxLoss', loss=dict(type='SmoothL1Loss', use_target_weight=True)),
    dict(type='SoftArgmaxLoss', loss=dict(type='WingLoss', use_target_weight=True)),
]


def head(loss: dict = LOSSES[0], points: int = 4, **options) -> IntegralHeatmapHead:
    torch.manual_seed(0)
    made = IntegralHeatmapHead(
        in_channels=8,
        out_channels=points,
        deconv_out_channels=(16,),
        deconv_kernel_sizes=(4,),
        loss=loss,
        decoder=CODEC,
        **options,
    )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


def samples(labels: torch.Tensor) -> list:
    made = []
    for label in labels:
        sample = PoseDataSample(metainfo=dict(flip_indices=[1, 0, 2, 3], input_size=(64, 64)))
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=label[None], keypoint_weights=torch.ones(1, 4)
        )
        made.append(sample)
    return made


def features(n: int = 3) -> tuple:
    torch.manual_seed(1)
    return (torch.randn(n, 8, 8, 8),)


def test_heatmaps_are_probabilities():
    heatmaps = head()(features())
    assert heatmaps.shape == (3, 4, 16, 16)
    assert (heatmaps >= 0).all()
    torch.testing.assert_close(heatmaps.sum((-2, -1)), torch.ones(3, 4))


def test_probabilities_under_autocast():
    with torch.autocast('cpu', torch.bfloat16):
        heatmaps = head()(features())
    assert heatmaps.dtype == torch.float32
    torch.testing.assert_close(heatmaps.sum((-2, -1)), torch.ones(3, 4))


@pytest.mark.parametrize('loss', LOSSES)
def test_every_face_has_its_own_label(loss):
    torch.manual_seed(2)
    labels = torch.rand(3, 4, 2) * 2 - 1
    made = head(loss)
    value = made.loss(features(), samples(labels))['loss_kpt']
    other = labels.clone()
    other[2] = -other[2]
    assert made.loss(features(), samples(other))['loss_kpt'] != value
    value.backward()
    assert all(p.grad.isfinite().all() for p in made.parameters())


def test_star_loss_gets_the_heatmaps():
    torch.manual_seed(2)
    labels, made = torch.rand(3, 4, 2) * 2 - 1, head()
    found = made.loss(features(), samples(labels))['loss_kpt']
    expected = STARLoss()(made(features()), labels)
    torch.testing.assert_close(found, expected)


def test_soft_argmax_loss_is_mmposes_on_the_means():
    heatmaps, labels = head()(features()), torch.rand(3, 4, 2) * 2 - 1
    weights = torch.tensor([[1.0, 1, 0, 1]] * 3)
    found = SoftArgmaxLoss(LOSSES[2]['loss'])(heatmaps, labels, weights)
    expected = SmoothL1Loss(use_target_weight=True)(soft_argmax(heatmaps), labels, weights)
    torch.testing.assert_close(found, expected)


def test_prediction():
    made = head()
    found = made.predict(features(), samples(torch.zeros(3, 4, 2)))
    points, scores = SoftArgmax((64, 64)).batch_decode(made(features()))
    for prediction, point, score in zip(found, points, scores):
        np.testing.assert_array_equal(prediction.keypoints, point)
        np.testing.assert_array_equal(prediction.keypoint_scores, score)
    assert np.ptp(scores) > 0


def test_flip_test_is_the_mean_of_both():
    """Of the face, and of its mirror image mirrored back."""
    made, data = head(), samples(torch.zeros(3, 4, 2))
    feats, other = features(), (features()[0].flip(0),)
    found = made.predict([feats, other], data, dict(flip_test=True, flip_mode='heatmap'))
    codec = SoftArgmax((64, 64))
    straight = np.stack(codec.batch_decode(made(feats))[0])
    mirrored = np.stack(codec.batch_decode(made(other))[0])[:, :, [1, 0, 2, 3]]
    mirrored[..., 0] = 63 - mirrored[..., 0]
    np.testing.assert_allclose(
        np.stack([p.keypoints for p in found]), (straight + mirrored) / 2, atol=1e-4
    )
