# SPDX-License-Identifier: Apache-2.0
"""mim on the installed wheel, from a folder that knows nothing of us."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import (HRNET_300W, REPO, RES18_300W, data_options, make_release,
                      serving)

MIM = Path(sys.executable).parent / 'mim'
pytestmark = pytest.mark.skipif(
    not MIM.exists(), reason='openmim is not installed')


@pytest.fixture(scope='module')
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp('elsewhere')


@pytest.fixture(scope='module')
def mim(installed, elsewhere):
    """Run mim with the wheel's copy first on the path."""

    def run(*args, site=installed, check=True) -> str:
        done = subprocess.run([MIM, *map(str, args)],
                              cwd=elsewhere,
                              env={
                                  **os.environ, 'PYTHONPATH': str(site),
                                  'OMP_NUM_THREADS': '1'
                              },
                              text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if check and done.returncode:
            pytest.fail(done.stdout[-3000:], pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope='module')
def trained(mim, tiny_300w, elsewhere):
    """``mim train`` of the small config, found by its name alone."""
    mim('train', 'mmpose_face', RES18_300W.name,
        '--work-dir', elsewhere / 'work', '--cfg-options',
        *data_options(tiny_300w), 'train_cfg.max_epochs=1')
    return elsewhere / 'work/epoch_1.pth'


def test_train_uses_the_installed_copy(trained, installed):
    log = next(trained.parent.glob('*/*.log')).read_text()
    assert 'Saving checkpoint at 1 epochs' in log
    assert str(REPO) not in log


def test_test(mim, trained, tiny_300w, elsewhere):
    out = elsewhere / 'metrics.json'
    mim('test', 'mmpose_face', RES18_300W.name, '--checkpoint', trained,
        '--work-dir', elsewhere / 'work', '--out', out, '--cfg-options',
        *data_options(tiny_300w))
    assert json.loads(out.read_text())['NME'] > 0


def test_test_in_two_processes(mim, trained, tiny_300w, elsewhere):
    out = elsewhere / 'metrics2.json'
    mim('test', 'mmpose_face', RES18_300W.name, '--checkpoint', trained,
        '--launcher', 'pytorch', '--gpus', '2', '--work-dir',
        elsewhere / 'work', '--out', out, '--cfg-options',
        *data_options(tiny_300w))
    assert json.loads(out.read_text())['NME'] > 0


def test_run(mim, elsewhere):
    raw = make_release(elsewhere / 'raw', {'ibug': 1})
    out = mim('run', 'mmpose_face', 'prepare_data', '300w', '--raw', raw,
              '--out', elsewhere / 'made', '--partial')
    assert 'face_landmarks_300w_valid_challenge.json: 1 faces' in out


def test_search(mim):
    out = mim('search', 'mmpose_face')
    assert HRNET_300W.stem in out
    assert '5.64' in out


def test_unknown_config(mim):
    out = mim('train', 'mmpose_face', 'td-hm_none.py', check=False)
    assert 'can not find the config file in codebase mmpose_face' in out


def test_download(mim, installed, elsewhere):
    """Weights come from the metafile's address, here one on loopback."""
    served = elsewhere / 'served'
    served.mkdir()
    torch.save(dict(state_dict={}), served / 'weights-12345678.pth')
    site = elsewhere / 'site'
    subprocess.run(['cp', '-r', installed, site], check=True)
    metafile = next((site / 'mmpose_face/.mim').rglob('hrnetv2_300w.yml'))
    with serving(served) as address:
        url = f'{address}/weights-12345678.pth'
        text = metafile.read_text()
        start = text.index('https://download.openmmlab.com')
        metafile.write_text(text[:start] + url + '\n')
        mim('download',
            'mmpose_face',
            '--config',
            HRNET_300W.stem,
            '--dest',
            elsewhere / 'got',
            site=site)
    assert (elsewhere / 'got/weights-12345678.pth').read_bytes() == (
        served / 'weights-12345678.pth').read_bytes()
    from mmengine.config import Config
    got = Config.fromfile(elsewhere / f'got/{HRNET_300W.name}')
    assert got.to_dict() == Config.fromfile(HRNET_300W).to_dict()


def test_editable_install(mim, elsewhere):
    """mim looks for an editable install beside its metadata; with the clone
    on the path it finds it."""
    if not (REPO / 'mmpose_face/.mim').is_dir():
        pytest.skip('not an editable install')
    out = mim('search', 'mmpose_face', site=REPO)
    assert HRNET_300W.stem in out
    raw = make_release(elsewhere / 'raw2', {'ibug': 1})
    out = mim(
        'run',
        'mmpose_face',
        'prepare_data',
        '300w',
        '--raw',
        raw,
        '--out',
        elsewhere / 'made2',
        '--partial',
        site=REPO)
    assert str(REPO / 'mmpose_face/.mim/tools/prepare_data.py') in out
