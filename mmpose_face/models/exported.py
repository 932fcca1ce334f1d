# SPDX-License-Identifier: Apache-2.0
"""A trained model as one graph, from crops to heatmaps or points."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.models.heads import CPMHead, HeatmapHead, RegressionHead
from mmpose.models.pose_estimators.base import BasePoseEstimator
from torch import Tensor, nn

from ..codecs.graph_decoders import graph_decoder
from .pose_estimators.flip_test import mean_coordinates


class Normalized(nn.Module):
    """Pixels normalised and padded for a network.

    Args:
        preprocessor (PoseDataPreprocessor): MMPose's or ours.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessor: PoseDataPreprocessor) -> None:
        super().__init__()
        self.reverse = bool(preprocessor._channel_conversion)
        self.divisor = preprocessor.pad_size_divisor
        self.filling = float(preprocessor.pad_value)
        if preprocessor._enable_normalize:
            mean, std = preprocessor.mean, preprocessor.std
        else:
            mean, std = torch.zeros(3), torch.ones(3)
        self.register_buffer('mean', mean.detach().clone().view(-1, 1, 1))
        self.register_buffer('std', std.detach().clone().view(-1, 1, 1))

    def forward(self, crops: Tensor) -> Tensor:
        """From BGR (B, H, W, 3) of uint8 to (B, 3, H, W) of float32."""
        images = crops.permute(0, 3, 1, 2).float()
        if self.reverse:
            images = images.flip(1)
        images = (images - self.mean) / self.std
        height, width = (-int(side) % self.divisor for side in crops.shape[1:3])
        if not (height or width):
            return images
        return F.pad(images, (0, width, 0, height), value=self.filling)


class Network(nn.Module):
    """Backbone, neck and head.

    Args:
        model (BasePoseEstimator): A top-down model of MMPose's.
        half (bool): Whether it computes in half precision.

    Raises:
        ValueError: If its head gives neither heatmaps nor coordinates.
    """

    model: BasePoseEstimator

    def __init__(self, model: BasePoseEstimator, half: bool = False) -> None:
        super().__init__()
        if not isinstance(model.head, (HeatmapHead, CPMHead, RegressionHead)):
            raise ValueError(
                f'models with a {type(model.head).__name__} cannot be exported, only those '
                'with a HeatmapHead, CPMHead or RegressionHead, or one derived from these'
            )
        # A copy is without the code of torch.compile and has its own precision.
        self.model = copy.deepcopy(model).eval()
        self.half_precision = half
        if half:
            self.model.half()

    def forward(self, images: Tensor) -> Tensor:
        """Heatmaps (B, K, H, W), of the last stage where there are several,
        or coordinates (B, K, D); float32."""
        if self.half_precision:
            images = images.half()
        outputs = self.model.head(self.model.extract_feat(images))
        if isinstance(outputs, (list, tuple)):
            outputs = outputs[-1]
        return outputs.float()


class ExportedModel(nn.Module):
    """From crops to points: normalisation, network, flip test and decoding.

    Args:
        model (BasePoseEstimator): A top-down model of MMPose's; it is copied.
        decode (bool): Whether to give points, or the network's outputs.
        flip_test (bool): Whether to take the mean with the mirror image, as
            the model's ``test_cfg`` says.
        half (bool): Whether the network computes in half precision; pixels
            and points are in single precision all the same.

    Raises:
        ValueError: If the model's head or codec cannot be put into a graph.
    """

    def __init__(
        self,
        model: BasePoseEstimator,
        decode: bool = True,
        flip_test: bool = False,
        half: bool = False,
    ) -> None:
        super().__init__()
        self.normalized = Normalized(model.data_preprocessor)
        self.network = Network(model, half)
        self.mirrored = Mirrored(model) if flip_test else None
        self.decoder = graph_decoder(model.head.decoder) if decode else None

    def forward(self, crops: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """From BGR (B, H, W, 3) of uint8 to heatmaps (B, K, H, W) or
        coordinates (B, K, D); or to points (B, K, 2) in pixels of the crop
        and scores (B, K)."""
        outputs = self.outputs(crops)
        return outputs if self.decoder is None else self.decoder(outputs)

    def outputs(self, crops: Tensor) -> Tensor:
        """The outputs of the network, not decoded."""
        images = self.normalized(crops)
        if self.mirrored is None:
            return self.network(images)
        both = self.network(torch.cat((images, images.flip(-1))))
        number = images.shape[0]
        return self.mirrored(both[:number], both[number:])


class Mirrored(nn.Module):
    """The mean of a flip test, see :mod:`~.pose_estimators.flip_test`; for
    graphs, in which nothing is written in place."""

    index: Tensor

    def __init__(self, model: BasePoseEstimator) -> None:
        super().__init__()
        flip_mode = model.test_cfg.get('flip_mode', 'heatmap')
        if flip_mode != 'heatmap':
            raise ValueError(f"flip_mode is {flip_mode!r}, and only 'heatmap' can be exported")
        self.register_buffer('index', torch.tensor(list(model.dataset_meta['flip_indices'])))
        self.shift = model.test_cfg.get('shift_heatmap', False)
        self.shift_coords = model.test_cfg.get('shift_coords', True)
        self.input_size = tuple(model.head.decoder.input_size)

    def forward(self, straight: Tensor, mirrored: Tensor) -> Tensor:
        """The mean of the outputs for images and mirror images."""
        if straight.ndim == 3:
            return mean_coordinates(
                straight, mirrored, self.index, self.shift_coords, self.input_size
            )
        mirrored = mirrored.index_select(1, self.index).flip(-1)
        if self.shift:
            mirrored = torch.cat((mirrored[..., :1], mirrored[..., :-1]), -1)
        return (straight + mirrored) * 0.5
