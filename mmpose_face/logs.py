# SPDX-License-Identifier: Apache-2.0
"""Messages to MMEngine's logger, from modules that import MMEngine only when
there is a message."""

import logging
from typing import Any


def print_log(message: Any, logger: Any = None, level: int = logging.INFO) -> None:
    """Call :func:`mmengine.logging.print_log`.

    It is imported here because it imports torch, which takes seconds.
    """
    from mmengine.logging import print_log as to_mmengine

    to_mmengine(message, logger, level)
