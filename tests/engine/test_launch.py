# SPDX-License-Identifier: Apache-2.0
"""The command line tools, in processes of their own."""

import json
import shutil
import time

import pytest
import torch
from conftest import NARROW, RES18_300W, data_options, run_python, run_script
from mmengine.config import Config
from torch.utils.data import DataLoader

from mmpose_face.engine.launch import _check_writable, _end_workers

TORCHRUN = ('-m', 'torch.distributed.run', '--nproc_per_node=2', '--standalone')


@pytest.fixture(scope='module')
def options(tiny_300w):
    return [
        '--cfg-options',
        *data_options(tiny_300w),
        'train_cfg.max_epochs=1',
        'randomness.seed=0',
        *(f'{key}={value}'.replace(' ', '') for key, value in NARROW.items()),
    ]


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory, options):
    folder = tmp_path_factory.mktemp('work')
    run_python('tools/train.py', RES18_300W, '--work-dir', folder, *options)
    return folder


def test_train_and_resume(work_dir, options):
    assert (work_dir / 'epoch_1.pth').is_file()
    options = [o.replace('max_epochs=1', 'max_epochs=2') for o in options]
    done = run_script('tools/train.py', RES18_300W, '--work-dir', work_dir, '--resume', *options)
    assert 'resumed epoch: 1' in done.stdout
    assert (work_dir / 'epoch_2.pth').is_file()


@pytest.fixture(scope='module')
def test_one(work_dir, options):
    """The metrics of a test in one process."""
    out = work_dir / 'one.json'
    run_script(
        'tools/test.py',
        RES18_300W,
        work_dir / 'epoch_1.pth',
        '--work-dir',
        work_dir,
        '--out',
        out,
        *options,
    )
    return json.loads(out.read_text())


def test_two_processes_give_the_metric_of_one(work_dir, options, test_one):
    """The test set has 5 faces, an odd number."""
    out = work_dir / 'two.json'
    run_python(
        *TORCHRUN,
        'tools/test.py',
        RES18_300W,
        work_dir / 'epoch_1.pth',
        '--launcher',
        'pytorch',
        '--work-dir',
        work_dir,
        '--out',
        out,
        *options,
    )
    metrics = json.loads(out.read_text())
    # Without a private test set its column is NaN. A network's sums depend on
    # the size of the batch, in the last bit.
    assert metrics == pytest.approx(test_one, rel=1e-7, nan_ok=True)
    assert test_one['NME'] > 0


def test_two_processes_train(work_dir, options):
    """In half precision and with channels last too."""
    done = run_python(
        *TORCHRUN,
        'tools/train.py',
        RES18_300W,
        '--launcher',
        'pytorch',
        '--amp',
        '--work-dir',
        work_dir / 'two',
        *options,
        'model.network.channels_last=True',
    )
    assert 'NME' in done.stdout
    assert (work_dir / 'two/epoch_1.pth').is_file()
    cfg = Config.fromfile(work_dir / 'two' / RES18_300W.name)
    assert cfg.model.network == dict(amp=True, channels_last=True, compile=False)
    assert cfg.optim_wrapper.type.endswith('.OptimWrapper')


def test_the_fault_mmpose_needs_a_gpu_for_two_processes(work_dir, options):
    """When this passes, compat.processes can go."""
    if torch.cuda.is_available():
        pytest.skip('a GPU is there')
    script = (
        'import sys, mmpose, pathlib, runpy, mmpose_face\n'
        'tool = pathlib.Path(mmpose.__file__).parent\n'
        'tool = tool / ".mim/tools/test.py"\n'
        'sys.argv[0] = str(tool)\n'
        'runpy.run_path(str(tool), run_name="__main__")\n'
    )
    path = work_dir / 'mmpose_test.py'
    path.write_text(script)
    done = run_python(
        *TORCHRUN,
        path,
        RES18_300W,
        work_dir / 'epoch_1.pth',
        '--launcher',
        'pytorch',
        '--work-dir',
        work_dir,
        *options,
        'env_cfg.dist_cfg.backend=gloo',
        check=False,
    )
    assert done.returncode != 0 and 'cuda' in done.stdout.lower()


