# SPDX-License-Identifier: Apache-2.0
import copy

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import CPMHead, HeatmapHead, RegressionHead
from mmpose.structures import PoseDataSample

from mmpose_face.models import FaceCPMHead, FaceHeatmapHead, FaceRegressionHead

POINTS = 3
LOSS = dict(type='KeypointMSELoss', use_target_weight=True)
WING = dict(type='WingLoss', use_target_weight=True)

# Ours, MMPose's, and their arguments.
HEADS = {
    'heatmaps': (
        FaceHeatmapHead,
        HeatmapHead,
        dict(
            in_channels=4,
            out_channels=POINTS,
            deconv_out_channels=(4,),
            deconv_kernel_sizes=(4,),
            loss=LOSS,
        ),
    ),
    'awing': (
        FaceHeatmapHead,
        HeatmapHead,
        dict(
            in_channels=4,
            out_channels=POINTS,
            deconv_out_channels=None,
            loss=dict(type='AdaptiveWingLoss', use_target_weight=True),
        ),
    ),
    'stages': (
        FaceCPMHead,
        CPMHead,
        dict(in_channels=4, out_channels=POINTS, num_stages=2, deconv_out_channels=None, loss=LOSS),
    ),
    'losses of stages': (
        FaceCPMHead,
        CPMHead,
        dict(
            in_channels=4,
            out_channels=POINTS,
            num_stages=2,
            deconv_out_channels=None,
            loss=[LOSS, dict(LOSS, loss_weight=3.0)],
        ),
    ),
    'coordinates': (
        FaceRegressionHead,
        RegressionHead,
        dict(in_channels=4, num_joints=POINTS, loss=WING),
    ),
}
each_head = pytest.mark.parametrize('name', HEADS)


def heads(name):
    """Ours and MMPose's with the same weights, such that some points are
    found."""
    ours, theirs, settings = HEADS[name]
    torch.manual_seed(0)
    theirs = theirs(**copy.deepcopy(settings))
    for weights in theirs.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    ours = ours(**copy.deepcopy(settings))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def batch(name, number=4):
    """Features and samples, whose targets are near what is found."""
    torch.manual_seed(1)
    side = 1 if name == 'coordinates' else 6
    feats = torch.randn(number, 4, side, side)
    feats = (feats, feats * 2) if 'stages' in name else (feats,)
    ours, _ = heads(name)
    outputs = ours.forward(feats)
    outputs = (outputs[-1] if isinstance(outputs, list) else outputs).detach()
    noise = 0.05 if name == 'coordinates' else outputs.std() / 2
    targets = outputs + torch.randn_like(outputs) * noise
    weights = (torch.rand(number, 1, POINTS) > 0.3).float()
    samples = []
    for target, weight in zip(targets, weights):
        labels = InstanceData(keypoint_weights=weight)
        sample = PoseDataSample(gt_instance_labels=labels)
        if name == 'coordinates':
            labels.keypoint_labels = target[None]
        else:
            sample.gt_fields = PixelData(heatmaps=target)
        samples.append(sample)
    return feats, samples


@each_head
@pytest.mark.parametrize('number', [1, 4])
def test_losses_and_accuracy_are_mmposes(name, number):
    """To the last bit; the gradients too."""
    ours, theirs = heads(name)
    feats, samples = batch(name, number)
    found, expected = (head.loss(feats, samples) for head in (ours, theirs))
    assert found.keys() == expected.keys() == {'loss_kpt', 'acc_pose'}
    for key, value in expected.items():
        assert found[key].item() == value.item(), key
        assert found[key].dtype == value.dtype
    for losses in (found, expected):
        losses['loss_kpt'].backward()
    for a, b in zip(ours.parameters(), theirs.parameters()):
        assert torch.equal(a.grad, b.grad)


@each_head
def test_accuracy_means_something(name):
    """Neither all points are right nor all wrong."""
    accuracies = {
        heads(name)[0].loss(*batch(name, number))['acc_pose'].item() for number in (2, 4, 6)
    }
    assert any(0 < accuracy < 1 for accuracy in accuracies)


@each_head
def test_accuracy_when_it_is_asked_for(name):
    ours, _ = heads(name)
    feats, samples = batch(name)
    assert 'acc_pose' not in ours.loss(feats, samples, dict(compute_acc=False))
    ours.accuracy_is_due = False
    assert ours.loss(feats, samples).keys() == {'loss_kpt'}


@each_head
def test_same_weights_by_name(name):
    ours, theirs = heads(name)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours._version == theirs._version


@each_head
def test_losses_are_computed_in_float32(name):
    """Within MMEngine's AMP too: the network alone is in half precision."""
    ours, _ = heads(name)
    feats, samples = batch(name)
    plain = ours.loss(feats, samples)
    kept = []
    for module in ours.modules():
        if module is not ours and 'Loss' in type(module).__name__:
            module.register_forward_pre_hook(lambda _, args: kept.append(args))
    with torch.autocast('cpu', torch.bfloat16):
        losses = ours.loss(feats, samples)
    assert kept and all(argument.dtype == torch.float32 for args in kept for argument in args)
    assert losses['loss_kpt'].dtype == torch.float32
    assert losses['loss_kpt'].item() != plain['loss_kpt'].item()
    torch.testing.assert_close(losses['loss_kpt'], plain['loss_kpt'], rtol=0.2, atol=0.01)
