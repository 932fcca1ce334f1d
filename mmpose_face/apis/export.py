# SPDX-License-Identifier: Apache-2.0
"""Trained models as ONNX files, compared with PyTorch before they are there.
"""
import copy
import dataclasses
import inspect
import io
import os
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from torch import Tensor, nn

import onnx
from ..codecs.exported import graph_decoder
from ..datasets.synthesis import render_face
from ..files import written_whole
from ..images.boxes import landmark_bounds
from ..models.exported import ExportedModel
from ..version import __version__
from .landmarker import TorchNetwork
from .landmarking import Landmarker
from .onnx_metadata import OnnxMetadata
from .onnx_runtime import open_session, run

# What torch 2.1 and all later releases write, with all that is needed here.
OPSET = 17
# Largest difference from PyTorch, in pixels of the crop.
LIMITS = dict(fp32=.05, fp16=.5)
# Cells of a heatmap whose values differ by less, as a share of the maximum,
# may change places: rounding decides which one is the higher.
RESOLUTIONS = dict(fp32=1e-5, fp16=2**-8)
FACES = 8


@dataclass(frozen=True)
class Parity:
    """How far an exported model is from PyTorch, on crops of synthetic faces.

    Args:
        points (float): Largest difference of a point, pixels of the crop.
        scores (float): Largest difference of a score.
        number (int): How many points were compared.
        undecided (int): How many more lie where a cell and another are as
            high as each other, as far as the precision goes, so that rounding
            decides to which one the decoder steps.
        undecided_points (float): Largest difference of these, pixels.
        limit (float): What ``points`` must not exceed, pixels.
    """

    points: float
    scores: float
    number: int
    undecided: int
    undecided_points: float
    limit: float

    def __str__(self) -> str:
        text = (f'largest difference from PyTorch {self.points:.2g} px on '
                f'{self.number} points (limit {self.limit} px), '
                f'{self.scores:.2g} in scores')
        if self.undecided:
            text += (f'; of {self.undecided} more points rounding decides '
                     f'which cell is the higher, up to '
                     f'{self.undecided_points:.2g} px')
        return text


def export_onnx(model: nn.Module,
                path: Union[str, 'os.PathLike[str]'],
                with_decode: bool = False,
                dynamic_batch: bool = False,
                fp16: bool = False,
                flip_test: bool = False,
                batch_size: int = 1) -> Parity:
    """Write a model as an ONNX file.

    The graph takes crops as OpenCV has them, BGR ``(B, H, W, 3)`` of uint8,
    and normalises them. It gives ``points`` ``(B, K, 2)`` in pixels of the
    crop and ``scores`` ``(B, K)``, or without the decoding what the network
    gives, ``heatmaps`` ``(B, K, H, W)`` or ``coordinates`` ``(B, K, D)``. All
    outputs are float32. What else a user needs is in the file's metadata
    (:class:`~.onnx_metadata.OnnxMetadata`).

    The file is compared with the model on crops of synthetic faces, and is
    only there if it agrees.

    Args:
        model (nn.Module): A top-down model as
            :func:`~.landmarker.load_model` gives it. It is not changed.
        path (str | PathLike): Where to write.
        with_decode (bool): Whether the graph gives points.
        dynamic_batch (bool): Whether it takes any number of crops.
        fp16 (bool): Whether the network computes in half precision. The
            decoding does not.
        flip_test (bool): Whether it takes the mean with the mirror image, in
            twice the time.
        batch_size (int): How many crops it takes, where their number is
            fixed. Defaults to 1.

    Returns:
        Parity: How far it is from PyTorch.

    Raises:
        ValueError: If the model's head or codec is none of those that can be
            exported, its points differ by more than 0.05 pixels, or 0.5 with
            ``fp16``, or ``batch_size`` is not positive.
        OSError: If the file cannot be written.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be positive, got {batch_size}')
    model = _in_single_precision(model)
    network = TorchNetwork(model, flip_test)
    graph = ExportedModel(model, with_decode, flip_test, fp16).eval()
    metadata = _metadata(graph, network, with_decode, fp16)
    crops = _crops(network)
    with written_whole(path, by_several=True) as partial:
        batch = np.resize(crops, (batch_size, *crops.shape[1:]))
        _write(graph, torch.from_numpy(batch), partial, dynamic_batch)
        _add_metadata(partial, metadata)
        parity = _compare(partial, network, graph, crops, metadata)
        _check(parity, os.fspath(path))
    return parity


def _in_single_precision(model: nn.Module) -> nn.Module:
    """A copy on the CPU that computes in float32, uncompiled."""
    model = copy.deepcopy(model).cpu().eval()
    if hasattr(model, 'switches'):
        model.switches = dataclasses.replace(model.switches, amp=False)
    return model


def _metadata(graph: ExportedModel, network: TorchNetwork, with_decode: bool,
              fp16: bool) -> OnnxMetadata:
    pixels = graph.normalized
    cfg = network.model.cfg
    return OnnxMetadata(
        scheme=network.scheme,
        input_size=network.input_size,
        padding=network.padding,
        normalization=dict(
            channels='rgb' if pixels.reverse else 'bgr',
            mean=pixels.mean.flatten().tolist(),
            std=pixels.std.flatten().tolist()),
        decoded=with_decode,
        codec=_plain(cfg.model.head.decoder),
        flip_test=network.flip_test,
        precision='fp16' if fp16 else 'fp32',
        config=Path(cfg.filename or 'unknown').stem,
        version=__version__)


def _plain(codec: Dict[str, Any]) -> Dict[str, Any]:
    """A codec's config with the name of its class."""
    values = dict(codec)
    kind = values['type']
    return dict(values, type=getattr(kind, '__name__', kind))


