# SPDX-License-Identifier: Apache-2.0
"""What a sample takes along to the model and the metrics."""
import numpy as np
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackFaceInputs(PackPoseInputs):
    """MMPose's ``PackPoseInputs`` that keeps what face metrics ask for.

    In the sample's metainfo ``subsets``; in its ``gt_instances`` ``occluded``
    (1, K) bool and ``box_size`` (1, ) in pixels, where the data set gives
    them.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.meta_keys = (*self.meta_keys, 'subsets')

    def transform(self, results: dict) -> dict:
        packed = super().transform(results)
        truth = packed['data_samples'].gt_instances
        if 'occluded' in results:
            truth.occluded = results['occluded']
        if 'box_size' in results:
            truth.box_size = np.array([results['box_size']], np.float64)
        return packed
