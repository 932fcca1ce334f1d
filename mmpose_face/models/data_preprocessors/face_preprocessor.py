# SPDX-License-Identifier: Apache-2.0
"""Batches copied to the device, normalised and given their targets there."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.typing import OptSampleList, SampleList
from torch import Tensor

from ...datasets.collating import same_shape, stacked_images, stacked_targets
from ..memory_format import memory_format
from ..targets import copied, with_targets


@MODELS.register_module()
class FacePreprocessor(PoseDataPreprocessor):
    """MMPose's ``PoseDataPreprocessor`` for whole batches.

    Images are copied to the device as one tensor of bytes, without a wait if
    they are pinned, and normalised there together; MMPose does both image by
    image. Points packed by :class:`~mmpose_face.datasets.FaceTarget` are
    encoded on the device, by the codec packed with them, and stored where
    heads read them.

    It takes batches that ``face_collate`` or ``pseudo_collate`` makes, of any
    pipeline of MMPose; images of several sizes are left to MMPose's class.

    Args:
        *args: Those of ``PoseDataPreprocessor``.
        channels_last (bool): Whether the channels of a pixel lie side by side
            in memory, on GPUs; no effect on CPUs, where gradients can be wrong
            with it. Defaults to False.
        **kwargs: Those of ``PoseDataPreprocessor``.
    """

    def __init__(self, *args, channels_last: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.channels_last = channels_last

    def forward(self, data: dict, training: bool = False) -> dict:
        """From the loader's batch to the network's.

        Args:
            data (dict): ``inputs``, bytes (B, C, H, W) or a list of
                (C, H, W); ``data_samples``; and ``targets`` or not, see
                :func:`~mmpose_face.datasets.collating.face_collate`.
            training (bool): Whether to apply ``batch_augments``.

        Returns:
            dict: ``inputs``, float32 (B, C, H, W), and ``data_samples``,
            copies of those given, with targets on the device.

        Raises:
            ValueError: If the mean has three channels and images have not.
        """
        data = dict(data)
        targets = data.pop('targets', None)
        images, samples = data['inputs'], data.get('data_samples')
        if targets is not None:
            samples = self._with_targets(stacked_targets(targets), samples)
        if same_shape(images):
            images = stacked_images(images)
        if not isinstance(images, Tensor):
            data.update(inputs=images, data_samples=samples)
            return super().forward(data, training)
        inputs = self._padded(self._normalised(images))
        samples = self._with_image_size(samples, inputs)
        if training and self.batch_augments is not None:
            for augment in self.batch_augments:
                inputs, samples = augment(inputs, samples)
        return dict(inputs=inputs, data_samples=samples)

    def _with_targets(self, targets: dict[str, Any], samples: SampleList) -> SampleList:
        encoder = targets['encoder']
        if isinstance(encoder, (list, tuple)):  # they differ
            single = (
                {key: [each[i]] for key, each in targets.items()} for i in range(len(encoder))
            )
            return [
                self._with_targets(stacked_targets(one), [sample])[0]
                for one, sample in zip(single, samples)
            ]
        points, visible = (
            self._on_device(targets[key]) for key in ('keypoints', 'keypoints_visible')
        )
        weights = targets.get('keypoint_weights')
        with torch.no_grad():
            encoded = encoder.batch_encode(points, visible)
            if weights is not None:
                encoded['keypoint_weights'] = encoded['keypoint_weights'] * self._on_device(weights)
        return with_targets(samples, encoder, encoded, visible)

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)

    def _normalised(self, images: Tensor) -> Tensor:
        """As in MMPose, step by step: float32 (B, C, H, W)."""
        order = memory_format(self.device, self.channels_last)
        images = self._on_device(images).contiguous(memory_format=order)
        if self._channel_conversion:
            images = images.flip(1)  # an index would be copied, with a wait
        if not self._enable_normalize:
            return images.float()
        channels = self.mean.shape[0]
        if channels not in (1, images.shape[1]):
            raise ValueError(
                f'expected images of {channels} channels, as the mean has, '
                f'got {tuple(images.shape)}'
            )
        images = images.to(torch.float32, copy=True)
        return images.sub_(self.mean).div_(self.std)

    def _padded(self, inputs: Tensor) -> Tensor:
        """Pad to sides that ``pad_size_divisor`` divides, right and below."""
        height, width = (-side % self.pad_size_divisor for side in inputs.shape[-2:])
        if not (height or width):
            return inputs
        return F.pad(inputs, (0, width, 0, height), value=self.pad_value)

    def _with_image_size(self, samples: OptSampleList, inputs: Tensor) -> OptSampleList:
        """Samples on the device, with the size of their images in the fields
        that MMPose's class sets."""
        if samples is None:
            return None
        size = tuple(inputs.shape[-2:])
        samples = [self._sample_on_device(sample) for sample in samples]
        for sample in samples:
            for key in ('batch_input_shape', 'pad_shape'):
                sample.set_field(size, key, field_type='metainfo')
        return samples

    def _sample_on_device(self, sample: PoseDataSample) -> PoseDataSample:
        tensors = (
            value
            for part in sample.values()
            if hasattr(part, 'values')
            for value in part.values()
            if isinstance(value, Tensor)
        )
        if all(is_on(tensor, self.device) for tensor in tensors):
            return copied(sample)
        return sample.to(self.device, non_blocking=True)


def is_on(tensor: Tensor, device: torch.device) -> bool:
    """Whether a tensor is on a device; MMEngine's runner leaves out the number
    of a device."""
    return tensor.device.type == device.type and device.index in (None, tensor.device.index)
