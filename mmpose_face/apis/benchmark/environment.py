# SPDX-License-Identifier: Apache-2.0
"""Where a benchmark ran, and on how many threads."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import cv2
import mmengine
import mmpose
import numpy as np
import torch

from ...version import __version__


def set_threads(threads: int | None) -> None:
    """Threads of torch and OpenCV; MMEngine's runner sets OpenCV's to 0, so
    that it has to be called after a runner was built.

    Args:
        threads (int, optional): Their number; None leaves them as they are.
    """
    if threads is not None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)


def describe(device: str) -> dict[str, str | int | None]:
    """What a figure has to be read with.

    Args:
        device (str): Where the networks run.

    Returns:
        dict: Processor, device, versions, threads and the command.
    """
    return dict(
        command=' '.join(['python', *_command()]),
        processor=_processor(),
        cores=os.cpu_count(),
        device=_name(device),
        torch_threads=torch.get_num_threads(),
        opencv_threads=cv2.getNumThreads(),
        omp_num_threads=os.environ.get('OMP_NUM_THREADS'),
        tf32=_tf32(device),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        opencv=cv2.__version__,
        mmengine=mmengine.__version__,
        mmpose=mmpose.__version__,
        mmpose_face=__version__,
    )


def _command() -> list:
    script, *rest = sys.argv
    return [f'tools/{Path(script).name}', *rest]


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(':', 1)[1] for line in lines if 'model name' in line]
    return names[0].strip() if names else platform.processor()


def _name(device: str) -> str:
    if torch.device(device).type == 'cuda':
        return torch.cuda.get_device_name(device)
    return device


def _tf32(device: str) -> str | None:
    """Whether fp32 convolutions and products may be rounded."""
    if torch.device(device).type != 'cuda':
        return None
    return (
        f'convolutions {torch.backends.cudnn.allow_tf32}, '
        f'matrix products {torch.backends.cuda.matmul.allow_tf32}'
    )
