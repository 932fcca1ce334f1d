# SPDX-License-Identifier: Apache-2.0
"""Trainings killed at the worst moments and resumed."""

import builtins
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
import types
from concurrent.futures import ProcessPoolExecutor
from os.path import exists
from pathlib import Path

import pytest
import torch
from conftest import REPO, RES18_300W, run_python
from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.runner import EpochBasedTrainLoop, Runner, ValLoop

from mmpose_face.compat import checkpoints
from mmpose_face.engine import FaceRunner, launch, resume

sys.path.insert(0, str(REPO / 'tools/dev'))
from kill_and_resume import differences, small_config  # noqa: E402

# The call that is the last one, and its arguments.
MOMENTS = {
    'in the first epoch': (EpochBasedTrainLoop, 'run_iter', lambda loop, *_: loop.iter == 2),
    'best written, unknown to the last': (
        os,
        'replace',
        lambda _, path: path.endswith('/epoch_1.pth') and exists(path),
    ),
    'checkpoint half written': (
        LocalBackend,
        'put',
        lambda _, content, path: (
            path.endswith(('/epoch_2.pth', '/epoch_2.pth.partial'))
            and open(path, 'wb').write(content[:1000])
        ),
    ),
    'checkpoint not renamed': (os, 'replace', lambda _, path: path.endswith('/epoch_2.pth')),
    'last_checkpoint emptied': (
        builtins,
        'open',
        lambda path, mode='r', *_, **__: (
            mode == 'w'
            and str(path).endswith('/last_checkpoint')
            and exists(path)
            # Not by the open that is patched.
            and Path(path).write_text('') == 0
        ),
    ),
    'in a validation': (ValLoop, 'run_iter', lambda loop, *_: loop.runner.epoch == 2),
    'outdated not removed': (LocalBackend, 'remove', lambda _, path: path.endswith('/epoch_1.pth')),
    'in the last validation': (ValLoop, 'run_iter', lambda loop, *_: loop.runner.epoch == 3),
}


def kill_at(work_dir, owner, name, moment):
    function = getattr(owner, name)

    def deadly(*args, **kwargs):
        if moment(*args, **kwargs):
            pids = [child.pid for child in multiprocessing.active_children()]
            (work_dir / 'workers.json').write_text(json.dumps(pids))
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    setattr(owner, name, deadly)


def train(config, work_dir, resume=False, moment=None, cls=FaceRunner, **more):
    torch.set_num_threads(1)
    if moment:
        kill_at(work_dir, *MOMENTS[moment])
    cfg = Config.fromfile(config)
    cfg.work_dir, cfg.resume = str(work_dir), resume
    cfg.merge_from_dict(more)
    cls.from_cfg(cfg).train()


def forked(*args, **kwargs) -> int:
    """Train in a child; its exit code, negative for a signal."""
    pid = os.fork()
    if not pid:
        try:
            train(*args, **kwargs)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture(scope='module')
def config(tiny_300w, tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'small.py'
    small_config(tiny_300w).dump(path)
    return path


@pytest.fixture(scope='module')
def run(config):
    """Trains in a process of its own and returns its exit code.

    All come from one that has imported everything and used no thread.
    """
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, spawn) as pool:
        yield lambda *args, **kwargs: pool.submit(forked, config, *args, **kwargs).result()


@pytest.fixture(scope='module')
def expected(run, tmp_path_factory):
    """The work dir of a run that was not killed."""
    folder = tmp_path_factory.mktemp('expected')
    assert run(folder) == 0
    return folder


def lives(pid, seconds=20):
    """Whether a process is there after some time, and not as a zombie."""
    stat = Path(f'/proc/{pid}/stat')
    end = time.monotonic() + seconds
    try:
        while stat.read_text().rpartition(') ')[2][0] != 'Z':
            if time.monotonic() > end:
                return True
            time.sleep(0.01)
    except OSError:
        pass
    return False


@pytest.mark.parametrize(
    'moments',
    [
        (
            'in the first epoch',
            'checkpoint half written',
            'in a validation',
            'outdated not removed',
        ),
        (
            'best written, unknown to the last',
            'checkpoint not renamed',
            'last_checkpoint emptied',
            'in the last validation',
        ),
    ],
    ids=', '.join,
)
def test_ends_as_if_it_had_not_been_killed(run, expected, tmp_path, moments):
    for number, moment in enumerate(moments):
        code = run(tmp_path, resume=number > 0, moment=moment)
        assert code == -signal.SIGKILL, moment
        workers = json.loads((tmp_path / 'workers.json').read_text())
        assert workers and not any(map(lives, workers)), moment
    assert run(tmp_path, resume=True) == 0
    assert differences(tmp_path, expected) == []
    assert not list(tmp_path.glob('*.partial'))


def test_the_fault_of_mmengine(run, tmp_path):
    """Other weights, and one validation less."""
    options = {'default_hooks.checkpoint.type': 'CheckpointHook'}
    assert run(tmp_path / 'whole', cls=Runner, **options) == 0
    killed = tmp_path / 'killed'
    code = run(killed, moment='in a validation', cls=Runner, **options)
    assert code == -signal.SIGKILL
    assert run(killed, resume=True, cls=Runner, **options) == 0
    theirs, whole = (
        checkpoints.load(tmp_path / f'{name}/epoch_3.pth') for name in ('killed', 'whole')
    )
    validations = [
        len(each['message_hub']['log_scalars']['val/NME'].data[0]) for each in (theirs, whole)
    ]
    assert validations[0] + 1 == validations[1]
    assert not all(
        torch.equal(value, theirs['state_dict'][key]) for key, value in whole['state_dict'].items()
    )


