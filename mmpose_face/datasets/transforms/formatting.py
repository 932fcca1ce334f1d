# SPDX-License-Identifier: Apache-2.0
"""What a sample takes along to the model and the metrics."""
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackFaceInputs(PackPoseInputs):
    """MMPose's ``PackPoseInputs`` that keeps the ``subsets`` of a face."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.meta_keys = (*self.meta_keys, 'subsets')
