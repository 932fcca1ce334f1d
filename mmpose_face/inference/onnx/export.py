# SPDX-License-Identifier: Apache-2.0
"""Export of trained models as ONNX files, checked against PyTorch."""

from __future__ import annotations

import copy
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmpose.models.heads import RegressionHead
from torch import nn

from ...files import PathLike, written_whole
from ...models.exported import ExportedModel
from ...version import __version__
from ..landmarker import TorchNetwork
from .graph import add_texts, write_graph
from .metadata import OnnxMetadata
from .parity import Parity, compare, synthetic_crops

if TYPE_CHECKING:
    from mmpose.models.pose_estimators.base import BasePoseEstimator


def export_onnx(
    model: nn.Module,
    path: PathLike,
    with_decode: bool = False,
    dynamic_batch: bool = False,
    fp16: bool = False,
    flip_test: bool = False,
    batch_size: int = 1,
) -> Parity:
    """Write a model as an ONNX file.

    The input of the graph are crops as OpenCV has them, BGR ``(B, H, W, 3)``
    of uint8, which it normalises. Its outputs are ``points`` ``(B, K, 2)`` in
    pixels of the crop and ``scores`` ``(B, K)``; or without decoding those of
    the network, ``heatmaps`` ``(B, K, H, W)`` or ``coordinates``
    ``(B, K, D)``. All outputs are float32. The file's metadata
    (:class:`~.metadata.OnnxMetadata`) has what else a user needs.

    The file is compared with the model on crops of synthetic faces, and is
    kept only if it agrees.

    Args:
        model (nn.Module): A top-down model from
            :func:`~..landmarker.load_model`. It is not changed.
        path (str | PathLike): The file.
        with_decode (bool): Whether the outputs are points.
        dynamic_batch (bool): Whether a batch may have any number of crops.
        fp16 (bool): Whether the network computes in half precision. The
            decoding does not.
        flip_test (bool): Whether to average with the mirror image, in twice
            the time.
        batch_size (int): Number of crops in a batch, if it is fixed. Defaults
            to 1.

    Returns:
        Parity: The difference from PyTorch.

    Raises:
        ValueError: If the model's head or codec cannot be exported, its
            points differ by more than 0.05 pixels, or 0.5 with ``fp16``, or
            ``batch_size`` is not positive.
        OSError: If the file cannot be written.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be positive, got {batch_size}')
    model = _in_single_precision(model)
    network = TorchNetwork(model, flip_test)
    graph = ExportedModel(model, with_decode, flip_test, fp16).eval()
    crops = synthetic_crops(network)
    batch = np.resize(crops, (batch_size, *crops.shape[1:]))
    with written_whole(path, by_several=True) as partial:
        write_graph(
            graph, torch.from_numpy(batch), partial, _outputs(graph, network), dynamic_batch
        )
        add_texts(partial, metadata_for(graph, network).to_props())
        parity = compare(partial, network, graph, crops)
        parity.check(os.fspath(path))
    return parity


def _outputs(graph: ExportedModel, network: TorchNetwork) -> tuple[str, ...]:
    """Names of the outputs of the graph."""
    if graph.decoder is not None:
        return 'points', 'scores'
    regression = isinstance(network.model.head, RegressionHead)
    return ('coordinates' if regression else 'heatmaps',)


def _in_single_precision(model: BasePoseEstimator) -> BasePoseEstimator:
    """A copy on the CPU that computes in float32, not compiled."""
    model = copy.deepcopy(model).cpu().eval()
    if hasattr(model, 'switches'):
        model.switches = dataclasses.replace(model.switches, amp=False)
    return model


def metadata_for(graph: ExportedModel, network: TorchNetwork) -> OnnxMetadata:
    """The metadata of an exported file.

    Args:
        graph (ExportedModel): The graph of the file.
        network (TorchNetwork): The same model in PyTorch.
    """
    pixels = graph.normalized
    cfg = network.model.cfg
    return OnnxMetadata(
        scheme=network.scheme,
        input_size=network.input_size,
        padding=network.padding,
        normalization=dict(
            channels='rgb' if pixels.reverse else 'bgr',
            mean=pixels.mean.flatten().tolist(),
            std=pixels.std.flatten().tolist(),
        ),
        decoded=graph.decoder is not None,
        codec=_plain(cfg.model.head.decoder),
        flip_test=network.flip_test,
        precision='fp16' if graph.network.half_precision else 'fp32',
        config=Path(cfg.filename or 'unknown').stem,
        version=__version__,
    )


def _plain(codec: dict[str, Any]) -> dict[str, Any]:
    """A codec's config with the name of its class instead of the class."""
    values = dict(codec)
    kind = values['type']
    return dict(values, type=getattr(kind, '__name__', kind))
