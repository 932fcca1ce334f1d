# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_face.datasets import scheme_metainfo
from mmpose_face.landmarks import SCHEMES


@pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)
def test_mmpose_reads_the_scheme_back(scheme):
    meta = parse_pose_metainfo(scheme_metainfo('data', scheme))
    assert meta['dataset_name'] == 'data'
    assert meta['num_keypoints'] == scheme.num_points
    assert tuple(meta['keypoint_id2name'].values()) == scheme.points
    assert tuple(meta['flip_indices']) == scheme.mirror
    assert tuple(map(tuple, meta['skeleton_links'])) == scheme.lines
    pairs = {frozenset(pair) for pair in meta['flip_pairs']}
    assert pairs == {frozenset((i, j)) for i, j in enumerate(scheme.mirror) if i != j}
    np.testing.assert_array_equal(meta['dataset_keypoint_weights'], np.ones(scheme.num_points))