def _crops(network: TorchNetwork) -> np.ndarray:
    """Crops of faces that are drawn, ``(FACES, H, W, 3)``."""
    landmarker = Landmarker(network)
    size = min(2048, max(network.input_size))
    return np.concatenate([
        landmarker.crop(image, box[None]).pixels for image, box in _faces(size)
    ])


@lru_cache(maxsize=1)
def _faces(size: int) -> List[Tuple[np.ndarray, np.ndarray]]:
    """Images of faces, ``size`` pixels wide, and boxes ``(4,)``."""
    faces = [render_face(0, i, size, attributes=()) for i in range(FACES)]
    return [(face.image, landmark_bounds(face.keypoints)) for face in faces]


def _write(graph: ExportedModel, crops: Tensor, path: str,
           dynamic_batch: bool) -> None:
    with torch.no_grad():
        outputs = graph.outputs(crops[:1])
    if graph.decoder is not None:
        names = ['points', 'scores']
    else:
        names = ['heatmaps' if outputs.ndim == 4 else 'coordinates']
    axes = {name: {0: 'batch'} for name in ('crops', *names)}
    options = {}
    # The exporter that all supported releases of torch have, which needs no
    # package more. Later ones have another as the default.
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False
    # It warns that it is the old one and that a trace has the sizes it has
    # seen, and prints a graph that it cannot write, of thousands of lines.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        try:
            torch.onnx.export(
                graph, (crops, ),
                path,
                opset_version=OPSET,
                input_names=['crops'],
                output_names=names,
                dynamic_axes=axes if dynamic_batch else None,
                **options)
        except RuntimeError as error:
            raise ValueError('this network cannot be put into a graph by '
                             f'torch {torch.__version__}: {error}') from error


def _add_metadata(path: str, metadata: OnnxMetadata) -> None:
    file = onnx.load(path)
    file.producer_name, file.producer_version = 'mmpose_face', __version__
    onnx.helper.set_model_props(file, metadata.to_props())
    onnx.checker.check_model(file)
    onnx.save(file, path)


def _compare(path: str, network: TorchNetwork, graph: ExportedModel,
             crops: np.ndarray, metadata: OnnxMetadata) -> Parity:
    """The file as onnxruntime runs it against the model as it is tested."""
    expected, expected_scores = network(crops)
    outputs = run(open_session(path, threads=torch.get_num_threads()), crops)
    points, scores = outputs if metadata.decoded else _decoded(
        network.model, torch.from_numpy(outputs[0]))
    away = np.abs(points - expected).max(-1)
    away[np.isnan(away)] = np.inf
    undecided = _undecided(graph, crops, RESOLUTIONS[metadata.precision])
    return Parity(
        points=float(away[~undecided].max(initial=0)),
        scores=float(np.abs(scores - expected_scores).max()),
        number=int((~undecided).sum()),
        undecided=int(undecided.sum()),
        undecided_points=float(away[undecided].max(initial=0)),
        limit=LIMITS[metadata.precision])


def _decoded(model: nn.Module,
             outputs: Tensor) -> Tuple[np.ndarray, np.ndarray]:
    """The model's own decoding."""
    found = model.head.decode(outputs if outputs.ndim == 4 else outputs[:,
                                                                        None])
    points, scores = zip(*((each.keypoints, each.keypoint_scores)
                           for each in found))
    return np.concatenate(points), np.concatenate(scores)


@torch.no_grad()
def _undecided(graph: ExportedModel, crops: np.ndarray,
               resolution: float) -> np.ndarray:
    """Which points (B, K) rounding decides about."""
    heatmaps = graph.outputs(torch.from_numpy(crops))
    codec = graph.network.model.head.decoder
    if not isinstance(codec, MSRAHeatmap):
        return np.zeros(heatmaps.shape[:2], bool)
    return graph_decoder(codec).undecided(heatmaps, resolution).numpy()


def _check(parity: Parity, name: str) -> None:
    if parity.number <= parity.undecided:
        raise ValueError(
            f'{name}: {parity.undecided} of '
            f'{parity.undecided + parity.number} points depend on rounding: '
            'expected a model that is trained. Nothing was written')
    if not parity.points <= parity.limit:
        raise ValueError(f'{name}: {parity}. Nothing was written')
