# SPDX-License-Identifier: Apache-2.0
"""Error messages for checkpoints that do not fit a model or cannot be had."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn as nn
from mmengine.model import PretrainedInit

from ..downloads import DownloadError
from ..text import shortened


@contextmanager
def misfit_explained(filename: str) -> Iterator[None]:
    """Explain the errors of MMEngine's strict loading.

    Args:
        filename (str): The checkpoint, for the message.

    Raises:
        ValueError: If MMEngine finds keys missing or unexpected, or tensors
            of another shape; the message counts them and lists the first.
    """
    try:
        yield
    except RuntimeError as error:
        raise ValueError(
            f'{filename} does not fit the model of this config; expected a '
            'checkpoint of the same architecture and number of points. '
            + _shorten_message(str(error))
        ) from error


@contextmanager
def missing_start_explained(model: nn.Module) -> Iterator[None]:
    """Explain the errors of ``init_weights`` with pretrained weights.

    Args:
        model (nn.Module): The model, for the message.

    Raises:
        DownloadError: If the weights cannot be fetched; the message names the
            part of the model and says how to train without them.
        FileNotFoundError: The same, if they are a file that does not exist.
    """
    try:
        yield
    except (DownloadError, FileNotFoundError) as error:
        part = next(_parts_without_weights(model), None)
        if part is None:
            raise
        name, kind, weights = part
        raise type(error)(
            f'the pretrained weights {weights} of {name} ({kind}) cannot '
            f'be loaded: {error}. To train it from scratch: --cfg-options '
            f'{name}.init_cfg=None'
        ) from error


def _parts_without_weights(model: nn.Module) -> Iterator[tuple[str, str, str]]:
    """Name in the config, class and weights of the parts whose pretrained
    weights are not loaded yet."""
    for name, part in getattr(model, 'module', model).named_modules():
        given = getattr(part, 'init_cfg', None) or ()
        for init in (given,) if isinstance(given, dict) else given:
            if init['type'] in ('Pretrained', PretrainedInit) and not part.is_init:
                path = f'model.{name}'.rstrip('.')
                yield path, type(part).__name__, init['checkpoint']


def _shorten_message(message: str, lines: int = 8, keys: int = 10) -> str:
    """Shorten a message that lists hundreds of keys."""
    shown = [line for line in message.splitlines() if line.strip()]
    rest = len(shown) - lines
    shown = [_shorten_line(line, keys) for line in shown[:lines]]
    return '\n'.join(shown + [f'... and {rest} more lines'] * (rest > 0))


def _shorten_line(line: str, at_most: int) -> str:
    """Shorten a line to its first keys and their total number."""
    what, _, listed = line.partition(': ')
    keys = listed.split(', ')
    if len(keys) <= at_most:
        return line
    return f'{what}: {shortened(keys, at_most)} ({len(keys)} in all)'
