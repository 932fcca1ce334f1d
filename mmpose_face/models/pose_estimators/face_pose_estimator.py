# SPDX-License-Identifier: Apache-2.0
"""MMPose's top-down estimator for whole batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Callable

import numpy as np
import torch
from mmengine.structures import PixelData
from mmpose.models.heads import CPMHead, HeatmapHead, RegressionHead
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.typing import (
    ForwardResults,
    InstanceList,
    OptConfigType,
    OptSampleList,
    PixelDataList,
    SampleList,
)
from torch import Tensor

from ...arrays import Array
from ..data_preprocessors import FacePreprocessor
from ..memory_format import compiled_memory_format, memory_format, warn_unless_channels_last
from ..precision import full_precision, half_precision
from .flip_test import mean_coordinates, mean_heatmaps, mirror_index, of_both
from .network import NetworkSwitches, compile_modules


def in_image_space(points: Array, samples: Sequence[PoseDataSample]) -> Array:
    """Points of all faces of a batch on their images.

    Args:
        points (np.ndarray): (B, K, 2), pixels of the crops.
        samples (Sequence[PoseDataSample]): B samples with ``input_size``,
            ``input_scale`` and ``input_center``, as the crop sets them.

    Returns:
        np.ndarray: (B, K, 2), pixels of the images, equal to those of MMPose's
        ``add_pred_to_datasample`` to the last bit.
    """
    # Attributes, since a sample's metainfo is a new dict each time.
    size, scale, center = (
        np.array([getattr(sample, name) for sample in samples])[:, None]
        for name in ('input_size', 'input_scale', 'input_center')
    )
    return (points / size * scale + center - 0.5 * scale).astype(points.dtype)


@MODELS.register_module()
class FacePoseEstimator(TopdownPoseEstimator):
    """MMPose's ``TopdownPoseEstimator``, fast on batches.

    The flip test takes one batch of images and mirror images, not two, and two
    passes over the heatmaps for their mean, not six.

    Args:
        *args: Those of ``TopdownPoseEstimator``.
        network (dict, optional): Switches of the network, in training and in
            tests; all off by default, and all can be combined:

            - ``amp`` (bool): in bfloat16 where the device has it; losses and
              points are computed in float32;
            - ``channels_last`` (bool): with the channels of a cell side by
              side in memory, on GPUs; on CPUs, where gradients can be wrong
              with it, it has no effect but a warning;
            - ``compile`` (bool | dict): compiled by ``torch.compile``, with
              these options.
        **kwargs: Those of ``TopdownPoseEstimator``.

    Raises:
        ValueError: If a switch of the network is unknown, or there is no
            compiler for ``compile``.
    """

    def __init__(self, *args, network: OptConfigType = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.switches = NetworkSwitches.of(network)
        if self.switches.channels_last and isinstance(self.data_preprocessor, FacePreprocessor):
            self.data_preprocessor.channels_last = True
        if self.switches.compile:
            parts = (getattr(self, name, None) for name in ('backbone', 'neck', 'head'))
            compile_modules(filter(None, parts), self.switches.compile)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> FacePoseEstimator:
        """As in torch's class, which moves a model to a device by it; the
        weights then get the memory format of the device."""
        super()._apply(fn, recurse)
        if self.switches.channels_last:
            self._order_weights(memory_format(self._device, True))
        return self

    @property
    def _device(self) -> torch.device:
        return next(self.parameters()).device

    def _order_weights(self, order: torch.memory_format) -> None:
        # Not Tensor.contiguous, which keeps the strides of 1x1 weights:
        # convolutions would go on with channels last.
        super()._apply(
            lambda tensor: tensor.to(memory_format=order) if tensor.ndim == 4 else tensor
        )

    def init_weights(self) -> None:
        """As in MMPose's class, with the same numbers for the same seed:
        these are drawn in the order of the memory."""
        if self.switches.channels_last:
            self._order_weights(torch.contiguous_format)
        super().init_weights()
        if self.switches.channels_last:
            self._order_weights(memory_format(self._device, True))

    @contextmanager
    def _network_contexts(self, inputs: Tensor) -> Iterator[None]:
        """Precision and compilation as the switches say."""
        with ExitStack() as stack:
            if self.switches.amp:
                stack.enter_context(half_precision(inputs))
            if self.switches.compile:
                stack.enter_context(compiled_memory_format(inputs.device))
            yield

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor]:
        """Feature maps of images (B, C, H, W), as MMPose's class gives
        them."""
        if self.switches.channels_last:
            inputs = inputs.contiguous(memory_format=memory_format(inputs.device, True))
        return super().extract_feat(inputs)

    def forward(self, *args, **kwargs) -> ForwardResults:
        """Losses, points or outputs of a batch; see MMPose's class."""
        # Not earlier: a model is made on the CPU and then moved.
        if self.switches.channels_last:
            warn_unless_channels_last(self._device.type)
        return super().forward(*args, **kwargs)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Losses of a batch; see MMPose's class."""
        with self._network_contexts(inputs):
            return super().loss(inputs, data_samples)

    def _forward(
        self, inputs: Tensor, data_samples: OptSampleList = None
    ) -> Tensor | tuple[Tensor]:
        with self._network_contexts(inputs):
            feats = self.extract_feat(inputs)
            return self.head(feats) if self.with_head else feats

    def predict(self, inputs: Tensor, data_samples: SampleList) -> SampleList:
        """Points of a batch; see MMPose's class. An empty batch has none."""
        if not data_samples:
            return []
        if not self.with_head:
            return super().predict(inputs, data_samples)  # raises
        flip, known = self.test_cfg.get('flip_test'), self._has_known_head()
        compute = self._outputs if known else self.extract_feat
        with self._network_contexts(inputs):
            outputs: Any = of_both(compute, inputs) if flip else compute(inputs)
            if not known:
                found = self.head.predict(outputs, data_samples, test_cfg=self.test_cfg)
                instances, fields = found if isinstance(found, tuple) else (found, None)
                return self.add_pred_to_datasample(instances, fields, data_samples)
        # Points are copied to the host: they have no gradient.
        with full_precision(inputs), torch.no_grad():
            if flip:
                straight, mirrored = outputs
                outputs = self._flip_test_mean(straight, mirrored, data_samples[0].metainfo)
            return self._decoded(outputs, data_samples)

    def _has_known_head(self) -> bool:
        """Whether the head predicts as a head of MMPose that is known here;
        other heads get the features, as in MMPose's class."""
        predict = type(self.head).predict
        if predict in (HeatmapHead.predict, CPMHead.predict):
            return self.test_cfg.get('flip_mode', 'heatmap') == 'heatmap'
        return predict is RegressionHead.predict

    def _outputs(self, inputs: Tensor) -> Tensor:
        """Heatmaps or coordinates, of the last stage where there are several."""
        outputs = self.head(self.extract_feat(inputs))
        return outputs[-1] if isinstance(outputs, list) else outputs

    def _flip_test_mean(self, straight: Tensor, mirrored: Tensor, metainfo: dict) -> Tensor:
        """The mean of the outputs (B, ...) of images and of mirror images."""
        indices = tuple(map(int, metainfo['flip_indices']))
        mirror = mirror_index(indices, straight.device)
        if straight.ndim == 4:
            shift = self.test_cfg.get('shift_heatmap', False)
            return mean_heatmaps(straight, mirrored, mirror, shift)
        return mean_coordinates(
            straight,
            mirrored,
            mirror,
            self.test_cfg.get('shift_coords', True),
            metainfo['input_size'],
        )

    def _decoded(self, outputs: Tensor, samples: SampleList) -> SampleList:
        """Samples with the points of heatmaps (B, K, H, W) or of coordinates
        (B, K, 2)."""
        fields = None
        if outputs.ndim == 3:
            outputs = outputs[:, None]
        elif self.test_cfg.get('output_heatmaps', False):
            fields = [PixelData(heatmaps=each) for each in outputs.detach()]
        found = self.head.decode(outputs)
        return self.add_pred_to_datasample(found, fields, samples)

    def add_pred_to_datasample(
        self,
        batch_pred_instances: InstanceList,
        batch_pred_fields: PixelDataList | None,
        batch_data_samples: SampleList,
    ) -> SampleList:
        """As in MMPose's class, but the points of all faces are moved onto
        their images together."""
        points = [each.keypoints for each in batch_pred_instances]
        alike = {(each.shape, each.dtype) for each in points}
        if (
            len(alike) != 1
            or points[0].shape[::2] != (1, 2)
            or self.test_cfg.get('output_keypoint_indices')
        ):
            return super().add_pred_to_datasample(
                batch_pred_instances, batch_pred_fields, batch_data_samples
            )
        on_images = in_image_space(np.concatenate(points), batch_data_samples)
        for i, sample in enumerate(batch_data_samples):
            found = batch_pred_instances[i]
            found.keypoints = on_images[i : i + 1]
            if 'keypoints_visible' not in found:
                found.keypoints_visible = found.keypoint_scores
            found.bboxes = sample.gt_instances.bboxes
            found.bbox_scores = sample.gt_instances.bbox_scores
            sample.pred_instances = found
            if batch_pred_fields is not None:
                sample.pred_fields = batch_pred_fields[i]
        return batch_data_samples
