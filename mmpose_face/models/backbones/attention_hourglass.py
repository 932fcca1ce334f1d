# SPDX-License-Identifier: Apache-2.0
"""The stacked hourglass of ADNet (Huang et al., ICCV 2021) and STAR (Zhou et
al., CVPR 2023), whose stacks attend to the edges of the face."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from ...codecs.soft_argmax import grid
from ...landmarks import get_scheme
from ..landmark_maps import edges_of, membership
from ..precision import full_precision

# Cells above this belong to the gate of :func:`with_coordinates`.
_GATE_THRESHOLD = 0.05


class StackMaps(NamedTuple):
    """The maps that a stack makes of a batch of faces, in float32.

    Args:
        heatmaps (Tensor): (N, K, H, W), of each landmark; the sum is 1.
        point_maps (Tensor): (N, K, H, W), from 0 to 1, 1 at the landmark.
        edge_maps (Tensor): (N, E, H, W), from 0 to 1, 1 along the edge.
    """

    heatmaps: Tensor
    point_maps: Tensor
    edge_maps: Tensor


def with_coordinates(x: Tensor, gate: Tensor | None = None) -> Tensor:
    """Feature maps with the coordinates of their cells as further channels
    (CoordConv, Liu et al., 2018).

    Args:
        x (Tensor): (N, C, H, W).
        gate (Tensor, optional): (N, 1, H, W), adds x and y where it is above
            0.05, and 0 elsewhere.

    Returns:
        Tensor: (N, C + 3 or C + 5, H, W); behind the channels of ``x`` come
        x and y, from -1 to 1, and the distance to the centre, 1 in the
        corners, and with a gate x and y once more.
    """
    height, width = x.shape[-2:]
    columns, rows = torch.broadcast_tensors(grid(width, x), grid(height, x)[:, None])
    radius = ((columns.square() + rows.square()) / 2).sqrt()
    # For traces: x.shape[0], not len(x), keeps the number of images open; and
    # they forget the precision of the grid.
    channels = torch.stack((columns, rows, radius)).to(x.dtype)
    channels = channels.expand(x.shape[0], -1, -1, -1)
    parts = [x, channels]
    if gate is not None:
        parts.append(channels[:, :2] * (gate > _GATE_THRESHOLD))
    return torch.cat(parts, 1)


def _unit(in_channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2),
    )


class Bottleneck(nn.Module):
    """A residual block of three convolutions, each behind its normalisation
    and ReLU; the shortcut has weights only where the channels change."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        middle = out_channels // 2
        self.residual = nn.Sequential(
            _unit(in_channels, middle, 1), _unit(middle, middle, 3), _unit(middle, out_channels, 1)
        )
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


