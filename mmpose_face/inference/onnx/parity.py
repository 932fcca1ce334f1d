# SPDX-License-Identifier: Apache-2.0
"""The difference between an exported model and the same model in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from torch import Tensor

from ...arrays import Array, BoolArray
from ...codecs.graph_decoders import graph_decoder
from ...images.boxes import landmark_bounds
from ...models.exported import ExportedModel
from ...synthesis import render_face
from ..landmarker import TorchNetwork
from ..landmarking import Landmarker
from .runtime import metadata_of, open_session, run

if TYPE_CHECKING:
    from mmpose.models.pose_estimators.base import BasePoseEstimator

# Largest difference of a point, in pixels of the crop.
LIMITS = dict(fp32=0.05, fp16=0.5)
# Largest difference of a score that is a heatmap's maximum, as a share of the
# highest score. Scores of other codecs are not checked: the point does not
# depend on them.
SCORE_LIMITS = dict(fp32=1e-3, fp16=0.03)
FACES = 8


@dataclass(frozen=True)
class Parity:
    """The difference between an exported model and PyTorch, on crops of
    synthetic faces.

    Args:
        points (float): Largest difference of a point, pixels of the crop.
        scores (float): Largest difference of a score.
        number (int): Number of compared points.
        undecided (int): Number of points that were not compared: two cells of
            their heatmap differ by at most twice ``scores``, so that rounding
            decides which one the decoder takes.
        undecided_points (float): Largest difference of these points, pixels.
        limit (float): Largest allowed ``points``, pixels.
        score_limit (float): Largest allowed ``scores``; infinite if the
            scores are not maxima of heatmaps.
    """

    points: float
    scores: float
    number: int
    undecided: int
    undecided_points: float
    limit: float
    score_limit: float

    def __str__(self) -> str:
        text = (
            f'largest difference from PyTorch {self.points:.2g} px on '
            f'{self.number} points (limit {self.limit} px), '
            f'{self.scores:.2g} in scores'
        )
        if np.isfinite(self.score_limit):
            text += f' (limit {self.score_limit:.2g})'
        if self.undecided:
            text += (
                f'; of {self.undecided} more points rounding decides '
                f'which cell is the higher, up to '
                f'{self.undecided_points:.2g} px'
            )
        return text

    def check(self, name: str) -> None:
        """Raise ValueError if a point or a score differs by more than its
        limit, or nine of ten points cannot be compared.

        Args:
            name (str): The file's name, for the message.
        """
        if not (self.points <= self.limit and self.scores <= self.score_limit):
            raise ValueError(f'{name}: {self}. Nothing was written')
        if 9 * self.number <= self.undecided:
            raise ValueError(
                f'{name}: {self.undecided} of {self.undecided + self.number} '
                'points depend on rounding, too many to compare the others: '
                'expected a model that is trained. Nothing was written'
            )


def synthetic_crops(network: TorchNetwork) -> Array:
    """Crops of synthetic faces, BGR ``(8, H, W, 3)`` of uint8."""
    landmarker = Landmarker(network)
    size = min(2048, max(network.input_size))
    return np.concatenate([landmarker.crop(image, box[None]).pixels for image, box in _faces(size)])


@lru_cache(maxsize=1)
def _faces(size: int) -> list[tuple[Array, Array]]:
    """Images of faces, ``size`` pixels wide, and boxes ``(4,)``."""
    faces = [render_face(0, i, size, attributes=()) for i in range(FACES)]
    return [(face.image, landmark_bounds(face.keypoints)) for face in faces]


def compare(path: str, network: TorchNetwork, graph: ExportedModel, crops: Array) -> Parity:
    """Compare a file, run by onnxruntime, with the model in PyTorch.

    Args:
        path (str): The file.
        network (TorchNetwork): The model in PyTorch.
        graph (ExportedModel): The graph of the file.
        crops (np.ndarray): BGR ``(B, H, W, 3)``, uint8.
    """
    session = open_session(path, threads=torch.get_num_threads())
    metadata = metadata_of(session, path)
    expected, expected_scores = network(crops)
    outputs = run(session, crops)
    points, scores = (
        outputs if metadata.decoded else _decoded(network.model, torch.from_numpy(outputs[0]))
    )
    away = np.abs(points - expected).max(-1)
    away[np.isnan(away)] = np.inf
    off = np.abs(scores - expected_scores).max()
    heatmaps = isinstance(network.model.head.decoder, MSRAHeatmap)
    undecided = np.zeros(away.shape, bool)
    if heatmaps:
        undecided = _undecided(graph, crops, 2 * float(off))
    share = SCORE_LIMITS[metadata.precision] if heatmaps else np.inf
    return Parity(
        points=float(away[~undecided].max(initial=0)),
        scores=float(off),
        number=int((~undecided).sum()),
        undecided=int(undecided.sum()),
        undecided_points=float(away[undecided].max(initial=0)),
        limit=LIMITS[metadata.precision],
        score_limit=share * float(np.abs(expected_scores).max()),
    )


def _decoded(model: BasePoseEstimator, outputs: Tensor) -> tuple[Array, Array]:
    """Points and scores of the model's own decoder."""
    heatmaps = outputs.ndim == 4
    found = model.head.decode(outputs if heatmaps else outputs[:, None])
    points, scores = zip(*((each.keypoints, each.keypoint_scores) for each in found))
    return np.concatenate(points), np.concatenate(scores)


@torch.no_grad()
def _undecided(graph: ExportedModel, crops: Array, margin: float) -> BoolArray:
    """Which points ``(B, K)`` depend on rounding; see :class:`Parity`."""
    heatmaps = graph.outputs(torch.from_numpy(crops))
    decoder: Any = graph_decoder(graph.network.model.head.decoder)
    undecided: BoolArray = decoder.undecided(heatmaps, margin).numpy()
    return undecided
