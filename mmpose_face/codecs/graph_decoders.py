# SPDX-License-Identifier: Apache-2.0
"""Decoders as parts of an exported graph: sizes are fixed beforehand, and no
step depends on a value."""

from collections.abc import Sequence

import torch
from mmpose.codecs import MSRAHeatmap, RegressionLabel
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor, nn

from .dark import CELLS, FLOOR, REACH, blur_matrix, blur_weights, expansion_offsets, refined
from .face_regression_label import FaceRegressionLabel
from .peaks import Peaks
from .soft_argmax import SoftArgmax


def graph_decoder(codec: BaseKeypointCodec) -> nn.Module:
    """A codec's decoding as a module that can be exported.

    Args:
        codec (BaseKeypointCodec): A ``MSRAHeatmap``, ``RegressionLabel`` or
            :class:`SoftArgmax`, or one derived from these.

    Returns:
        nn.Module: From heatmaps (B, K, H, W) or coordinates (B, K, D) to
        points (B, K, 2) in pixels of the crop and scores (B, K), float32.

    Raises:
        ValueError: If it is another codec.
    """
    if isinstance(codec, MSRAHeatmap):
        return DarkDecoder(codec) if codec.unbiased else QuarterDecoder(codec)
    if isinstance(codec, SoftArgmax):
        return OnDevice(codec)
    if isinstance(codec, RegressionLabel):
        return OnDevice(FaceRegressionLabel(codec.input_size))
    raise ValueError(
        f'{type(codec).__name__} cannot be put into a graph, only '
        'MSRAHeatmap, RegressionLabel and SoftArgmax can: export without the '
        'decoding, or use a model with one of these'
    )