class Hourglass(nn.Module):
    """Down by ``levels`` halvings and up again, with a shortcut at each."""

    def __init__(self, levels: int, channels: int) -> None:
        super().__init__()

        def block():
            return Bottleneck(channels, channels)

        inner = Hourglass(levels - 1, channels) if levels > 1 else block()
        self.shortcut = block()
        self.lower = nn.Sequential(
            nn.MaxPool2d(2), block(), inner, block(), nn.Upsample(scale_factor=2, mode='nearest')
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.lower(x)


class Stack(nn.Module):
    """An hourglass and the maps made of its features."""

    def __init__(
        self, in_channels: int, channels: int, levels: int, num_points: int, num_edges: int
    ) -> None:
        super().__init__()
        self.entry = nn.Conv2d(in_channels, channels, 1)
        self.features = nn.Sequential(
            Hourglass(levels, channels),
            Bottleneck(channels, channels),
            nn.Conv2d(channels, channels, 1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.heatmaps = nn.Sequential(
            nn.Conv2d(channels, num_points, 1), nn.InstanceNorm2d(num_points), nn.ReLU()
        )
        self.point_maps = nn.Sequential(nn.Conv2d(channels, num_points, 1), nn.Sigmoid())
        self.edge_maps = nn.Sequential(nn.Conv2d(channels, num_edges, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features, heatmaps, point maps and edge maps."""
        features = self.features(self.entry(x))
        makers = self.heatmaps, self.point_maps, self.edge_maps
        return features, *(make(features) for make in makers)


@MODELS.register_module()
class AttentionHourglass(BaseModule):
    """The stacked hourglass of ADNet (`Huang et al., ICCV 2021
    <https://arxiv.org/abs/2109.05721>`_), which STAR is trained with.

    Each stack makes heatmaps, point maps and edge maps. The maps of a stack are
    added to the features of the next, so they are made here and not in the
    head, as in MMPose's ``CPM``. The heatmaps are weighted with *anisotropic
    attention*: the point map of the landmark times the sum of the maps of the
    edges that it lies on (1 for a landmark on no edge).

    Maps have a quarter of the input's size. Stem and hourglasses also get the
    coordinates of cells (CoordConv); from the second on, hourglasses get them
    once more where the previous stack's heatmap of the last landmark is above
    0.05.

    In a distributed training ``--cfg-options sync_bn=torch`` synchronises the
    batch normalisation, as the paper's training does.

    Args:
        scheme (str): Name of the landmark scheme, such as ``'wflw98'``, which
            gives landmarks and edges
            (:func:`~mmpose_face.models.landmark_maps.edges_of`).
        num_stacks (int): Number of hourglasses.
        levels (int): Halvings in each.
        channels (int): Channels of the feature maps, a multiple of 8.
        init_cfg (dict, optional): As in MMEngine's ``BaseModule``.

    Raises:
        ValueError: If there is no such scheme, or the size of an input is no
            multiple of ``4 * 2**levels``.
    """

    def __init__(
        self,
        scheme: str,
        num_stacks: int = 4,
        levels: int = 4,
        channels: int = 256,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        points = get_scheme(scheme).num_points
        edges = edges_of(scheme)
        self.multiple = 4 * 2**levels
        self.stem = nn.Sequential(
            nn.Conv2d(3 + 3, channels // 4, 7, stride=2, padding=3),
            nn.BatchNorm2d(channels // 4),
            nn.ReLU(inplace=True),
            Bottleneck(channels // 4, channels // 2),
            nn.MaxPool2d(2),
            Bottleneck(channels // 2, channels // 2),
            Bottleneck(channels // 2, channels),
        )
        self.stacks = nn.ModuleList(
            [
                Stack(channels + (5 if i else 3), channels, levels, points, len(edges))
                for i in range(num_stacks)
            ]
        )
        self.merges = nn.ModuleList(
            [
                nn.ModuleList(
                    [nn.Conv2d(n, channels, 1) for n in (channels, points, points, len(edges))]
                )
                for _ in range(num_stacks - 1)
            ]
        )
        of_edges = membership(edges, points)
        alone = (of_edges.sum(0) == 0).float()
        self.register_buffer('of_edges', of_edges, persistent=False)
        self.register_buffer('alone', alone[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> tuple[StackMaps, ...]:
        """The maps of all stacks.

        Args:
            x (Tensor): Images (N, 3, H, W).

        Returns:
            tuple[StackMaps]: Of each stack, at a quarter of the size.
        """
        if x.shape[-2] % self.multiple or x.shape[-1] % self.multiple:
            raise ValueError(
                f'expected images whose height and width are multiples of {self.multiple}, '
                f'got {tuple(x.shape[-2:])}'
            )
        x = self.stem(with_coordinates(x))
        found, gate = [], None
        for i, stack in enumerate(self.stacks):
            maps = stack(with_coordinates(x, gate))
            found.append(self._attended(*maps[1:]))
            if i < len(self.merges):
                merges = cast(nn.ModuleList, self.merges[i])
                x = x + sum(merge(m) for merge, m in zip(merges, maps))
                gate = maps[1][:, -1:]
        return tuple(found)

    def _attended(self, heatmaps: Tensor, point_maps: Tensor, edge_maps: Tensor) -> StackMaps:
        """The maps in float32; the heatmaps with attention and of sum 1."""
        with full_precision(heatmaps):
            heatmaps, points, edges = (maps.float() for maps in (heatmaps, point_maps, edge_maps))
            # Buffers are in half precision too where the whole network is.
            of_edges, alone = self.of_edges.float(), self.alone.float()
            along = torch.einsum('nehw,ek->nkhw', edges, of_edges)
            fused = heatmaps * points * (along + alone)
            mass = fused.sum((-2, -1), keepdim=True).clamp(min=1e-6)
            return StackMaps(fused / mass, points, edges)
