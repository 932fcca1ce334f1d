# SPDX-License-Identifier: Apache-2.0
"""Several processes on a machine without a GPU.

For: MMEngine 0.10, whose launchers call ``torch.cuda.set_device`` and give
GPU numbers to DistributedDataParallel for every backend, so that ``--launcher
pytorch`` cannot start without CUDA. MMEngine uses an existing process group
and a configured model wrapper as they are.

Can go when ``mmengine.dist.init_dist('pytorch', 'gloo')`` works without CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed
from mmengine.config import Config


@contextmanager
def cpu_processes(launcher: str) -> Iterator[None]:
    """Run the body within a gloo process group, which MMEngine would fail to
    start; do nothing with a GPU or a single process.

    Args:
        launcher (str): ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.

    Raises:
        ValueError: For the launchers ``slurm`` and ``mpi``, which need GPUs.
    """
    if launcher == 'none' or torch.cuda.is_available():
        yield
        return
    if launcher != 'pytorch':
        raise ValueError(
            f'--launcher {launcher} needs GPUs, and torch finds none; '
            'use --launcher pytorch to run several processes on the CPU'
        )
    torch.distributed.init_process_group(backend='gloo')
    try:
        yield
    finally:
        # gloo's threads abort a process that ends while they run.
        torch.distributed.destroy_process_group()


def cpu_model_wrapper(cfg: Config) -> dict | None:
    """The model wrapper that MMEngine makes by default, without GPU numbers.

    Args:
        cfg (Config): Runner config.

    Returns:
        dict | None: Its config; None with a GPU, where MMEngine's own works.
    """
    if torch.cuda.is_available():
        return None
    return dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
