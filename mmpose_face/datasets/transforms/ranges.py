# SPDX-License-Identifier: Apache-2.0
"""Checks of options that are ranges of random numbers."""

from collections.abc import Sequence

import numpy as np


def check_range(
    name: str, between: Sequence[float], lowest: float, highest: float
) -> tuple[float, float]:
    """Check the two ends of a range.

    Args:
        name (str): The option, for the message.
        between (Sequence[float]): The ends that were given.
        lowest (float): Least value of the lower end.
        highest (float): Greatest value of the upper end.

    Returns:
        tuple[float, float]: The lower and the upper end.

    Raises:
        ValueError: If they are not two ordered numbers within the limits.
    """
    if np.shape(between) == (2,):
        low, high = map(float, between)
        if lowest <= low <= high <= highest:
            return low, high
    raise ValueError(
        f'{name} must be two numbers, the smaller one first, '
        f'from {lowest} to {highest}, got {between}'
    )
