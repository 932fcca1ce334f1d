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
    """Around strict loading by MMEngine.

    Args:
        filename (str): The checkpoint, for the message.

    Raises:
        ValueError: If MMEngine finds keys missing or unexpected, or tensors
            of another shape; the message says how many, and lists the first.
    """
    try:
        yield
    except RuntimeError as error:
        raise ValueError(
            f'{filename} does not fit the model of this config; expected a '
            'checkpoint of the same architecture and number of points. ' + _in_short(str(error))
        ) from error


@contextmanager
def missing_start_explained(model: nn.Module) -> Iterator[None]:
    """Around ``init_weights`` of a model that starts from pretrained weights.

    Args:
        model (nn.Module): The model, for the message.

    Raises:
        DownloadError: If the weights cannot be fetched; the message says
            whose they are and how to do without.
        FileNotFoundError: The same, if they are a file that is not there.
    """
    try:
        yield
    except (DownloadError, FileNotFoundError) as error:
        waiting = next(_waiting(model), None)
        if waiting is None:
            raise
        name, kind, weights = waiting
        raise type(error)(
            f'the pretrained weights {weights} of {name} ({kind}) are not to '
            f'be had: {error}. To train it from scratch: --cfg-options '
            f'{name}.init_cfg=None'
        ) from error


def _waiting(model: nn.Module) -> Iterator[tuple[str, str, str]]:
    """Name in the config, class and weights of the parts that have not got
    theirs."""
    for name, part in getattr(model, 'module', model).named_modules():
        given = getattr(part, 'init_cfg', None) or ()
        for init in (given,) if isinstance(given, dict) else given:
            if init['type'] in ('Pretrained', PretrainedInit) and not part.is_init:
                path = f'model.{name}'.rstrip('.')
                yield path, type(part).__name__, init['checkpoint']


def _in_short(message: str, lines: int = 8, keys: int = 10) -> str:
    """The beginning of a message that lists hundreds of keys."""
    shown = [line for line in message.splitlines() if line.strip()]
    rest = len(shown) - lines
    shown = [_counted(line, keys) for line in shown[:lines]]
    return '\n'.join(shown + [f'... and {rest} more lines'] * (rest > 0))


def _counted(line: str, at_most: int) -> str:
    """The first of the keys of a line, and how many there are."""
    what, _, listed = line.partition(': ')
    keys = listed.split(', ')
    if len(keys) <= at_most:
        return line
    return f'{what}: {shortened(keys, at_most)} ({len(keys)} in all)'
