# SPDX-License-Identifier: Apache-2.0
"""Messages to MMEngine's logger, from modules that do without MMEngine until
there is something to say."""

import logging
from typing import Any


def print_log(message: Any, logger: Any = None, level: int = logging.INFO) -> None:
    """Call :func:`mmengine.logging.print_log`, which is imported here: it
    brings torch, which takes seconds."""
    from mmengine.logging import print_log as to_mmengine

    to_mmengine(message, logger, level)
