# SPDX-License-Identifier: Apache-2.0
"""One iteration of the training, with the hooks of the config."""

from collections.abc import Iterator

import torch
from mmengine.runner import Runner

from .options import Options
from .results import OURS, THEIRS, Goal, Measurement
from .runners import batches, runners, share_weights
from .sides import batch_measurement
from .timing import Way, in_turn

# Goals of ours and of its variants, on a GPU with batches of 64.
_LEAST = {OURS: 1.5, 'amp+channels_last': 2.5}


def step_ways(made: dict[str, Runner]) -> dict[str, Way]:
    """An iteration of MMEngine's training loop for each runner: collated
    samples on the host to changed weights, and all hooks.

    Args:
        made (dict[str, Runner]): Runners that are ready to train.

    Returns:
        dict[str, Way]: By the names of the runners.
    """
    return {name: _step(runner) for name, runner in made.items()}


def _step(runner: Runner) -> Way:
    loaded = batches(runner, 'train')

    def step(i: int) -> None:
        runner.model.train()
        runner.train_loop.run_iter(i, loaded[i % len(loaded)])

    return step


def training(options: Options) -> Iterator[Measurement]:
    """Time a training step.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds of one batch.
    """
    yield step_measurement('training step', options.row, options)


def step_measurement(part: str, row: str, options: Options) -> Measurement:
    """Time a training step of a row.

    Args:
        part (str): What to call the measurement.
        row (str): Name of the row.
        options (Options): What is asked for.

    Returns:
        Measurement: Seconds of one batch.
    """
    made, batch = runners(row, options), options.network_batch(training=True)
    apart = losses_apart(made)
    values = in_turn(step_ways(made), options.rounds, options.device, options.clock)
    aimed = batch == 64 and torch.device(options.device).type == 'cuda'
    return batch_measurement(
        part,
        row,
        batch,
        values,
        difference=apart,
        goals=tuple(
            Goal(THEIRS, way, at_least=least)
            for way, least in _LEAST.items()
            if aimed and {way, THEIRS} <= values.keys()
        ),
    )


def losses_apart(made: dict[str, Runner]) -> str:
    """How far our loss is from MMPose's with the same weights and faces, in
    words."""
    if not {OURS, THEIRS} <= made.keys():
        return ''
    share_weights(made)
    ours, theirs = (_loss(made[side]) for side in (OURS, THEIRS))
    return f'{abs(ours - theirs) / abs(theirs):.1e} of the loss'


def _loss(runner: Runner) -> float:
    """Of the first batch."""
    model = runner.model.train()
    with torch.no_grad():
        data = model.data_preprocessor(batches(runner, 'train', 1)[0], True)
        losses = model(**data, mode='loss')
    return float(model.parse_losses(losses)[0])
