# SPDX-License-Identifier: Apache-2.0
"""Packing of samples for models and metrics."""

import copy

import numpy as np
import torch
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

from ..metainfo import own_copy

# MMPose turns and copies the image that it packs.
_NO_IMAGE = np.empty((1, 1, 1), np.uint8)


@TRANSFORMS.register_module()
class PackFaceInputs(PackPoseInputs):
    """MMPose's ``PackPoseInputs`` that keeps what face metrics ask for.

    In the sample's metainfo ``subsets``; in its ``gt_instances`` ``occluded``
    (1, K) bool and ``box_size`` (1, ) in pixels, where the data set gives
    them. Beside the sample ``targets``, where
    :class:`~mmpose_face.datasets.FaceTarget` leaves them to the device.

    Args:
        fast (bool): Whether to leave out copies. ``inputs`` is then a view of
            the image with its axes exchanged: equal to what MMPose packs, but
            in the memory its channels come last. False: as MMPose packs.
            Defaults to True.
        **kwargs: As ``PackPoseInputs`` takes them.
    """

    def __init__(self, fast: bool = True, **kwargs) -> None:
        super().__init__(**kwargs)
        self.fast = fast
        self.meta_keys = (*self.meta_keys, 'subsets')

    def transform(self, results: dict) -> dict:
        """The image as ``inputs`` and all else as ``data_samples``."""
        image = results.get('img')
        if self.fast and isinstance(image, np.ndarray) and image.ndim == 3:
            packed = self._pack(results, image)
        else:
            packed = super().transform(results)
        truth = packed['data_samples'].gt_instances
        if 'occluded' in results:
            truth.occluded = results['occluded']
        if 'box_size' in results:
            truth.box_size = np.array([results['box_size']], np.float64)
        if 'targets' in results:
            packed['targets'] = results['targets']
        return packed

    def _pack(self, results: dict, image: np.ndarray) -> dict:
        rest = copy.copy(self)
        rest.meta_keys = ()
        packed = super(PackFaceInputs, rest).transform(dict(results, img=_NO_IMAGE))
        for key in self.meta_keys:
            if key in results:
                packed['data_samples'].set_field(own_copy(results[key]), key, field_type='metainfo')
        image = np.require(image, requirements=['C', 'W'])
        packed['inputs'] = torch.from_numpy(image).permute(2, 0, 1)
        return packed
