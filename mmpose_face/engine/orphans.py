# SPDX-License-Identifier: Apache-2.0
"""Ending of child processes when a training is killed.

Without it, processes of torchrun go on and write into the work dir of the
resumed run; the workers of a loader can wait forever and keep their memory.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Callable


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends (Linux only)."""
    if sys.platform == 'linux':
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class WorkerInit:
    """A ``worker_init_fn`` that ends a loader's worker with its parent.

    Args:
        init (callable, optional): The loader's own ``worker_init_fn``.
    """

    def __init__(self, init: Callable[[int], None] | None) -> None:
        self.init = init

    def __call__(self, worker: int) -> None:
        end_with_parent()
        if self.init:
            self.init(worker)
