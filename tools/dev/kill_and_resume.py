# SPDX-License-Identifier: Apache-2.0
"""Kill a small training at random moments, resume it, compare the ends.

    python tools/dev/kill_and_resume.py --kills 20

The training (made-up faces, augmentation, dropout, persistent workers, EMA,
warm-up and two schedules, best and outdated checkpoints) runs once without
a kill. Then it is started, killed with SIGKILL at a moment drawn from the
time of the whole run, and started again with ``--resume``, until it ends;
then the next one begins, until the kills are used up. Every second kill spares
the workers of the loaders. All checkpoints must be equal, bit by bit: weights,
EMA, optimizer, schedules, metrics.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / 'tests')]

from conftest import RES18_300W, make_release  # noqa: E402

from mmpose_face.compat import checkpoints  # noqa: E402
from mmpose_face.datasets.converters import convert_300w  # noqa: E402
from mmpose_face.engine.resume import newest_checkpoint  # noqa: E402

# What may differ: times, the text of the config, the commit, and where
# MMEngine's RuntimeInfoHook has counted to when a missed validation is run.
IGNORED = re.compile(
    r'(time|eta|cfg|experiment_name|mmengine_version|'
    r'runtime_info\.epoch|runtime_info\.iter)(\.\d|$)'
)


def small_config(data_root: Path, epochs: int = 3) -> Config:
    """A training of seconds that uses all that a resumed run must restore."""
    cfg = Config.fromfile(RES18_300W)
    cfg.model.backbone = dict(
        type='PyramidVisionTransformerV2',
        embed_dims=8,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 4, 8],
        drop_rate=0.1,
        drop_path_rate=0.1,
    )
    cfg.model.head.update(in_channels=64, deconv_out_channels=(16, 16, 16))
    cfg.param_scheduler[0].end = 5
    cfg.param_scheduler.append(dict(type='MultiStepLR', milestones=[2], by_epoch=True))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.batch_size = 2
        loader.dataset.data_root = f'{data_root}/'
    cfg.train_cfg.update(max_epochs=epochs, val_interval=1)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.1))
    cfg.randomness = dict(seed=0)
    return cfg


def differences(work_dir: Path, expected: Path) -> list[str]:
    """Where the checkpoints of two runs are not equal."""
    names = _names(expected)
    if _names(work_dir) != names:
        return [f'checkpoints {_names(work_dir)}, expected {names}']
    found = []
    for name in names:
        ours, theirs = (
            dict(_leaves(checkpoints.load(folder / name))) for folder in (work_dir, expected)
        )
        found += [
            f'{name}: {key}'
            for key in ours.keys() | theirs.keys()
            if not IGNORED.search(key) and not _same(ours.get(key), theirs.get(key))
        ]
    return found


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob('*.pth*'))


def _leaves(value: Any, key: str = '') -> Iterator[tuple[str, Any]]:
    if hasattr(value, 'data') and isinstance(value.data, tuple):
        value = list(value.data)  # a HistoryBuffer
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        yield key, value
        return
    for name, inner in value.items():
        yield from _leaves(inner, f'{key}.{name}')


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, torch.Tensor):
        return torch.equal(ours, theirs)
    if isinstance(ours, str):
        return Path(ours).name == Path(theirs).name
    return type(ours) is type(theirs) and np.array_equal(ours, theirs)


class Training:
    """A run of ``tools/train.py`` that can be killed and started again."""

    def __init__(self, config: Path, work_dir: Path) -> None:
        self.config = config
        self.work_dir = work_dir
        self.kills = 0

    def ends(self, *args: str, within: float = 600) -> bool:
        """Start it; false if it has to be killed, alone or with its
        workers."""
        process = subprocess.Popen(
            [sys.executable, 'tools/train.py', self.config, '--work-dir', self.work_dir, *args],
            cwd=REPO,
            env={**os.environ, 'OMP_NUM_THREADS': '1'},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(within)
        except subprocess.TimeoutExpired:
            self.kills += 1
            kill = os.kill if self.kills % 2 else os.killpg
            kill(process.pid, signal.SIGKILL)
            process.wait()
            return False
        if code:
            raise RuntimeError(
                f'{self.config} ended with exit code {code}; see the logs in {self.work_dir}'
            )
        return True

    def told(self) -> str:
        """The last line of its newest log."""
        logs = sorted(self.work_dir.glob('*/*.log'))
        lines = re.findall(' - INFO - (.*)', logs[-1].read_text()) if logs else ''
        return ' '.join(lines[-1].split())[:30] if lines else 'nothing yet'

    def nme(self) -> float:
        """Of its last validation."""
        newest = newest_checkpoint(str(self.work_dir))
        hub = checkpoints.load(newest)['message_hub']
        return hub['log_scalars']['val/NME'].current()


def survives(training: Training, seconds: float, rng: random.Random, kills: int) -> None:
    """Kill and resume a training until it ends; at most so many times."""
    resume: list[str] = []
    while training.kills < kills:
        moment = rng.uniform(0, seconds)
        if training.ends(*resume, within=moment):
            return
        print(f'  killed after {moment:4.1f} s; last line: {training.told()}')
        resume = ['--resume']
    training.ends(*resume)


def kill_and_resume(root: Path, kills: int, epochs: int, seed: int) -> int:
    """Returns:
    int: The number of trainings that ended otherwise than expected.
    """
    faces = {'afw': 12, 'helen/trainset': 4, 'helen/testset': 4, 'ibug': 2}
    convert_300w(make_release(root / 'raw', faces), root / '300w', True)
    config = root / 'small.py'
    small_config(root / '300w', epochs).dump(config)
    expected = Training(config, root / 'expected')
    begin = time.monotonic()
    expected.ends()
    seconds = time.monotonic() - begin
    print(f'not killed: {seconds:.1f} s, NME {expected.nme():.6f}')
    rng, number, unequal = random.Random(seed), 0, 0
    while kills:
        number += 1
        training = Training(config, root / f'killed_{number}')
        begin = time.monotonic()
        survives(training, seconds, rng, kills)
        if not training.kills:  # The machine has become quicker.
            seconds = time.monotonic() - begin
            continue
        kills -= training.kills
        found = differences(training.work_dir, expected.work_dir)
        print(
            f'{training.kills} kills: NME {training.nme():.6f},',
            '; '.join(found[:5]) or 'all checkpoints equal',
        )
        unequal += bool(found)
    return unequal


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--epochs', type=int, default=8)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(kill_and_resume(Path(folder), args.kills, args.epochs, args.seed) > 0)
