# SPDX-License-Identifier: Apache-2.0
"""The files that MMPose users have give the samples of MMPose's classes."""

import numpy as np
import pytest
from conftest import assert_same_samples
from mmpose.datasets.datasets import (
    AFLWDataset,
    CocoWholeBodyFaceDataset,
    COFWDataset,
    Face300WDataset,
    WFLWDataset,
)
from mmpose.datasets.transforms import GetBBoxCenterScale, LoadImage, TopdownAffine

from mmpose_face.datasets import (
    Face300W,
    FaceAFLW,
    FaceCocoWholeBody,
    FaceCOFW,
    FaceWFLW,
    LoadFaceImage,
)

SAMPLES = {
    '300w': (Face300W, Face300WDataset, '300w/test_300w.json', '300w/', 2),
    'wflw': (FaceWFLW, WFLWDataset, 'wflw/test_wflw.json', 'wflw/', 4),
    'cofw': (FaceCOFW, COFWDataset, 'cofw/test_cofw.json', 'cofw/', 2),
    'aflw': (FaceAFLW, AFLWDataset, 'aflw/test_aflw.json', 'aflw/', 2),
    'coco': (
        FaceCocoWholeBody,
        CocoWholeBodyFaceDataset,
        'coco/test_coco_wholebody.json',
        'coco/',
        4,
    ),
}


@pytest.fixture(params=SAMPLES)
def pair(request, face_data):
    """Our data set and MMPose's, of the same files, in both modes."""
    ours, theirs, ann_file, images, number = SAMPLES[request.param]

    def build(test_mode):
        kwargs = dict(
            data_root=str(face_data / 'mmpose_samples'),
            ann_file=ann_file,
            data_prefix=dict(img=images),
            test_mode=test_mode,
        )
        steps = [GetBBoxCenterScale(), TopdownAffine(input_size=(256, 256))]
        ours_, theirs_ = (
            ours(pipeline=[LoadFaceImage(), *steps], **kwargs),
            theirs(pipeline=[LoadImage(), *steps], **kwargs),
        )
        assert len(ours_) == number
        return ours_, theirs_

    return build


@pytest.mark.parametrize('test_mode', [False, True])
def test_samples(pair, test_mode):
    assert_same_samples(*pair(test_mode))


def test_crops_to_the_pixel(pair):
    ours, theirs = pair(True)
    for i in range(len(ours)):
        a, b = ours[i], theirs[i]
        assert a['img'].shape == (256, 256, 3) and a['img'].std() > 10
        np.testing.assert_array_equal(a['img'], b['img'])
        np.testing.assert_array_equal(a['transformed_keypoints'], b['transformed_keypoints'])


def test_names_and_mirror(pair):
    ours, theirs = pair(True)
    a, b = ours.metainfo, theirs.metainfo
    assert a['dataset_name'] == b['dataset_name']
    assert a['num_keypoints'] == b['num_keypoints']
    assert a['flip_indices'] == b['flip_indices']
