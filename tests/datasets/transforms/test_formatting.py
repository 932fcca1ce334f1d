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
    subsets=('pose', 'blur'),
)


def test_keeps_the_subsets_and_all_that_mmpose_keeps():
    ours = PackFaceInputs()(RESULTS)
    theirs = PackPoseInputs()(RESULTS)
    assert (ours['inputs'] == theirs['inputs']).all()
    meta = ours['data_samples'].metainfo
    assert meta.pop('subsets') == ('pose', 'blur')
    assert meta == theirs['data_samples'].metainfo == dict(id=7, img_path='a.jpg')


def test_options_are_those_of_mmpose():
    packed = PackFaceInputs(meta_keys=('id',))(RESULTS)['data_samples']
    assert set(packed.metainfo_keys()) == {'id', 'subsets'}
    with pytest.raises(TypeError):
        PackFaceInputs(typo=1)


def test_occlusion_and_box_size_go_to_the_truth():
    flags = np.array([[True, False, True, False, False]])
    packed = PackFaceInputs()(
        dict(RESULTS, occluded=flags, box_size=362.0, keypoints_visible=np.ones((1, 5)))
    )
    truth = packed['data_samples'].gt_instances
    np.testing.assert_array_equal(truth.occluded, flags)
    assert truth.box_size.tolist() == [362]
    plain = PackFaceInputs()(RESULTS)['data_samples'].gt_instances
    assert 'occluded' not in plain and 'box_size' not in plain


def full_sample():
    rng = np.random.default_rng(0)
    return dict(
        RESULTS,
        img=rng.integers(0, 255, (6, 8, 3), dtype=np.uint8),
        keypoints=rng.random((1, 5, 2)).astype(np.float32),
        keypoints_visible=np.ones((1, 5), np.float32),
        transformed_keypoints=rng.random((1, 5, 2)).astype(np.float32),
        bbox=np.ones((1, 4), np.float32),
        bbox_scale=np.ones((1, 2), np.float32),
        heatmaps=rng.random((5, 4, 4)).astype(np.float32),
        keypoint_weights=np.ones((1, 5), np.float32),
        keypoint_labels=np.ones((1, 5, 2), np.float32),
        flip_indices=[1, 0, 2, 4, 3],
        raw_ann_info=dict(keypoints=[1, 2, 3]),
        input_center=np.zeros(2, np.float32),
    )


@pytest.mark.parametrize(
    'options',
    [dict(), dict(pack_transformed=True), dict(meta_keys=('flip_indices', 'raw_ann_info'))],
)
@pytest.mark.parametrize(
    'view',
    [
        lambda image: image,
        lambda image: image[:, ::-1],
        lambda image: image[1:, 2:],
        lambda image: image[..., 0],
        lambda image: image[..., ::-1],
        lambda image: [image, image],
    ],
)
def test_all_that_mmpose_packs(options, view):
    sample = full_sample()
    sample['img'] = view(sample['img'])
    ours, theirs = PackFaceInputs(**options)(sample), PackPoseInputs(**options)(sample)
    assert ours['inputs'].dtype == theirs['inputs'].dtype
    np.testing.assert_array_equal(ours['inputs'], theirs['inputs'])
    a, b = ours['data_samples'], theirs['data_samples']
    assert set(a.metainfo_keys()) == {*b.metainfo_keys(), 'subsets'}
    for key in b.metainfo_keys():
        np.testing.assert_array_equal(a.metainfo[key], b.metainfo[key])
    for part in 'gt_instances', 'gt_instance_labels', 'gt_fields':
        assert set(getattr(a, part).keys()) == set(getattr(b, part).keys())
        for key in getattr(b, part).keys():
            np.testing.assert_array_equal(getattr(a, part).get(key), getattr(b, part).get(key))


def test_the_pixels_are_not_copied_and_metainfo_is_the_samples_own():
    sample = full_sample()
    packed = PackFaceInputs()(sample)
    assert packed['inputs'].data_ptr() == sample['img'].ctypes.data
    packed['data_samples'].flip_indices.append(9)
    assert sample['flip_indices'] == [1, 0, 2, 4, 3]


def test_an_image_that_is_not_to_be_written_to_is_copied():
    sample = full_sample()
    sample['img'].flags.writeable = False
    PackFaceInputs()(sample)['inputs'].zero_()
    assert sample['img'].any()
