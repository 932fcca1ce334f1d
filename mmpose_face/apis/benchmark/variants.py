# SPDX-License-Identifier: Apache-2.0
"""Switches of our networks that are timed beside their defaults."""

from typing import Any

SWITCHES = ('amp', 'channels_last', 'compile')


def changes_of(variant: str) -> dict[str, Any]:
    """What a variant changes in our config.

    Args:
        variant (str): Names of :data:`SWITCHES` that are on, joined by ``+``.

    Returns:
        dict: For ``Config.merge_from_dict``.

    Raises:
        ValueError: If there is no such switch.
    """
    names = variant.split('+')
    unknown = [name for name in names if name not in SWITCHES]
    if unknown:
        raise ValueError(f'expected variants of {", ".join(SWITCHES)}, joined by +; got {variant}')
    return {f'model.network.{name}': True for name in names}