def test_the_fault_of_mmengine_outdated_first(run, tmp_path):
    """Killed while it writes, MMEngine has no checkpoint left."""
    code = run(
        tmp_path,
        moment='checkpoint half written',
        cls=Runner,
        **{
            'default_hooks.checkpoint.type': 'CheckpointHook',
            'default_hooks.checkpoint.max_keep_ckpts': 1,
        },
    )
    assert code == -signal.SIGKILL
    assert resume.newest_checkpoint(str(tmp_path)) is None


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 8 MB, and what makes it one: nothing where it
    can be mounted, else a limit to the size of files."""
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', str(tmp_path)]
    mounted = not os.geteuid() and subprocess.run(mount).returncode == 0
    limit = 'import resource\nresource.setrlimit(1, (2 << 20, 2 << 20))\n'
    yield tmp_path, '' if mounted else limit
    if mounted:
        subprocess.run(['umount', str(tmp_path)], check=True)


def test_full_disk(config, expected, small_disk):
    folder, limit = small_disk
    work_dir = shutil.copytree(expected, folder / 'work')
    before = {path: path.read_bytes() for path in work_dir.glob('*.pth')}
    script = f'{limit}from mmpose_face.engine.launch import train\ntrain()'
    done = run_python(
        '-c',
        script,
        config,
        '--work-dir',
        work_dir,
        '--resume',
        '--cfg-options',
        'train_cfg.max_epochs=4',
        check=False,
    )
    assert done.returncode == 1
    assert 'Traceback' not in done.stdout
    assert 'Logging error' not in done.stdout
    message = done.stdout.strip().splitlines()[-1]
    assert message.startswith(f'error: disk full: could not write {work_dir}/epoch_4.pth (')
    assert message.endswith(
        f'; the last good checkpoint is {work_dir}/epoch_3.pth; '
        'free some space and start again with --resume'
    )
    assert resume.newest_checkpoint(str(work_dir)) == f'{work_dir}/epoch_3.pth'
    assert before == {path: path.read_bytes() for path in work_dir.glob('*.pth*')}


def write_checkpoint(path):
    torch.save(dict(meta=dict(seed=5)), path)


def test_newest_checkpoint(tmp_path):
    """What a kill, a full disk or a move can leave behind."""
    pointer = tmp_path / 'last_checkpoint'

    def newest():
        return resume.newest_checkpoint(str(tmp_path))

    assert newest() is None
    for name in ('epoch_9', 'epoch_10', 'best_NME_epoch_11'):
        write_checkpoint(tmp_path / f'{name}.pth')
    whole = (tmp_path / 'epoch_10.pth').read_bytes()
    (tmp_path / 'epoch_11.pth').write_bytes(whole[:-50])
    (tmp_path / 'epoch_12.pth.partial').write_bytes(whole)
    for text in ('', 'gone/epoch_8.pth', 'gone/epoch_11.pth'):
        pointer.write_text(text)
        assert newest() == str(tmp_path / 'epoch_10.pth'), text
    pointer.unlink()
    assert newest() == str(tmp_path / 'epoch_10.pth')
    pointer.write_text('before/it/was/moved/epoch_9.pth\n')
    assert newest() == str(tmp_path / 'epoch_9.pth')


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(resume, 'print_log', lambda text, **_: lines.append(text))
    return lines


@pytest.mark.parametrize(
    'given,lines',
    [
        ({}, []),
        (dict(seed=5), []),
        (dict(seed=3), ['the seed is that of the checkpoint, 5, not 3']),
    ],
)
def test_seed_of_the_checkpoint(tmp_path, told, given, lines):
    """The loaders are built before MMEngine reads it."""
    write_checkpoint(tmp_path / 'epoch_1.pth')
    cfg = Config(dict(work_dir=str(tmp_path), resume=True, randomness=given))
    ours = resume.resumed(cfg)
    assert ours.randomness.seed == 5 and cfg.randomness == given
    assert ours.resume and ours.load_from == str(tmp_path / 'epoch_1.pth')
    assert told == lines


def test_resume_before_the_first_checkpoint(tmp_path, monkeypatch, told):
    """Starts over, from the weights that the config starts from."""
    started = []
    monkeypatch.setattr(
        Runner,
        'from_cfg',
        lambda cfg: started.append(cfg) or types.SimpleNamespace(train=lambda: None),
    )
    monkeypatch.setattr(
        'sys.argv',
        [
            'train.py',
            str(RES18_300W),
            '--resume',
            '--work-dir',
            str(tmp_path),
            '--cfg-options',
            'load_from=weights.pth',
        ],
    )
    launch.train()
    assert not started[0].resume and started[0].load_from == 'weights.pth'
    assert told[0].endswith('the training starts from the beginning')
    write_checkpoint(tmp_path / 'epoch_1.pth')
    launch.train()
    assert started[1].resume
    assert started[1].load_from == str(tmp_path / 'epoch_1.pth')
    # A checkpoint that is named, as always.
    sys.argv.insert(3, str(tmp_path / 'epoch_1.pth'))
    launch.train()
    assert started[2].resume
    assert started[2].load_from == started[1].load_from
