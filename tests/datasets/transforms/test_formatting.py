# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from mmpose.datasets.transforms import PackPoseInputs

from mmpose_face.datasets import PackFaceInputs

RESULTS = dict(
    img=np.zeros((4, 6, 3), np.uint8),
    id=7,
    img_path='a.jpg',
    keypoints=np.zeros((1, 5, 2)),
    subsets=('pose', 'blur'))


def test_keeps_the_subsets_and_all_that_mmpose_keeps():
    ours = PackFaceInputs()(RESULTS)
    theirs = PackPoseInputs()(RESULTS)
    assert (ours['inputs'] == theirs['inputs']).all()
    meta = ours['data_samples'].metainfo
    assert meta.pop('subsets') == ('pose', 'blur')
    assert meta == theirs['data_samples'].metainfo == dict(
        id=7, img_path='a.jpg')


def test_options_are_those_of_mmpose():
    packed = PackFaceInputs(meta_keys=('id', ))(RESULTS)['data_samples']
    assert set(packed.metainfo_keys()) == {'id', 'subsets'}
    with pytest.raises(TypeError):
        PackFaceInputs(typo=1)


def test_occlusion_and_box_size_go_to_the_truth():
    flags = np.array([[True, False, True, False, False]])
    packed = PackFaceInputs()(
        dict(
            RESULTS,
            occluded=flags,
            box_size=362.0,
            keypoints_visible=np.ones((1, 5))))
    truth = packed['data_samples'].gt_instances
    np.testing.assert_array_equal(truth.occluded, flags)
    assert truth.box_size.tolist() == [362]
    plain = PackFaceInputs()(RESULTS)['data_samples'].gt_instances
    assert 'occluded' not in plain and 'box_size' not in plain
