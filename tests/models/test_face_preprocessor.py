# SPDX-License-Identifier: Apache-2.0
import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from mmpose.datasets.transforms import GenerateTarget
from mmpose.models.data_preprocessors import PoseDataPreprocessor

from mmpose_face.datasets import FaceTarget, PackFaceInputs, face_collate
from mmpose_face.models import FacePreprocessor
from mmpose_face.models.data_preprocessors.face_preprocessor import is_on
from mmpose_face.models.targets import heatmaps_of, labels_of

SETTINGS = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
HEATMAPS = dict(type='FaceMSRAHeatmap', input_size=(32, 48), heatmap_size=(8, 12), sigma=1)
COORDINATES = dict(type='FaceRegressionLabel', input_size=(32, 48))


def face(number, codec=HEATMAPS, target=FaceTarget, size=(48, 32), points=4):
    """A sample of a training pipeline."""
    rng = np.random.default_rng(number)
    crop = (rng.random((1, points, 2)) * 32).astype(np.float32)
    results = dict(
        img=rng.integers(0, 256, (*size, 3), np.uint8),
        img_path=f'{number}.png',
        transformed_keypoints=crop,
        keypoints=crop,
        keypoints_visible=(rng.random((1, points)) > 0.3).astype(np.float32),
    )
    if codec:
        results = target(copy.deepcopy(codec))(results)
    return PackFaceInputs()(results)


def batch_of(number, collate=face_collate, **options):
    return collate([face(i, **options) for i in range(number)])


def check_same(ours, theirs):
    """The network's batch, with what samples tell of it."""
    assert ours.keys() == theirs.keys() == {'inputs', 'data_samples'}
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert len(ours['data_samples']) == len(theirs['data_samples'])
    for a, b in zip(ours['data_samples'], theirs['data_samples']):
        assert a.metainfo == b.metainfo
        assert a.img_path == b.img_path
        for key in b.gt_instances.keys():
            np.testing.assert_array_equal(a.gt_instances[key], b.gt_instances[key])


@pytest.mark.parametrize(
    'settings',
    [
        SETTINGS,
        dict(SETTINGS, bgr_to_rgb=False),
        dict(SETTINGS, mean=[3.0], std=[2.0]),
        dict(SETTINGS, pad_size_divisor=20, pad_value=7),
        dict(rgb_to_bgr=True),
        dict(),
    ],
)
@pytest.mark.parametrize('number', [1, 3])
def test_images_are_mmposes(settings, number):
    """To the last bit."""
    theirs = PoseDataPreprocessor(**settings)(batch_of(number, pseudo_collate, codec=None))
    for collate in (face_collate, pseudo_collate):
        ours = FacePreprocessor(**settings)(batch_of(number, collate, codec=None))
        check_same(ours, theirs)


def test_images_of_several_sizes():
    """Padded, as MMPose does."""
    faces = [face(0, codec=None), face(1, codec=None, size=(40, 36))]
    theirs = PoseDataPreprocessor(**SETTINGS)(pseudo_collate(faces))
    check_same(FacePreprocessor(**SETTINGS)(face_collate(faces)), theirs)


@pytest.mark.parametrize('gpu', [True, False])
def test_channels_last(gpu, monkeypatch):
    """Where the device is a GPU."""
    devices = ('cpu',) if gpu else ('cuda',)
    monkeypatch.setattr('mmpose_face.models.memory_format._CHANNELS_LAST_DEVICES', devices)
    plain, last = (
        FacePreprocessor(**SETTINGS, channels_last=last)(batch_of(2))['inputs']
        for last in (False, True)
    )
    assert plain.is_contiguous()
    assert last.is_contiguous(memory_format=torch.channels_last) == gpu
    assert torch.equal(plain, last)


