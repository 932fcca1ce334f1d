# SPDX-License-Identifier: Apache-2.0
"""Packing of samples for models and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.datasets.transforms.formatting import image_to_tensor
from mmpose.registry import TRANSFORMS
from mmpose.structures import MultilevelPixelData, PoseDataSample
from torch import Tensor

from ..metainfo import own_copy


@TRANSFORMS.register_module()
class PackFaceInputs(PackPoseInputs):
    """MMPose's ``PackPoseInputs``, with the fields that face metrics need.

    If the data set has them, it packs ``subsets`` into the sample's metainfo,
    and ``occluded`` (1, K) bool and ``box_size`` (1, ) in pixels into its
    ``gt_instances``. The ``targets`` of
    :class:`~mmpose_face.datasets.FaceTarget` are packed beside the sample.

    Nothing is copied without need. ``inputs`` is a view of the image with
    permuted axes: equal to MMPose's, but its channels come last in memory.

    Args:
        *args, **kwargs: As ``PackPoseInputs`` takes them.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.meta_keys: tuple[str, ...] = (*self.meta_keys, 'subsets')

    def transform(self, results: dict) -> dict:
        """The image as ``inputs`` and all else as ``data_samples``."""
        sample = PoseDataSample()
        sample.gt_instances = self._instances(results)
        sample.gt_instance_labels = self._labels(results)
        fields = self._renamed(results, 'field_mapping_table')
        if fields:
            several = any(isinstance(each, list) for each in fields.values())
            kind = MultilevelPixelData if several else PixelData
            sample.gt_fields = _filled(kind(), fields).to_tensor()
        for key in self.meta_keys:
            if key in results:
                sample.set_field(own_copy(results[key]), key, field_type='metainfo')
        packed = dict(inputs=_channels_first(results['img']), data_samples=sample)
        if 'targets' in results:
            packed['targets'] = results['targets']
        return packed

    def _instances(self, results: dict) -> InstanceData:
        """The true face in the image, for metrics."""
        fields = self._renamed(results, 'instance_mapping_table')
        if self.pack_transformed and 'transformed_keypoints' in results:
            fields['transformed_keypoints'] = results['transformed_keypoints']
        if 'occluded' in results:
            fields['occluded'] = results['occluded']
        if 'box_size' in results:
            fields['box_size'] = np.array([results['box_size']], np.float64)
        return _filled(InstanceData(), fields)

    def _labels(self, results: dict) -> InstanceData:
        """Targets of regression; those of several encoders are stacked."""
        fields = {
            name: np.stack(value) if isinstance(value, list) else value
            for name, value in self._renamed(results, 'label_mapping_table').items()
        }
        return _filled(InstanceData(), fields).to_tensor()

    def _renamed(self, results: dict, table: str) -> dict[str, Any]:
        """The values in the sample's own table, or else MMPose's, by packed name."""
        names: Mapping[str, str] = results.get(table, getattr(self, table))
        return {name: results[key] for key, name in names.items() if key in results}


def _filled(data: BaseDataElement, fields: dict[str, Any]) -> BaseDataElement:
    for name, value in fields.items():
        data.set_field(value, name)
    return data


def _channels_first(image: np.ndarray | Sequence[np.ndarray]) -> Tensor:
    """An image (H, W, 3) as a view (3, H, W); others as MMPose has them."""
    if not (isinstance(image, np.ndarray) and image.ndim == 3):
        return image_to_tensor(image)
    image = np.require(image, requirements=['C', 'W'])
    return torch.from_numpy(image).permute(2, 0, 1)
