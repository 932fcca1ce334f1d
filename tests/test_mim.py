# SPDX-License-Identifier: Apache-2.0
"""mim on the installed wheel, from a folder that knows nothing of us."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from conftest import (
    HRNET_300W,
    REPO,
    RES18_300W,
    checked,
    data_options,
    make_release,
    run_python,
    serving,
)
from mmengine.config import Config

from mmpose_face.zoo import read_rows

ROWS = read_rows()
RELEASES = 'https://download.openmmlab.com'
MIM = Path(sys.executable).parent / 'mim'
pytestmark = pytest.mark.skipif(not MIM.exists(), reason='openmim is not installed')


@pytest.fixture(scope='module')
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp('elsewhere')


@pytest.fixture(scope='module')
def mim(installed, elsewhere):
    """Run mim with the wheel's copy first on the path."""

    def run(*args, site=installed, check=True) -> str:
        done = subprocess.run(
            [MIM, *map(str, args)],
            cwd=elsewhere,
            env={**os.environ, 'PYTHONPATH': str(site), 'OMP_NUM_THREADS': '1'},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if check and done.returncode:
            pytest.fail(done.stdout[-3000:], pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope='module')
def trained(mim, tiny_300w, elsewhere):
    """``mim train`` of the small config, found by its name alone."""
    mim(
        'train',
        'mmpose_face',
        RES18_300W.name,
        '--work-dir',
        elsewhere / 'work',
        '--cfg-options',
        *data_options(tiny_300w),
        'train_cfg.max_epochs=1',
    )
    return elsewhere / 'work/epoch_1.pth'


def test_train_uses_the_installed_copy(trained, installed):
    log = next(trained.parent.glob('*/*.log')).read_text()
    assert 'Saving checkpoint at 1 epochs' in log
    assert str(REPO) not in log


def test_test(mim, trained, tiny_300w, elsewhere):
    out = elsewhere / 'metrics.json'
    mim(
        'test',
        'mmpose_face',
        RES18_300W.name,
        '--checkpoint',
        trained,
        '--work-dir',
        elsewhere / 'work',
        '--out',
        out,
        '--cfg-options',
        *data_options(tiny_300w),
    )
    assert json.loads(out.read_text())['NME'] > 0


@pytest.mark.slow
def test_test_in_two_processes(mim, trained, tiny_300w, elsewhere):
    out = elsewhere / 'metrics2.json'
    mim(
        'test',
        'mmpose_face',
        RES18_300W.name,
        '--checkpoint',
        trained,
        '--launcher',
        'pytorch',
        '--gpus',
        '2',
        '--work-dir',
        elsewhere / 'work',
        '--out',
        out,
        '--cfg-options',
        *data_options(tiny_300w),
    )
    assert json.loads(out.read_text())['NME'] > 0


def test_run(mim, elsewhere):
    raw = make_release(elsewhere / 'raw', {'ibug': 1})
    out = mim(
        'run',
        'mmpose_face',
        'prepare_data',
        '300w',
        '--raw',
        raw,
        '--out',
        elsewhere / 'made',
        '--partial',
    )
    assert 'face_landmarks_300w_valid_challenge.json: 1 faces' in out


def test_landmarks(mim, trained, elsewhere):
    """The command of one's own weights, which have seen six faces."""
    image = elsewhere / 'grey.png'
    cv2.imwrite(str(image), np.full((90, 90, 3), 128, np.uint8))
    out = mim(
        'run',
        'mmpose_face',
        'landmark',
        image,
        '--model',
        RES18_300W,
        '--checkpoint',
        trained,
        '--detector',
        'whole_image',
        '--out',
        elsewhere / 'found',
    )
    assert '1 image in ' in out and '1 face' in out
    found = json.loads((elsewhere / 'found/grey.png.json').read_text())
    assert len(found['faces'][0]['keypoints']) == 68


def test_benchmark(mim, elsewhere):
    """Found by its name in a folder of its own, with the package beside it."""
    options = ('--parts', 'targets', '--rounds', '1', '--batch', '1')
    out = mim('run', 'mmpose_face', 'benchmark', *options, '--out', elsewhere / 'speed')
    assert 'targets, DARK, 1 x 98 maps of 64 x 64: ' in out
    assert (elsewhere / 'speed/benchmark.png').is_file()


def test_search(mim, elsewhere):
    """Every row, with its figures and its weights."""
    mim('search', 'mmpose_face', '--json', elsewhere / 'found.json')
    found = json.loads((elsewhere / 'found.json').read_text())
    assert list(found['config']) == [row.name for row in ROWS]
    for row in ROWS:
        fields = {key: values[row.name] for key, values in found.items()}
        assert fields['weight'] == (row.weights or '')
        assert fields['config'].endswith(f'/{row.name}.py')
        assert fields['paper'].startswith('http')
        columns = row.benchmark.columns
        for column in columns if row.published else ():
            name = f'nme_{column}' if len(columns) > 1 else 'nme'
            assert (
                fields[f'{row.benchmark.name.lower()}/{name}'] == (row.published[0].figures[column])
            )
    assert len(ROWS) == 15


def test_unknown_config(mim):
    out = mim('train', 'mmpose_face', 'td-hm_none.py', check=False)
    assert 'can not find the config file in codebase mmpose_face' in out


@pytest.fixture(scope='module')
def served(installed, elsewhere):
    """A copy whose weights are on loopback, small ones."""
    folder, site = elsewhere / 'served', elsewhere / 'site'
    shutil.copytree(installed, site)
    for row in ROWS:
        if row.weights:
            path = folder / row.weights.removeprefix(f'{RELEASES}/')
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(dict(row=row.name), path)
    with serving(folder) as address:
        for metafile in (site / 'mmpose_face/.mim').rglob('*.yml'):
            text = metafile.read_text()
            metafile.write_text(text.replace(RELEASES, address))
        yield site


def test_download(mim, served, elsewhere):
    """Config and weights of every row that has weights."""
    rows = [row for row in ROWS if row.weights]
    names = [row.name for row in rows]
    mim('download', 'mmpose_face', '--config', *names, '--dest', elsewhere / 'got', site=served)
    for row in rows:
        weights = elsewhere / 'got' / row.weights.rpartition('/')[2]
        assert torch.load(weights) == dict(row=row.name)
        got = Config.fromfile(elsewhere / f'got/{row.name}.py')
        assert got.to_dict() == Config.fromfile(row.config).to_dict()
    assert len(rows) == 14


def test_download_of_a_row_without_weights(mim, elsewhere):
    """Gives the config alone."""
    (row,) = (row for row in ROWS if not row.weights)
    dest = elsewhere / 'alone'
    mim('download', 'mmpose_face', '--config', row.name, '--dest', dest)
    assert [path.name for path in dest.iterdir()] == [f'{row.name}.py']


def test_editable_install(dist, tmp_path):
    """mim, and a config that MMEngine reads, find the clone by themselves."""
    shutil.unpack_archive(next(dist.glob('*.tar.gz')), tmp_path)
    (clone,) = tmp_path.iterdir()
    env = tmp_path / 'env'
    run_python('-m', 'venv', '--without-pip', env)
    (site,) = env.glob('lib/python*/site-packages')
    (site / 'others.pth').write_text(sysconfig.get_path('purelib'))
    variables = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}

    def run(*args) -> str:
        return checked(
            subprocess.run(
                [env / 'bin/python', *map(str, args)],
                cwd=tmp_path,
                env=variables,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        ).stdout

    run(
        '-m',
        'pip',
        'install',
        '--no-deps',
        '--no-build-isolation',
        '--ignore-installed',
        '-e',
        clone,
    )
    assert HRNET_300W.stem in run(MIM, 'search', 'mmpose_face')
    assert str(clone / 'mmpose_face/.mim/tools/landmark.py') in run(
        MIM, 'run', 'mmpose_face', 'landmark', '--', '--help'
    )
    (tmp_path / 'mine.py').write_text(
        'from mmengine.config import read_base\n'
        'with read_base():\n'
        '    from mmpose_face.configs._base_.schedules.adam_60e import *\n'
    )
    out = run(
        '-c',
        'from mmengine.config import Config\n'
        'from mmengine.utils import get_installed_path\n'
        'print(Config.fromfile("mine.py").max_epochs)\n'
        'print(get_installed_path("mmpose_face"))',
    )
    assert out.endswith(f'60\n{clone}/mmpose_face\n')