def test_given_batch_stays():
    batch = batch_of(3)
    before = pickle.dumps(batch)
    FacePreprocessor(**SETTINGS)(batch, training=True)
    floats = dict(batch, inputs=batch['inputs'].float())
    FacePreprocessor(**SETTINGS)(floats)
    assert torch.equal(floats['inputs'], batch['inputs'].float())
    assert pickle.dumps(batch) == before


def targets_of(batch, codec, preprocessor=FacePreprocessor):
    """As heads take them."""
    made = preprocessor(**SETTINGS)(batch, training=True)
    of = heatmaps_of if codec is HEATMAPS else labels_of
    return of(made['data_samples'])


@pytest.mark.parametrize('codec', [HEATMAPS, COORDINATES])
@pytest.mark.parametrize('number,points', [(1, 1), (3, 4)])
@pytest.mark.parametrize('collate', [face_collate, pseudo_collate])
def test_targets_are_those_of_the_worker(codec, number, points, collate):
    """On maps that are not square, for one face and one point too."""
    options = dict(codec=codec, points=points)
    batch = batch_of(number, pseudo_collate, target=GenerateTarget, **options)
    expected = targets_of(batch, codec, PoseDataPreprocessor)
    found = targets_of(batch_of(number, collate, **options), codec)
    assert found[0].shape[:2] == found[1].shape == (number, points)
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


def test_targets_of_mmposes_pipeline():
    """Samples that hold tensors already."""
    batch = batch_of(3, target=GenerateTarget)
    found = targets_of(batch, HEATMAPS)
    samples = batch['data_samples']
    expected = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    assert torch.equal(found[0], expected)


def test_visibility_is_on_the_device():
    batch = batch_of(3)
    made = FacePreprocessor(**SETTINGS)(batch)['data_samples']
    visible = torch.cat([s.gt_instance_labels.keypoints_visible for s in made])
    assert torch.equal(visible, batch['targets']['keypoints_visible'])


def test_weights_of_the_data_set():
    batch = batch_of(2)
    batch['targets']['keypoint_weights'] = torch.tensor([[0.0, 0.5, 1.0, 2.0]] * 2)
    plain = targets_of(batch_of(2), HEATMAPS)[1]
    weighted = targets_of(batch, HEATMAPS)[1]
    assert torch.equal(weighted, plain * torch.tensor([0.0, 0.5, 1.0, 2.0]))


def test_codecs_that_differ():
    """One batch of two data sets, each with its own codec."""
    faces = [face(0), face(1, codec=dict(HEATMAPS, sigma=2.0)), face(2)]
    found = targets_of(face_collate(faces), HEATMAPS)[0]
    for i, single in enumerate(faces):
        alone = targets_of(face_collate([single]), HEATMAPS)[0]
        torch.testing.assert_close(found[i : i + 1], alone)


@pytest.mark.parametrize(
    'device,expected',
    [
        ('cuda', True),
        ('cuda:1', True),
        ('cuda:0', False),
        ('cpu', False),
    ],
)
def test_device_without_a_number(device, expected):
    """Samples that are there are not copied again, one by one."""
    tensor = SimpleNamespace(device=torch.device('cuda:1'))
    assert is_on(tensor, torch.device(device)) is expected


def test_labels_of_another_step_stay():
    faces = [face(i) for i in range(2)]
    for i, each in enumerate(faces):
        each['data_samples'].gt_instance_labels = InstanceData(more=torch.full((1, 4), float(i)))
    made = FacePreprocessor(**SETTINGS)(face_collate(faces))['data_samples']
    assert [s.gt_instance_labels.more[0, 0].item() for s in made] == [0, 1]


def test_images_of_another_number_of_channels():
    batch = dict(inputs=torch.zeros(2, 4, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r'3 channels.*\(2, 4, 8, 8\)'):
        FacePreprocessor(**SETTINGS)(batch)


def test_without_samples():
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    made = FacePreprocessor(**SETTINGS)(dict(inputs=images))
    assert made['data_samples'] is None and made['inputs'].shape == (2, 3, 8, 8)
