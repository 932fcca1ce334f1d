# SPDX-License-Identifier: Apache-2.0
"""What is said of a checkpoint that does not fit a model."""
import textwrap
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def misfit_explained(filename: str) -> Iterator[None]:
    """Around strict loading by MMEngine.

    Args:
        filename (str): The checkpoint, for the message.

    Raises:
        ValueError: If MMEngine finds keys missing or unexpected, or tensors
            of another shape; the message lists the first of them.
    """
    try:
        yield
    except RuntimeError as error:
        raise ValueError(
            f'{filename} does not fit the model of this config; expected a '
            'checkpoint of the same architecture and number of points. ' +
            _in_short(str(error))) from error


def _in_short(message: str, lines: int = 8, width: int = 300) -> str:
    """The beginning of a message that lists hundreds of keys."""
    shown = [line for line in message.splitlines() if line.strip()]
    rest = len(shown) - lines
    shown = [
        textwrap.shorten(line, width, placeholder=' ...')
        for line in shown[:lines]
    ]
    return '\n'.join(shown + [f'... and {rest} more lines'] * (rest > 0))
