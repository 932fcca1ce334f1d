# SPDX-License-Identifier: Apache-2.0
import copy

import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import GenerateTarget
from mmpose.structures import PoseDataSample

from mmpose_face.datasets import FaceTarget, PackFaceInputs

HEATMAPS = dict(type='FaceMSRAHeatmap', input_size=(32, 48), heatmap_size=(8, 12), sigma=1)
COORDINATES = dict(type='FaceRegressionLabel', input_size=(32, 48))


def results(points=5, **more):
    """What the crop leaves in a pipeline."""
    rng = np.random.default_rng(0)
    crop = (rng.random((1, points, 2)) * 60 - 10).astype(np.float32)
    return dict(
        img=np.zeros((48, 32, 3), np.uint8),
        transformed_keypoints=crop,
        keypoints=crop * 3,
        keypoints_visible=(rng.random((1, points)) > 0.3).astype(np.float32),
        **more,
    )


def encoded(codec, **options):
    """By MMPose, and on the device by ours, as arrays."""
    content = results(**options.pop('more', {}))
    theirs = GenerateTarget(copy.deepcopy(codec), **options)(copy.deepcopy(content))
    targets = FaceTarget(codec, **options)(content)['targets']
    found = targets['encoder'].batch_encode(
        torch.from_numpy(targets['keypoints']), torch.from_numpy(targets['keypoints_visible'])
    )
    return theirs, found, targets


def test_heatmaps_of_the_device():
    theirs, ours, _ = encoded(HEATMAPS)
    np.testing.assert_allclose(ours['heatmaps'][0], theirs['heatmaps'], atol=1e-6)
    np.testing.assert_array_equal(ours['keypoint_weights'], theirs['keypoint_weights'])


def test_coordinates_of_the_device():
    theirs, ours, _ = encoded(COORDINATES)
    for key in ('keypoint_labels', 'keypoint_weights'):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-6)


def test_weights_of_the_data_set():
    weights = np.linspace(0, 1, 5, dtype=np.float32)
    theirs, ours, targets = encoded(
        COORDINATES, use_dataset_keypoint_weights=True, more=dict(dataset_keypoint_weights=weights)
    )
    assert targets['keypoint_weights'].shape == (1, 5)
    np.testing.assert_array_equal(
        ours['keypoint_weights'] * targets['keypoint_weights'], theirs['keypoint_weights']
    )


def test_nothing_is_drawn_in_the_worker():
    packed = PackFaceInputs()(FaceTarget(HEATMAPS)(results()))
    sample: PoseDataSample = packed['data_samples']
    assert 'gt_fields' not in sample
    assert sample.gt_instance_labels.keys() == []
    assert packed['targets'].keys() == {'encoder', 'keypoints', 'keypoints_visible'}


def test_visibility_with_weights():
    """MMPose has it as (1, K, 2) where a data set weights its points."""
    content = results()
    plain = content['keypoints_visible']
    content['keypoints_visible'] = np.stack([plain, plain / 2], -1)
    made = FaceTarget(HEATMAPS)(content)
    np.testing.assert_array_equal(made['targets']['keypoints_visible'], plain)
    np.testing.assert_array_equal(made['keypoints_visible'], plain)
    np.testing.assert_array_equal(made['keypoints_visible_weights'], plain / 2)
    sample = PackFaceInputs()(made)['data_samples']
    assert sample.gt_instance_labels.keys() == []  # as with GenerateTarget


def test_points_of_the_image_without_a_crop():
    content = results()
    del content['transformed_keypoints']
    made = FaceTarget(HEATMAPS)(content)
    np.testing.assert_array_equal(made['targets']['keypoints'], made['keypoints'])


def test_no_points():
    with pytest.raises(ValueError, match='transformed_keypoints or keypoints'):
        FaceTarget(HEATMAPS)(dict(img=1, keypoints_visible=1))


@pytest.mark.parametrize(
    'codec,options',
    [
        (dict(HEATMAPS, type='MSRAHeatmap'), {}),
        ([HEATMAPS, dict(HEATMAPS, sigma=2.0)], dict(multilevel=True)),
    ],
)
def test_as_mmpose_in_the_worker(codec, options):
    """Where the codec knows no batches."""
    ours = FaceTarget(copy.deepcopy(codec), **options)(results())
    theirs = GenerateTarget(copy.deepcopy(codec), **options)(results())
    assert ours.keys() == theirs.keys() and 'targets' not in ours
    for key in ('heatmaps', 'keypoint_weights'):
        np.testing.assert_array_equal(ours[key], theirs[key])
