# SPDX-License-Identifier: Apache-2.0
"""Our scripts in forks of a process with their imports done, which take longer
than most tests."""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FORKS = multiprocessing.get_context('forkserver')
FORKS.set_forkserver_preload(
    [
        'mmpose.apis',
        'mmpose_face.engine.launch',
        'mmpose_face.visualization',
        'mmpose_face.commands.box_robustness',
    ]
)


def run_forked(argv: Sequence[str], cwd: Path) -> subprocess.CompletedProcess:
    """Run ``python *argv`` in a folder, with one thread."""
    with tempfile.NamedTemporaryFile('r') as out:
        process = FORKS.Process(target=_run, args=(argv, str(cwd), out.name))
        process.start()
        process.join()
        return subprocess.CompletedProcess(argv, process.exitcode, out.read())


def _run(argv: Sequence[str], cwd: str, out: str) -> None:
    to_out = os.open(out, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(to_out, stream)
    import torch

    torch.set_num_threads(1)
    os.environ['OMP_NUM_THREADS'] = '1'
    os.chdir(cwd)
    sys.argv = list(argv)
    sys.path.insert(0, str(Path(argv[0]).resolve().parent))  # as Python does
    runpy.run_path(argv[0], run_name='__main__')
