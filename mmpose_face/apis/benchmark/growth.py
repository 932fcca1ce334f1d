# SPDX-License-Identifier: Apache-2.0
"""How cost grows with faces in an image, landmarks, faces in a batch, workers
and processes."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from mmengine.dataset import BaseDataset
from torch.utils.data import DataLoader

from .child import start
from .decoding import decoding
from .options import DARK, Options
from .pipeline import make_loader, open_data, sample
from .results import Measurement
from .sides import configs
from .targets import targets
from .testing import test_measurement
from .timing import Way, in_turn
from .wflw_like import make_wflw_like
from .whole import SIDES, training_task

FACES_PER_IMAGE = (1, 4, 16, 64)
LANDMARKS = (19, 29, 68, 98)
BATCHES = (1, 4, 16, 64, 256)
WORKERS = (0, 1, 2, 4, 8)
PROCESSES = (1, 2)

_BATCH = 32


def growth(options: Options) -> Iterator[Measurement]:
    """Measure how cost grows.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds; ``settings`` has ``axis``, the name of what
        grows, and ``x``, its value.
    """
    yield from faces_per_image(options)
    yield from landmarks(options)
    yield from batch_sizes(options)
    yield from workers(options)
    yield from processes(options)


def faces_per_image(options: Options) -> Iterator[Measurement]:
    """The test pipeline on as many faces in fewer and fewer images."""
    number = max(*FACES_PER_IMAGE, options.faces)
    for x in FACES_PER_IMAGE:
        root = make_wflw_like(options.folder, number, x)
        # As the sampler of the test does, one image after the other.
        ways = {
            side: _all_faces(open_data(cfg, 'test', root)) for side, cfg in configs(DARK).items()
        }
        values = in_turn(ways, options.rounds, clock=options.clock)
        yield _grown('data pipeline', 'faces per image', x, values, number)


def _all_faces(dataset: BaseDataset) -> Way:
    return lambda i: [sample(dataset, j) for j in range(len(dataset))]


def landmarks(options: Options) -> Iterator[Measurement]:
    """Decoding and drawing of more and more points."""
    for x in LANDMARKS:
        for part in (decoding, targets):
            for m in part(options, _BATCH, x, goals=False):
                yield _renamed(m, 'landmarks', x)


def batch_sizes(options: Options) -> Iterator[Measurement]:
    """Decoding, drawing and, on a GPU, the test step of larger and larger
    batches."""
    for x in BATCHES:
        for part in (decoding, targets):
            for m in part(options, x, goals=False):
                yield _renamed(m, 'batch', x)
        if torch.device(options.device).type == 'cuda':
            m = test_measurement('test step', options.row, replace(options, batch=x, variants=()))
            yield _renamed(replace(m, goals=()), 'batch', x)


def workers(options: Options) -> Iterator[Measurement]:
    """An epoch of the training's loader with more and more workers."""
    root = make_wflw_like(options.folder, options.faces)
    for x in WORKERS:
        ways = {
            side: _epoch(make_loader(cfg, open_data(cfg, 'train', root), 16, x))
            for side, cfg in configs(DARK).items()
        }
        values = in_turn(ways, min(3, options.rounds), most_calls=1)
        yield _grown('loader', 'workers', x, values, options.faces)


def _epoch(loader: DataLoader) -> Way:

    def epoch(i: int) -> int:
        return sum(1 for _ in loader)

    return epoch


def processes(options: Options) -> Iterator[Measurement]:
    """A training in one and in two processes, on as many faces each."""
    for x in PROCESSES:
        found: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(min(3, options.rounds)):
            for side in SIDES:
                task = replace(training_task(side, options, x), workers=0)
                found[side] += start(task)['iterations']
        faces = x * options.network_batch(training=True)
        yield _grown('training', 'processes', x, found, faces)


def _grown(part: str, axis: str, x: int, values: dict[str, list[float]], faces: int) -> Measurement:
    return Measurement(
        'growth',
        f'{part}, {axis} {x}',
        values,
        faces=faces,
        settings={'of': part, 'axis': axis, 'x': x},
    )


def _renamed(m: Measurement, axis: str, x: int) -> Measurement:
    of = f'{m.part}, {m.settings["kind"]}' if 'kind' in m.settings else m.part
    return replace(
        m, part='growth', case=f'{of}, {axis} {x}', settings={'of': of, 'axis': axis, 'x': x}
    )
