# SPDX-License-Identifier: Apache-2.0
"""Image files to packed samples, and on to the batch that a loss takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data._utils.pin_memory import pin_memory

from mmpose_face.engine.seeding import seed_from

from .sides import Options, configs_with_faces
from .timing import MMPOSE, OURS, Pair


def pipeline(options: Options) -> Iterator[Pair]:
    """The data pipelines of the test and of the training, by their configs.

    Our training pipeline leaves the targets to the device, so it is measured
    with collation, preprocessor and targets, too.
    """
    size = options.batch or 16
    cfgs = configs_with_faces(options)
    for part in ('test', 'train'):
        loaders = {side: _loader(cfg, part) for side, cfg in cfgs.items()}
        ways = {side: partial(samples, load.dataset, size) for side, load in loaders.items()}
        apart = _pixels_apart(ways[OURS](0), ways[MMPOSE](0))
        yield Pair(f'{part}, {size} faces', size, ways, apart, 'of pixels', 0.01)
    ways = {
        side: partial(_batch, load, _preprocessor(cfgs[side], options.device), size)
        for side, load in loaders.items()
    }
    apart = float((ways[OURS](0)[1] - ways[MMPOSE](0)[1]).abs().max())
    case = f'train, {size} faces to the batch with targets'
    yield Pair(case, size, ways, apart, 'of the targets', 1e-3)


def _loader(cfg: Config, part: str) -> DataLoader:
    init_default_scope('mmpose')  # of the names in MMPose's pipelines
    with redirect_stdout(StringIO()):  # COCO's reader prints
        return Runner.build_dataloader(cfg[f'{part}_dataloader'], seed=0)


def _preprocessor(cfg: Config, device: str) -> nn.Module:
    return MODELS.build(cfg.model.data_preprocessor).to(device)


def samples(dataset: BaseDataset, size: int, i: int) -> list[dict]:
    """Packed samples, each drawn from a seed of its own, the same for both
    sides.

    Args:
        dataset (BaseDataset): The data set.
        size (int): Faces in a batch.
        i (int): Number of the batch.

    Returns:
        list[dict]: ``inputs`` and ``data_samples`` of each face.
    """
    found = []
    for index in range(i * size, (i + 1) * size):
        seed_from(index)
        found.append(dataset[index % len(dataset)])
    return found


def collated(loader: DataLoader, faces: list[dict]) -> Any:
    """A batch on the host, as the loader hands it out."""
    batch = loader.collate_fn(faces)
    return pin_memory(batch) if loader.pin_memory and torch.cuda.is_available() else batch


def _batch(loader: DataLoader, preprocessor: nn.Module, size: int, i: int) -> tuple[Tensor, Tensor]:
    """Images (B, 3, H, W) and targets on the device, stacked as the heads
    do."""
    data = preprocessor(collated(loader, samples(loader.dataset, size, i)), True)
    found = data['data_samples']
    if 'gt_fields' in found[0]:
        return data['inputs'], torch.stack([face.gt_fields.heatmaps for face in found])
    labels = [face.gt_instance_labels.keypoint_labels for face in found]
    return data['inputs'], torch.cat(labels)


def _pixels_apart(ours: list[dict], theirs: list[dict]) -> float:
    """The share of pixels that differ by more than one grey level."""
    levels = [np.subtract(a['inputs'], b['inputs'], dtype=np.int16) for a, b in zip(ours, theirs)]
    return float(np.mean(np.abs(np.stack(levels)) > 1))
