# SPDX-License-Identifier: Apache-2.0
"""From files to packed samples, and on to the batch that a network takes."""
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from ...engine.seeding import seed_from
from .options import DARK, Options
from .results import OURS, THEIRS, Goal, Measurement
from .sides import configs
from .timing import Way, in_turn
from .wflw_like import make_wflw_like

# Faces of one call.
CHUNK = 16
_GOALS = {'from files': 1.5, 'images given': 3., 'crop cache': 6.}


def open_data(cfg: Config, part: str, root: Path) -> BaseDataset:
    """The data set of a config on other files.

    Args:
        cfg (Config): Ours or MMPose's.
        part (str): ``'train'`` or ``'test'``.
        root (Path): The root of the data.

    Returns:
        BaseDataset: With the config's pipeline.
    """
    init_default_scope('mmpose')  # of the names in MMPose's pipelines
    dataset = cfg[f'{part}_dataloader'].dataset
    with redirect_stdout(StringIO()):  # COCO's reader prints
        return DATASETS.build(dict(dataset, data_root=f'{root}/'))


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


def sample_of(dataset: BaseDataset, index: int,
              images: Dict[str, np.ndarray]) -> dict:
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


def decoded(dataset: BaseDataset) -> Dict[str, np.ndarray]:
    """All images of a data set by their paths."""
    paths = {
        info['img_path']
        for info in map(dataset.get_data_info, range(len(dataset)))
    }
    return {path: cv2.imread(path) for path in sorted(paths)}


def file_ways(datasets: Dict[str, BaseDataset]) -> Dict[str, Way]:
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


def image_ways(datasets: Dict[str, BaseDataset]) -> Dict[str, Way]:
    """The same of images that are decoded already.

    Args:
        datasets (dict[str, BaseDataset]): By side.

    Returns:
        dict[str, Way]: By side; each gives the samples.
    """
    images = decoded(datasets[OURS])
    return {
        side:
        lambda i, d=data: [sample_of(d, j, images) for j in _chunk(i, d)]
        for side, data in datasets.items()
    }


def _chunk(i: int, dataset: BaseDataset) -> List[int]:
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
    for part in ('train', 'test'):
        datasets = {
            side: open_data(cfg, part, root)
            for side, cfg in configs(DARK).items()
        }
        for case, ways in (('from files', file_ways(datasets)),
                           ('images given', image_ways(datasets))):
            yield _measured(part, case, ways, options)


def _measured(part: str, case: str, ways: Dict[str, Way],
              options: Options) -> Measurement:
    aim = Goal(THEIRS, OURS, at_least=_GOALS[case])
    return Measurement(
        'data pipeline',
        f'{part}, {case}',
        in_turn(ways, options.rounds, clock=options.clock, least=.2),
        faces=CHUNK,
        settings=dict(part=part, case=case, faces=options.faces),
        difference=pixels_apart(ways[OURS](0), ways[THEIRS](0)),
        goals=(aim, ))


def pixels_apart(ours: List[dict], theirs: List[dict]) -> str:
    """How many pixels of packed samples differ by more than one grey level,
    in words."""
    levels = np.concatenate([
        np.abs(_pixels(a) - _pixels(b)).ravel() for a, b in zip(ours, theirs)
    ])
    return f'{np.mean(levels > 1):.2%} of pixels by > 1'


def _pixels(packed: dict) -> np.ndarray:
    inputs: Any = packed['inputs']
    return np.asarray(inputs).astype(np.int16)
