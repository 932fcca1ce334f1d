# SPDX-License-Identifier: Apache-2.0
"""A test or some iterations of a training, in a process of its own.

    python -m mmpose_face.apis.benchmark.child TASK

``TASK`` is a :class:`Task` as JSON; what is found goes to its ``out``.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...compat import cpu_model_wrapper, cpu_processes
from ...engine import FaceRunner
from .environment import set_threads
from .results import OURS
from .sides import configs


@dataclass(frozen=True)
class Task:
    """What a process does.

    Args:
        side (str): ``'ours'`` or ``'mmpose'``.
        row (str): Name of a row of WFLW.
        what (str): ``'test'`` or ``'train'``.
        data (str): The root of the data.
        out (str): The JSON file to write, beside which the run logs.
        checkpoint (str): Weights to test, empty for random ones.
        ann_file (str): Annotations of the test, below ``data``; empty for
            those of the config.
        batch (int): Faces in a batch; 0 for the config's.
        workers (int): Of each loader.
        iterations (int): Of a training.
        processes (int): That do it together, on parts of the batch each.
        threads (int): Of torch and OpenCV; 0 leaves them as they are.
    """

    side: str
    row: str
    what: Literal['test', 'train']
    data: str
    out: str
    checkpoint: str = ''
    ann_file: str = ''
    batch: int = 0
    workers: int = 2
    iterations: int = 0
    processes: int = 1
    threads: int = 0

    @property
    def launcher(self) -> str:
        """MMEngine's name of what starts the processes."""
        return 'pytorch' if self.processes > 1 else 'none'


@dataclass
class Watch(Hook):
    """Counts the faces that go through the network and times iterations."""

    faces: int = 0
    ends: list[float] = field(default_factory=list)

    def after_test_iter(
        self, runner: Any, batch_idx: int, data_batch: Any, outputs: Sequence[Any]
    ) -> None:
        self.faces += len(outputs)

    def after_train_iter(self, *args, **kwargs) -> None:
        self.ends.append(time.perf_counter())


def start(task: Task) -> dict[str, Any]:
    """Do a task in a process of its own, or in several.

    Args:
        task (Task): The task.

    Returns:
        dict: ``wall``, seconds from start to end; ``cpu``, seconds that all
        of its processes were at work; ``faces`` that went through the network
        in a test; seconds of the ``iterations`` of a training from the second
        on; most memory of the main process, ``main_mib``, and of its largest
        worker, ``worker_mib``.

    Raises:
        RuntimeError: If a process does not end well.
    """
    module = ('-m', __name__, json.dumps(asdict(task)))
    launcher = ('-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={task.processes}')
    if task.processes > 1:
        module = (*launcher, *module)
    out = Path(task.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    begin = time.perf_counter()
    done = subprocess.run(
        (sys.executable, '-W', 'ignore', *module),
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    wall = time.perf_counter() - begin
    if done.returncode or not out.is_file():
        raise RuntimeError(f'{task} ended with {done.returncode}:\n{done.stdout[-3000:]}')
    return dict(json.loads(out.read_text()), wall=wall)


def do(task: Task) -> None:
    """Do a task in this process and write what is found.

    Args:
        task (Task): The task.
    """
    watch = Watch()
    with cpu_processes(task.launcher):
        runner = _runner(task)
        runner.register_hook(watch, 'LOWEST')
        set_threads(task.threads or None)
        getattr(runner, task.what)()
        found = dict(
            faces=watch.faces,
            iterations=[b - a for a, b in zip(watch.ends, watch.ends[1:])],
            main_mib=_main_peak(),
            rank=runner.rank,
        )
    # The workers have ended only when nothing holds their loaders.
    del runner
    gc.collect()
    found['worker_mib'] = _peak(resource.RUSAGE_CHILDREN)
    found['cpu'] = sum(os.times()[:4])
    if found['rank'] == 0:
        Path(task.out).write_text(json.dumps(found))


def _main_peak() -> float:
    """Most memory that this process held, MiB.

    What ``getrusage`` says of a process that was started by another one is at
    least what that one held.
    """
    try:
        lines = Path('/proc/self/status').read_text().splitlines()
    except OSError:
        return _peak(resource.RUSAGE_SELF)
    (kib,) = (line.split()[1] for line in lines if line.startswith('VmHWM:'))
    return int(kib) / 1024


def _peak(who: int) -> float:
    """Most memory that a process held, MiB; of children, the largest one."""
    return resource.getrusage(who).ru_maxrss / 1024


def _runner(task: Task) -> Runner:
    cfg = configs(task.row)[task.side]
    for part in ('train', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(num_workers=task.workers, persistent_workers=task.workers > 0)
        loader.batch_size = task.batch or loader.batch_size
        loader.dataset.data_root = f'{task.data}/'
    if task.what == 'test':
        cfg.load_from = task.checkpoint or None
        cfg.test_dataloader.dataset.ann_file = task.ann_file or cfg.test_dataloader.dataset.ann_file
    else:
        faces = task.iterations * cfg.train_dataloader.batch_size
        cfg.train_dataloader.dataset.indices = faces * task.processes
        cfg.train_cfg.update(max_epochs=1)
    _only_that(cfg, task)
    if task.processes > 1 and task.side != OURS:
        # Without it MMEngine cannot start on CPUs; ours has it by itself.
        cfg.model_wrapper_cfg = cpu_model_wrapper(cfg)
    return (FaceRunner if task.side == OURS else Runner).from_cfg(cfg)


def _only_that(cfg: Config, task: Task) -> None:
    """No validation, no checkpoints, no log on the screen."""
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    cfg.launcher = task.launcher
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)
    cfg.work_dir = str(Path(task.out).with_suffix(''))


def main() -> None:
    do(Task(**json.loads(sys.argv[1])))


if __name__ == '__main__':
    main()
