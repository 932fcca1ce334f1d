# SPDX-License-Identifier: Apache-2.0
"""Losses and points of :class:`~mmpose_face.models.AttentionHourglass`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptSampleList, SampleList
from torch import Tensor

from ...codecs.soft_argmax import to_pixels
from ...landmarks import get_scheme
from ..backbones import StackMaps
from ..landmark_maps import STRIDE, EdgeMaps, edges_of, membership, point_maps
from ..precision import full_precision
from ..targets import labels_of
from .base import FullPrecisionHead


def labelled(samples: SampleList, like: Tensor) -> Tensor:
    """Which landmarks have a label, within the crop or not: (N, K), 1 or 0,
    on the device of ``like``."""
    labels = [sample.gt_instance_labels for sample in samples]
    if 'keypoints_visible' in labels[0]:  # on the device already
        visible = torch.cat([each.keypoints_visible for each in labels])
        return (visible > 0).to(like)
    visible = np.concatenate([sample.gt_instances.keypoints_visible for sample in samples])
    # (N, K) in MMPose, or (N, K, 2) where the last column is weights.
    visible = visible.reshape(*visible.shape[:2], -1)[..., 0]
    return torch.from_numpy(visible > 0).to(like)


@MODELS.register_module()
class AttentionHourglassHead(FullPrecisionHead, HeatmapHead):
    """The losses of :class:`~mmpose_face.models.AttentionHourglass` and the
    points of its last stack. It has no weights.

    The losses are ``loss_kpt`` on the heatmaps, ``loss_points`` on the point
    maps and ``loss_edges`` on the edge maps, each summed over the stacks: the
    last one has weight 1, each other half the weight of the next. Targets are drawn
    on the device, from the labels in the batch.

    Landmarks outside the crop do not count in ``loss_kpt``; their point maps
    are empty, and their edges are drawn as far as the crop reaches. The paper
    moves them onto the border of the crop instead.

    Args:
        scheme (str): Name of the landmark scheme, the backbone's.
        out_channels (int): K, its number of landmarks.
        loss (dict): Config of the loss of heatmaps, such as
            :class:`~mmpose_face.models.STARLoss`.
        map_loss (dict): Config of the loss of point maps and edge maps, with
            weights (N, K) of maps.
        decoder (dict): Config of :class:`~mmpose_face.codecs.SoftArgmax`,
            which also makes the labels.

    Raises:
        ValueError: If ``out_channels`` is not the scheme's number of points.
    """

    def __init__(
        self,
        scheme: str,
        out_channels: int,
        loss: ConfigType,
        map_loss: ConfigType,
        decoder: ConfigType,
    ) -> None:
        points = get_scheme(scheme).num_points
        if out_channels != points:
            raise ValueError(f'out_channels is {out_channels}, but {scheme} has {points} landmarks')
        super().__init__(
            in_channels=points,
            out_channels=points,
            deconv_out_channels=None,
            final_layer=None,
            loss=loss,
            decoder=decoder,
        )
        edges = edges_of(scheme)
        self.map_loss = MODELS.build(map_loss)
        self.edge_maps = EdgeMaps(edges, points)
        self.register_buffer('of_edges', membership(edges, points), persistent=False)

    def forward(self, feats: Sequence[StackMaps]) -> Tensor:
        """The last stack's heatmaps (N, K, H, W); the sum of each is 1."""
        return feats[-1].heatmaps

    @torch.no_grad()
    def targets(self, labels: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """The target maps.

        Args:
            labels (Tensor): (N, K, 2), as the codec makes them.
            height, width (int): Cells of the maps.

        Returns:
            tuple[Tensor, Tensor]: Point maps (N, K, height, width) and edge
            maps (N, E, height, width).
        """
        points = to_pixels(labels, (width * STRIDE, height * STRIDE))
        return point_maps(points, height, width), self.edge_maps(points, height, width)

    def loss(
        self,
        feats: Sequence[StackMaps],
        batch_data_samples: OptSampleList,
        train_cfg: ConfigType = {},
    ) -> dict[str, Tensor]:
        """The losses of a batch; see the class."""
        with full_precision(feats[-1].heatmaps):
            return self._losses(feats, batch_data_samples)

    def _losses(self, feats: Sequence[StackMaps], samples: SampleList) -> dict[str, Tensor]:
        labels, weights = labels_of(samples)
        known = labelled(samples, labels)
        labels = torch.where(known[..., None] > 0, labels, 0.0)
        points, edges = self.targets(labels, *feats[-1].heatmaps.shape[-2:])
        whole = ((1 - known) @ self.of_edges.T == 0).to(labels)

        losses: dict[str, Any] = dict(loss_kpt=0.0, loss_points=0.0, loss_edges=0.0)
        for i, maps in enumerate(reversed(feats)):
            factor = 0.5**i
            losses['loss_kpt'] += factor * self.loss_module(maps.heatmaps, labels, weights)
            losses['loss_points'] += factor * self.map_loss(maps.point_maps, points, known)
            losses['loss_edges'] += factor * self.map_loss(maps.edge_maps, edges, whole)
        return losses
