# SPDX-License-Identifier: Apache-2.0
"""From files to packed samples, and on to the batch that a network takes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import DATASETS, MODELS
from torch import Tensor
from torch.utils.data import DataLoader

from ...datasets.transforms import LoadFaceImage
from ...engine.seeding import seed_from
from .options import DARK, Options
from .preprocessing import inputs_apart
from .results import OURS, THEIRS, Goal, Measurement
from .runners import collated
from .sides import configs
from .timing import Way, in_turn
from .wflw_like import make_wflw_like

# Faces of one call.
CHUNK = 16
_GOALS = {'from files': 1.5, 'images given': 3.0, 'crop cache': 6.0}


def open_data(
    cfg: Config, part: str, root: Path, cache: Path | None = None, targets: bool = True
) -> BaseDataset:
    """The data set of a config on other files.

    Args:
        cfg (Config): Ours or MMPose's.
        part (str): ``'train'`` or ``'test'``.
        root (Path): The root of the data.
        cache (Path, optional): Where our loader keeps the surroundings of
            faces.
        targets (bool): Whether the pipeline makes targets.

    Returns:
        BaseDataset: With the config's pipeline.
    """
    init_default_scope('mmpose')  # of the names in MMPose's pipelines
    dataset = copy.deepcopy(cfg[f'{part}_dataloader'].dataset)
    steps = {_step_name(step): step for step in dataset.pipeline}
    if cache is not None:
        steps[LoadFaceImage.__name__].cache = dict(folder=str(cache))
    kept = [s for n, s in steps.items() if targets or not n.endswith('Target')]
    with redirect_stdout(StringIO()):  # COCO's reader prints
        return DATASETS.build(dict(dataset, data_root=f'{root}/', pipeline=kept))


def _step_name(step: dict) -> str:
    return getattr(step['type'], '__name__', step['type'])


def make_loader(cfg: Config, dataset: BaseDataset, batch: int, workers: int = 0) -> DataLoader:
    """The loader of a training, with the config's collation and sampler.

    Args:
        cfg (Config): Ours or MMPose's.
        dataset (BaseDataset): What it loads.
        batch (int): Faces in a batch.
        workers (int): Number of workers.

    Returns:
        DataLoader: The loader.
    """
    loader = dict(
        cfg.train_dataloader,
        dataset=dataset,
        batch_size=batch,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    return Runner.build_dataloader(loader, seed=0)


def sample(dataset: BaseDataset, index: int) -> dict:
    """A packed sample, drawn from a seed of its own.

    Args:
        dataset (BaseDataset): The data set.
        index (int): Of the face.

    Returns:
        dict: ``inputs`` and ``data_samples``.
    """
    seed_from(index)
    return dataset[index]


def sample_of(dataset: BaseDataset, index: int, images: dict[str, np.ndarray]) -> dict:
    """A packed sample of an image that is decoded already.

    Args:
        dataset (BaseDataset): The data set.
        index (int): Of the face.
        images (dict[str, np.ndarray]): By path.

    Returns:
        dict: ``inputs`` and ``data_samples``.
    """
    seed_from(index)
    info = dataset.get_data_info(index)
    return dataset.pipeline(dict(info, img=images[info['img_path']]))


def decoded(dataset: BaseDataset) -> dict[str, np.ndarray]:
    """All images of a data set by their paths."""
    paths = {info['img_path'] for info in map(dataset.get_data_info, range(len(dataset)))}
    return {path: cv2.imread(path) for path in sorted(paths)}


def file_ways(datasets: dict[str, BaseDataset]) -> dict[str, Way]:
    """Samples of :data:`CHUNK` faces, image files included.

    Args:
        datasets (dict[str, BaseDataset]): By side.

    Returns:
        dict[str, Way]: By side; each gives the samples.
    """
    return {
        side: lambda i, d=data: [sample(d, j) for j in _chunk(i, d)]
        for side, data in datasets.items()
    }


def image_ways(datasets: dict[str, BaseDataset]) -> dict[str, Way]:
    """The same of images that are decoded already.

    Args:
        datasets (dict[str, BaseDataset]): By side.

    Returns:
        dict[str, Way]: By side; each gives the samples.
    """
    images = decoded(datasets[OURS])
    return {
        side: lambda i, d=data: [sample_of(d, j, images) for j in _chunk(i, d)]
        for side, data in datasets.items()
    }


def batch_ways(
    cfgs: dict[str, Config], datasets: dict[str, BaseDataset], device: str
) -> dict[str, Way]:
    """From image files to what the loss of a training takes: normalised
    images and heatmaps on the device.

    Args:
        cfgs (dict[str, Config]): By side.
        datasets (dict[str, BaseDataset]): Of the training, by side.
        device (str): Where they are wanted.

    Returns:
        dict[str, Way]: By side; each gives images (B, 3, H, W) and heatmaps
        (B, K, H, W).
    """
    files = file_ways(datasets)
    return {
        side: _to_batch(
            files[side],
            make_loader(cfg, datasets[side], CHUNK),
            cfg.model.data_preprocessor,
            device,
        )
        for side, cfg in cfgs.items()
    }


def _to_batch(files: Way, loader: DataLoader, preprocessor: dict, device: str) -> Way:
    module = MODELS.build(preprocessor).to(device)

    def to_batch(i: int) -> tuple[Tensor, Tensor]:
        data = module(collated(loader, files(i)), True)
        # As the heads stack them.
        fields = [s.gt_fields.heatmaps for s in data['data_samples']]
        return data['inputs'], torch.stack(fields)

    return to_batch


def _chunk(i: int, dataset: BaseDataset) -> list[int]:
    """Indices of the faces of a call; the next call has the next ones."""
    return [j % len(dataset) for j in range(i * CHUNK, (i + 1) * CHUNK)]


def pipeline(options: Options) -> Iterator[Measurement]:
    """Time the data pipeline of training and test.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds of :data:`CHUNK` faces.
    """
    root = make_wflw_like(options.folder, options.faces)
    cfgs = configs(DARK)
    for part in ('train', 'test'):
        data = {s: open_data(cfg, part, root) for s, cfg in cfgs.items()}
        cached = _with_cache(cfgs[OURS], part, root)
        for case, ways in (
            ('from files', file_ways(data)),
            ('images given', image_ways(data)),
            ('crop cache', file_ways(dict(data, **{OURS: cached}))),
        ):
            yield _measured(part, case, ways, options)
        if part == 'train':
            yield from _targets_told(cfgs, data, root, options)


def _with_cache(cfg: Config, part: str, root: Path) -> BaseDataset:
    """Our data set with a cache that has all its faces."""
    dataset = open_data(cfg, part, root, root / 'crops')
    for i in range(len(dataset)):
        sample(dataset, i)
    return dataset


def _targets_told(
    cfgs: dict[str, Config], data: dict[str, BaseDataset], root: Path, options: Options
) -> Iterator[Measurement]:
    """Our pipeline leaves the targets to the device: both pipelines without
    targets, and both with the batch."""
    bare = {side: open_data(cfg, 'train', root, targets=False) for side, cfg in cfgs.items()}
    yield _measured('train', 'images given, no targets', image_ways(bare), options)
    ways = batch_ways(cfgs, data, options.device)
    (ours, _), (theirs, _) = ways[OURS](0), ways[THEIRS](0)
    yield _measurement(
        'train', 'from files to the batch with targets', ways, options, inputs_apart(ours, theirs)
    )


def _measured(part: str, case: str, ways: dict[str, Way], options: Options) -> Measurement:
    return _measurement(part, case, ways, options, pixels_apart(ways[OURS](0), ways[THEIRS](0)))


def _measurement(
    part: str, case: str, ways: dict[str, Way], options: Options, difference: str
) -> Measurement:
    aimed = case in _GOALS
    return Measurement(
        'data pipeline',
        f'{part}, {case}',
        in_turn(ways, options.rounds, options.device, options.clock, 0.2),
        faces=CHUNK,
        settings=dict(part=part, case=case, faces=options.faces),
        difference=difference,
        goals=(Goal(THEIRS, OURS, at_least=_GOALS[case]),) if aimed else (),
    )


def pixels_apart(ours: list[dict], theirs: list[dict]) -> str:
    """How many pixels of packed samples differ by more than one grey level,
    in words."""
    levels = np.concatenate([np.abs(_pixels(a) - _pixels(b)).ravel() for a, b in zip(ours, theirs)])
    return f'{np.mean(levels > 1):.2%} of pixels by > 1'


def _pixels(packed: dict) -> np.ndarray:
    inputs: Any = packed['inputs']
    return np.asarray(inputs).astype(np.int16)