def test_slurm_without_gpus_is_refused(work_dir, options):
    out = fails(
        'tools/train.py', RES18_300W, '--launcher', 'slurm', '--work-dir', work_dir, *options
    )
    assert '--launcher slurm needs GPUs' in out


def fails(*args) -> str:
    done = run_script(*args, check=False)
    assert done.returncode == 1, done.stdout
    assert 'error: ' in done.stdout and 'Traceback' not in done.stdout
    return done.stdout


def test_unknown_config():
    typo = RES18_300W.with_name(RES18_300W.name.replace('128x128', '128'))
    out = fails('tools/train.py', typo)
    assert f'{typo} not found; did you mean' in out and RES18_300W.name in out


def test_missing_data_set(tmp_path):
    out = fails(
        'tools/train.py',
        RES18_300W,
        '--work-dir',
        tmp_path / 'work',
        '--cfg-options',
        f'train_dataloader.dataset.data_root={tmp_path}',
    )
    assert 'face_landmarks_300w_train.json not found' in out
    assert 'prepare_data.py 300w' in out


def test_work_dir_that_cannot_be_made(tmp_path, options):
    (tmp_path / 'file').touch()
    out = fails('tools/train.py', RES18_300W, '--work-dir', tmp_path / 'file/work', *options)
    assert f'cannot write to the work dir {tmp_path}/file/work' in out


def test_work_dir_without_permission(tmp_path, monkeypatch):
    monkeypatch.setattr('os.access', lambda *args: False)
    with pytest.raises(PermissionError, match=f'no permission.*{tmp_path}'):
        _check_writable(str(tmp_path))


def test_missing_checkpoint(tmp_path, options):
    out = fails(
        'tools/test.py', RES18_300W, tmp_path / 'none.pth', '--work-dir', tmp_path, *options
    )
    assert 'none.pth' in out


def test_checkpoint_that_would_execute_something(tmp_path, options):

    class Payload:
        def __reduce__(self):
            return open, (str(tmp_path / 'made'), 'w')

    torch.save(dict(state_dict={}, more=Payload()), tmp_path / 'a.pth')
    out = fails('tools/test.py', RES18_300W, tmp_path / 'a.pth', '--work-dir', tmp_path, *options)
    assert 'a.pth: it holds the object' in out and '.open,' in out
    assert not (tmp_path / 'made').exists()


@pytest.mark.parametrize('workers', [0, 1])
def test_missing_image_while_training(tiny_300w, tmp_path, workers):
    shutil.copytree(tiny_300w, tmp_path / '300w')
    (tmp_path / '300w/images/afw/face_1.jpg').unlink()
    options = [
        o.replace('num_workers=0', f'num_workers={workers}')
        for o in data_options(tmp_path / '300w')
    ]
    out = fails(
        'tools/train.py', RES18_300W, '--work-dir', tmp_path / 'work', '--cfg-options', *options
    )
    last = out.strip().splitlines()[-1]
    assert last.startswith('error: image ')
    assert last.endswith('images/afw/face_1.jpg not found')
    log = next((tmp_path / 'work').glob('*/*.log')).read_text()
    assert 'Traceback' in log  # for who wants to know more


def test_workers_are_ended_at_once():
    """Without a wait of 5 seconds for each, as for workers that are not told."""
    loader = DataLoader(range(8), num_workers=2, persistent_workers=True)
    batches = iter(loader)
    next(batches)
    assert all(worker.is_alive() for worker in batches._workers)
    started = time.monotonic()
    _end_workers()
    assert time.monotonic() - started < 4
    assert not any(worker.is_alive() for worker in batches._workers)
