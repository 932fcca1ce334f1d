# SPDX-License-Identifier: Apache-2.0
import copy
import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch.utils.data import DataLoader

from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.datasets import face_collate
from mmpose_face.datasets.collating import stacked_targets

CODEC = FaceMSRAHeatmap(input_size=(32, 48), heatmap_size=(8, 12), sigma=1.0)


def sample(number=0, size=(48, 32), codec=CODEC, points=3):
    """One face of a loader, as the pipeline gives it."""
    rng = np.random.default_rng(number)
    truth = PoseDataSample(gt_instances=InstanceData(bboxes=np.ones((1, 4))))
    image = rng.integers(0, 256, (3, *size), np.uint8)
    return dict(
        inputs=torch.from_numpy(image),
        data_samples=truth,
        targets=dict(
            encoder=codec,
            keypoints=rng.random((1, points, 2), np.float32),
            keypoints_visible=np.ones((1, points), np.float32),
        ),
    )


@pytest.mark.parametrize('number', [1, 5])
def test_few_tensors(number):
    faces = [sample(i) for i in range(number)]
    batch = face_collate(faces)
    assert batch.keys() == {'inputs', 'data_samples', 'targets'}
    assert batch['inputs'].dtype == torch.uint8
    assert batch['data_samples'] == [face['data_samples'] for face in faces]
    targets = batch['targets']
    assert targets['encoder'] is CODEC
    assert targets['keypoints'].shape == (number, 3, 2)
    assert targets['keypoints_visible'].shape == (number, 3)
    for i, face in enumerate(faces):
        assert torch.equal(batch['inputs'][i], face['inputs'])
        np.testing.assert_array_equal(targets['keypoints'][i : i + 1], face['targets']['keypoints'])


def same(a, b):
    return pickle.dumps(a) == pickle.dumps(b)


@pytest.mark.parametrize(
    'samples',
    [
        [(1, 'a'), (2, 'b')],
        [dict(inputs='a'), dict(inputs='b')],
        [dict(other=1), dict(other=2)],
    ],
)
def test_other_samples_are_left_to_mmengine(samples):
    assert same(face_collate(samples), pseudo_collate(samples))


@pytest.mark.parametrize('workers', [0, 1])
def test_channels_that_come_last_stay_there(workers):
    """As our packing leaves them: each image is one piece of memory."""
    faces = [sample(i) for i in range(2)]
    for face in faces:
        image = face['inputs'].permute(1, 2, 0).contiguous()
        face['inputs'] = image.permute(2, 0, 1)
    loader = DataLoader(faces, batch_size=2, num_workers=workers, collate_fn=face_collate)
    (batch,) = loader
    assert batch['inputs'].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch['inputs'], torch.stack([face['inputs'] for face in faces]))


def test_images_of_several_sizes_are_a_list():
    faces = [sample(0), sample(1, size=(40, 32))]
    batch = face_collate(faces)
    assert [image.shape[1] for image in batch['inputs']] == [48, 40]
    assert batch['targets']['keypoints'].shape == (2, 3, 2)


def test_joined_data_sets_with_equal_codecs():
    """Each data set has built its own."""
    faces = [sample(0), sample(1, codec=copy.deepcopy(CODEC))]
    assert face_collate(faces)['targets']['encoder'] is CODEC


@pytest.mark.parametrize(
    'other',
    [
        dict(codec=FaceMSRAHeatmap((32, 48), (8, 12), sigma=2.0)),
        dict(points=4),
    ],
)
def test_targets_that_cannot_be_encoded_together(other):
    targets = face_collate([sample(0), sample(1, **other)])['targets']
    assert len(targets['encoder']) == len(targets['keypoints']) == 2
    assert stacked_targets(targets) is targets


def test_what_is_stacked_stays():
    targets = face_collate([sample(0), sample(1)])['targets']
    assert stacked_targets(targets) is targets


def test_from_workers():
    """With an odd last batch."""
    faces = [sample(i) for i in range(5)]
    loader = DataLoader(faces, batch_size=2, num_workers=1, collate_fn=face_collate)
    batches = list(loader)
    assert [len(batch['inputs']) for batch in batches] == [2, 2, 1]
    found = torch.cat([batch['inputs'] for batch in batches])
    assert torch.equal(found, torch.stack([face['inputs'] for face in faces]))
    assert same(batches[0]['targets']['encoder'], CODEC)
