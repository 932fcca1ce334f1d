# SPDX-License-Identifier: Apache-2.0
"""What messages are made of."""

from collections.abc import Sequence


def shortened(names: Sequence, at_most: int = 5) -> str:
    """The first of many names, for a message.

    Args:
        names (Sequence): The names, or what is written like one.
        at_most (int): How many are named.

    Returns:
        str: They, with ``...`` where there are more.
    """
    more = ', ...' if len(names) > at_most else ''
    return ', '.join(map(str, names[:at_most])) + more