class OnDevice(nn.Module):
    """For codecs whose ``decode_on_device`` is only arithmetic."""

    def __init__(self, codec: BaseKeypointCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """See :func:`graph_decoder`."""
        points, scores = self.codec.decode_on_device(outputs)
        return points, scores


class HeatmapDecoder(nn.Module):
    """The highest cell of each heatmap and a step from there.

    Args:
        codec (MSRAHeatmap): Has the size of the heatmaps.
        cells (Sequence[tuple[int, int]]): The cells that the step depends on,
            as steps from the highest to the right and down.
    """

    right: Tensor
    down: Tensor
    scale: Tensor

    def __init__(self, codec: MSRAHeatmap, cells: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.width, self.height = map(int, codec.heatmap_size)
        right, down = torch.tensor(cells).T
        self.register_buffer('right', right.contiguous())
        self.register_buffer('down', down.contiguous())
        scale = [float(each) for each in codec.scale_factor]
        self.register_buffer('scale', torch.tensor(scale))

    def forward(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        """See :func:`graph_decoder`."""
        cells = heatmaps.float().flatten(2)
        peaks = self.peaks(cells)
        values = peaks.values
        offsets = self.offsets(cells, peaks)
        places = torch.stack((peaks.x, peaks.y), -1).float()
        points = torch.where(values[..., None] <= 0, -torch.ones_like(offsets), places + offsets)
        return points * self.scale, values

    def peaks(self, cells: Tensor) -> Peaks:
        """The highest cell of each heatmap (B, K, H * W), the first of
        equals."""
        values, index = cells.max(-1)
        y = torch.div(index, self.width, rounding_mode='floor')
        return Peaks(index - y * self.width, y, values)

    def undecided(self, heatmaps: Tensor, margin: float) -> Tensor:
        """Which points depend on the last bits of their heatmaps.

        Args:
            heatmaps (Tensor): (B, K, H, W).
            margin (float): Cells whose values differ by no more count as equal.

        Returns:
            Tensor: (B, K) bool, where a second cell is as high.
        """
        first, second = heatmaps.flatten(2).topk(2).values.unbind(-1)
        return first - second <= margin

    def around(self, cells: Tensor, peaks: Peaks) -> Tensor:
        """Values around the highest cells, 0 outside of the map.

        Args:
            cells (Tensor): (B, K, H * W).
            peaks (Peaks): The highest cells, (B, K).

        Returns:
            Tensor: (B, K, number of cells that the step depends on).
        """
        x = peaks.x[..., None] + self.right
        y = peaks.y[..., None] + self.down
        inside = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)
        found = cells.gather(-1, (y * self.width + x) * inside)
        return torch.where(inside, found, torch.zeros_like(found))

    def offsets(self, cells: Tensor, peaks: Peaks) -> Tensor:
        """The step (B, K, 2) in cells, float32; arguments as in
        :meth:`around`."""
        raise NotImplementedError


class QuarterDecoder(HeatmapDecoder):
    """MMPose's quarter of a cell towards the higher neighbour."""

    def __init__(self, codec: MSRAHeatmap) -> None:
        super().__init__(codec, ((1, 0), (0, 1), (-1, 0), (0, -1)))

    def offsets(self, cells: Tensor, peaks: Peaks) -> Tensor:
        """See :func:`~.peaks.quarter_offsets`."""
        x, y, _ = peaks
        steps = torch.stack(
            ((x > 1) & (x < self.width - 1) & (y > 0), (y > 1) & (y < self.height - 1) & (x > 0)),
            -1,
        )
        ahead, behind = torch.split(self.around(cells, peaks), 2, -1)
        return torch.sign(ahead - behind) * 0.25 * steps

    def undecided(self, heatmaps: Tensor, margin: float) -> Tensor:
        """As in the base class, or where the neighbours on both sides are
        equal."""
        cells = heatmaps.flatten(2)
        peaks = self.peaks(cells)
        ahead, behind = torch.split(self.around(cells, peaks), 2, -1)
        equal = torch.abs(ahead - behind) <= margin
        return super().undecided(heatmaps, margin) | equal.any(-1)


class DarkDecoder(HeatmapDecoder):
    """DARK, see :mod:`~.dark`; in double precision behind the network."""

    weights: Tensor
    blur_height: Tensor
    blur_width: Tensor

    def __init__(self, codec: MSRAHeatmap) -> None:
        kernel = codec.blur_kernel_size
        reach = kernel // 2 + REACH
        steps = range(-reach, reach + 1)
        super().__init__(codec, [(x, y) for y in steps for x in steps])
        cpu = torch.device('cpu')
        weights = blur_weights(kernel, cpu)[: len(CELLS)]
        self.register_buffer('weights', weights.T.contiguous())
        for name in ('height', 'width'):
            matrix = blur_matrix(kernel, getattr(self, name), cpu)
            self.register_buffer(f'blur_{name}', matrix.clone())
        # A script stays a branch in a traced graph.
        self.scale_if_cut = torch.jit.script(scale_if_cut)

    def offsets(self, cells: Tensor, peaks: Peaks) -> Tensor:
        """See :func:`~.dark.dark_offsets` and :func:`~.dark.scaled_offsets`:
        the whole heatmaps are blurred only where that changes something."""
        values = self.around(cells, peaks).double() @ self.weights
        inner = refined((self.height, self.width), peaks)
        cut = inner & (values.amin(-1) <= 2 * FLOOR)
        maps = torch.unflatten(cells, -1, (self.height, self.width))
        scale = self.scale_if_cut(cut, maps, peaks.values, self.blur_height, self.blur_width)
        logs = (values * scale[..., None]).clamp(min=FLOOR).log()
        offsets = expansion_offsets(logs.flatten(0, 1).T)
        offsets = offsets.view(-1, cells.shape[1], 2).float()
        return torch.where(inner[..., None], offsets, torch.zeros_like(offsets))


def scale_if_cut(cut: Tensor, maps: Tensor, maxima: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """The factors by which DARK scales blurred heatmaps.

    Args:
        cut (Tensor): (B, K), where a value is cut and so the factor matters.
        maps (Tensor): (B, K, H, W).
        maxima (Tensor): Their maxima (B, K).
        down, across (Tensor): Blur of columns (H, H) and rows (W, W).

    Returns:
        Tensor: (B, K), float64; 1 if no value is cut in any map.
    """
    scale = torch.ones_like(maxima).double().flatten()
    if bool(cut.any()):
        index = cut.flatten().nonzero()[:, 0]
        chosen = maps.flatten(0, 1).index_select(0, index).double()
        blurred = torch.matmul(torch.matmul(down, chosen), across.t())
        high = maxima.flatten().index_select(0, index).double()
        scale = scale.scatter(0, index, high / blurred.amax(dim=[-2, -1]))
    return scale.view_as(maxima)
