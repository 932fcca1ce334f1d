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
    """MMPose's ``PackPoseInputs`` that keeps what face metrics ask for.

    In the sample's metainfo ``subsets``; in its ``gt_instances`` ``occluded``
    (1, K) bool and ``box_size`` (1, ) in pixels, where the data set gives
    them. Beside the sample ``targets``, where
    :class:`~mmpose_face.datasets.FaceTarget` leaves them to the device.

    Copies are left out. ``inputs`` is a view of the image with its axes
    exchanged: equal to what MMPose packs, but in the memory its channels come
    last.

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
        fields = self._named(results, 'field_mapping_table')
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
        """Of the face as the data set gives it, for metrics."""
        fields = self._named(results, 'instance_mapping_table')
        if self.pack_transformed and 'transformed_keypoints' in results:
            fields['transformed_keypoints'] = results['transformed_keypoints']
        if 'occluded' in results:
            fields['occluded'] = results['occluded']
        if 'box_size' in results:
            fields['box_size'] = np.array([results['box_size']], np.float64)
        return _filled(InstanceData(), fields)

    def _labels(self, results: dict) -> InstanceData:
        """Targets of coordinates; those of several encoders are stacked."""
        fields = {
            name: np.stack(value) if isinstance(value, list) else value
            for name, value in self._named(results, 'label_mapping_table').items()
        }
        return _filled(InstanceData(), fields).to_tensor()

    def _named(self, results: dict, table: str) -> dict[str, Any]:
        """What MMPose's table, or the sample's own, says to pack, by name."""
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
