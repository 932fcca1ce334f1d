# SPDX-License-Identifier: Apache-2.0
"""From packed samples to the batch that a network takes, on its device."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.runner import Runner
from torch import Tensor

from .options import Options
from .results import OURS, THEIRS, Measurement
from .runners import collated, faces_of, runners
from .sides import batch_measurement
from .timing import Way, in_turn


def preprocessing_ways(made: dict[str, Runner], batch: int) -> dict[str, Way]:
    """Collation, the way to the device and the data preprocessor of a
    training step for each runner. Ours draws the targets there too; MMPose's
    workers drew them before.

    Args:
        made (dict[str, Runner]): Runners.
        batch (int): Faces in a batch.

    Returns:
        dict[str, Way]: By the names of the runners; each gives what the
        preprocessor gives.
    """
    return {name: _preprocess(runner, batch) for name, runner in made.items()}


def _preprocess(runner: Runner, batch: int) -> Way:
    model = runner.model
    loader = runner.train_loop.dataloader
    loaded = faces_of(runner, 'train', size=batch)

    def preprocess(i: int) -> dict[str, Any]:
        with torch.no_grad():
            return model.data_preprocessor(collated(loader, loaded[i % len(loaded)]), True)

    return preprocess


def preprocessing(options: Options) -> Iterator[Measurement]:
    """Time collation and preprocessing.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds of one batch.
    """
    made = runners(options.row, options)
    # A network's batch is small on a CPU for the network's sake.
    batch = options.batch or max(32, options.network_batch(training=True))
    ways = preprocessing_ways(made, batch)
    yield batch_measurement(
        'preprocessing',
        options.row,
        batch,
        in_turn(ways, options.rounds, options.device, options.clock),
        difference=inputs_apart(ways[OURS](0)['inputs'], ways[THEIRS](0)['inputs']),
    )


def inputs_apart(ours: Tensor, theirs: Tensor) -> str:
    """How far normalised images are apart, in words."""
    return f'median {float((ours - theirs).abs().median()):.1e}'
