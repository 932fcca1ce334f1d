# SPDX-License-Identifier: Apache-2.0
"""One iteration of the test, with the hooks of the config; the flip test; and
the network alone, which no path can do without."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner
from torch import nn

from .options import Options
from .results import OURS, THEIRS, Goal, Measurement
from .runners import batches, network_inputs, runners, share_weights
from .sides import batch_measurement
from .timing import Way, in_turn

NETWORK = 'network'


def test_ways(made: dict[str, Runner]) -> dict[str, Way]:
    """An iteration of MMEngine's test loop for each runner: collated samples
    on the host to points on the host, the metric, and all hooks.

    Args:
        made (dict[str, Runner]): Runners.

    Returns:
        dict[str, Way]: By the names of the runners; and ``'network'``, the
        network alone, on normalised images on the device.
    """
    ways = {name: _test(runner) for name, runner in made.items()}
    ways[NETWORK] = _network(made[OURS])
    return ways


def _test(runner: Runner) -> Way:
    loop, loaded = runner.test_loop, batches(runner, 'test')

    def test(i: int) -> None:
        runner.model.eval()
        loop.run_iter(i, loaded[i % len(loaded)])
        for metric in loop.evaluator.metrics:
            metric.results.clear()  # it would grow with every round

    return test


def _network(runner: Runner) -> Way:
    """One pass over the images and, where the row has a flip test, their
    mirror images, which are there already."""
    model = runner.model
    loaded = [network_inputs(runner, b) for b in batches(runner, 'test')]
    if model.test_cfg.get('flip_test'):
        loaded = [torch.cat((x, x.flip(-1))) for x in loaded]

    def network(i: int) -> None:
        model.eval()
        with torch.no_grad():
            model(loaded[i % len(loaded)], None, mode='tensor')

    return network


def testing(options: Options) -> Iterator[Measurement]:
    """Time a test step.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds of one batch.
    """
    yield test_measurement('test step', options.row, options)


def test_measurement(part: str, row: str, options: Options) -> Measurement:
    """Time a test step of a row.

    Args:
        part (str): What to call the measurement.
        row (str): Name of the row.
        options (Options): What is asked for.

    Returns:
        Measurement: Seconds of one batch.
    """
    made, batch = runners(row, options), options.network_batch(training=False)
    apart = predictions_apart(made)
    values = in_turn(test_ways(made), options.rounds, options.device, options.clock)
    aimed = torch.device(options.device).type == 'cuda' and THEIRS in made
    return batch_measurement(
        part,
        row,
        batch,
        values,
        difference=apart,
        goals=(Goal(THEIRS, OURS, at_least=3.0), Goal(OURS, NETWORK, at_most=1.25))
        if aimed
        else (),
    )


def predictions_apart(made: dict[str, Runner]) -> str:
    """How far our points are from MMPose's with the same weights and faces,
    in words: the median, since on the maps of a network that is not trained
    one rounding can choose another peak."""
    if not {OURS, THEIRS} <= made.keys():
        return ''
    share_weights(made)
    apart = np.abs(predictions(made[OURS]) - predictions(made[THEIRS]))
    return f'median {np.median(apart):.1e} px'


def predictions(runner: Runner) -> np.ndarray:
    """Points of the first batch of the test.

    Args:
        runner (Runner): A runner.

    Returns:
        np.ndarray: (B, K, 2), pixels of the images.
    """
    model = runner.model.eval()
    with torch.no_grad():
        found = model.test_step(batches(runner, 'test', 1)[0])
    return np.concatenate([f.pred_instances.keypoints for f in found])


def flip_ways(made: dict[str, Runner]) -> dict[str, Way]:
    """From normalised images on the device to the points of the flip test.

    Args:
        made (dict[str, Runner]): Runners whose rows have a flip test.

    Returns:
        dict[str, Way]: By the names of the runners; and ``'one pass'``, ours
        without the mirror images.
    """
    ways = {name: _predict(r, True) for name, r in made.items()}
    ways['one pass'] = _predict(made[OURS], False)
    return ways


def _predict(runner: Runner, flip: bool) -> Way:
    model = runner.model
    loaded = [_preprocessed(model, b) for b in batches(runner, 'test')]

    def predict(i: int) -> Any:
        model.eval()
        before = model.test_cfg['flip_test']
        model.test_cfg['flip_test'] = flip
        try:
            with torch.no_grad():
                return model(**loaded[i % len(loaded)], mode='predict')
        finally:
            model.test_cfg['flip_test'] = before

    return predict


def _preprocessed(model: nn.Module, batch: Any) -> dict[str, Any]:
    with torch.no_grad():
        return model.data_preprocessor(batch, False)


def flip_test(options: Options) -> Iterator[Measurement]:
    """Time the flip test.

    Args:
        options (Options): What is asked for.

    Yields:
        Measurement: Seconds of one batch.
    """
    batch = options.network_batch(training=False)
    made = runners(options.row, options)
    values = in_turn(flip_ways(made), options.rounds, options.device, options.clock)
    yield batch_measurement(
        'flip test', options.row, batch, values, difference=predictions_apart(made)
    )
