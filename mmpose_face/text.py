# SPDX-License-Identifier: Apache-2.0
"""Lists of names in messages."""

from collections.abc import Sequence


def shortened(names: Sequence[object], at_most: int = 5) -> str:
    """The first few of many names, for a message.

    Args:
        names (Sequence): The names, or other values to be written.
        at_most (int): How many are written. Defaults to 5.

    Returns:
        str: The names with commas between them, and ``...`` if there are
        more.
    """
    more = ', ...' if len(names) > at_most else ''
    return ', '.join(map(str, names[:at_most])) + more
