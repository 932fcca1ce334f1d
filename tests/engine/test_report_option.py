# SPDX-License-Identifier: Apache-2.0
"""``tools/test.py --report`` on synthetic faces."""

import argparse
import json
import sys
from pathlib import Path

import cv2
import pytest
import torch
from conftest import DEMO, run_python, run_script
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_face.mmpose_scripts import add_test_options

FILES = (
    'ced.png',
    'ced.svg',
    'metrics.json',
    'per_face.json',
    'predictions.json',
    'report.html',
    'worst.jpg',
)
FACES = 5
OPTIONS = (
    '--cfg-options',
    f'test_dataloader.dataset.num_faces={FACES}',
    'test_dataloader.num_workers=0',
    'test_dataloader.batch_size=2',
    'test_dataloader.persistent_workers=False',
)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Of an untrained model."""
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(DEMO).model)
    path = tmp_path_factory.mktemp('checkpoint') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def command(config, checkpoint, work_dir, *args) -> tuple:
    return ('tools/test.py', config, checkpoint, '--work-dir', work_dir, *args, *OPTIONS)


def run_test(*args, check=True) -> str:
    return run_script(*command(*args), check=check).stdout


@pytest.fixture(scope='module')
def reported(checkpoint, tmp_path_factory) -> tuple:
    """The folder of a test with --report, in an interpreter of its own, and
    what it printed."""
    folder = tmp_path_factory.mktemp('reported')
    done = run_python(*command(DEMO, checkpoint, folder, '--report'))
    return folder / 'report', done.stdout


def test_report_of_a_test(reported):
    folder, out = reported
    assert f'The report is {folder}/report.html' in out
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    page = (folder / 'report.html').read_text()
    assert 'Face landmarks on synthetic' in page and DEMO.stem in page
    metrics = json.loads((folder / 'metrics.json').read_text())
    assert f'<dd>{metrics["subsets"]["test"]["NME"]:.2f}' in page
    assert page.count('<img src="data:image/jpeg') == FACES
    assert 'SyntheticFaces' in page and 'num_faces=5' in page  # the config
    # Five faces of 224 pixels, 4 apart.
    assert cv2.imread(str(folder / 'worst.jpg')).shape == (224, 1136, 3)


def test_two_processes_write_the_report_of_one(reported, checkpoint, tmp_path):
    folder = tmp_path / 'report'
    args = command(DEMO, checkpoint, tmp_path, '--launcher', 'pytorch', '--report', folder)
    done = run_python('-m', 'torch.distributed.run', '--nproc_per_node=2', '--standalone', *args)
    assert done.stdout.count('The report is') == 1
    one, two = (json.loads((path / 'per_face.json').read_text()) for path in (reported[0], folder))
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert len(one['faces']) == len(two['faces']) == FACES
    for a, b in zip(one['faces'], two['faces']):
        assert a['error'] == pytest.approx(b['error'])


def test_without_the_option_there_are_the_files_of_the_metric(checkpoint, tmp_path):
    """Beside the log, so that nothing has to be run twice."""
    out = run_test(DEMO, checkpoint, tmp_path)
    assert not list(tmp_path.rglob('*.html'))
    (folder,) = (path.parent for path in tmp_path.rglob('*.log'))
    for name in ('metrics.json', 'per_face.json', 'predictions.json'):
        assert (folder / name).is_file()
    assert f'predictions.json are in {folder}' in out


def test_another_metric(checkpoint, tmp_path):
    """The error comes before the test."""
    config = Config.fromfile(DEMO)
    config.test_evaluator = dict(type='EPE')
    config.dump(tmp_path / 'config.py')
    out = run_test(tmp_path / 'config.py', checkpoint, tmp_path / 'work', '--report', check=False)
    assert out.strip().splitlines()[-1] == (
        "error: --report needs the metric SubsetNME in the config's test_evaluator, got EPE"
    )
    assert 'Traceback' not in out and 'Epoch(test)' not in out


@pytest.mark.parametrize('option', ['--out', '--dump'])
def test_names_are_refused_before_the_test(checkpoint, tmp_path, option):
    out = run_test(DEMO, checkpoint, tmp_path, option, 'x.txt', check=False)
    assert (
        out.strip()
        .splitlines()[-1]
        .startswith(f'error: {option} x.txt: expected a name that ends in .')
    )
    assert 'Traceback' not in out and 'Epoch(test)' not in out


def test_folder_that_cannot_be_made(checkpoint, tmp_path):
    (tmp_path / 'file').touch()
    out = run_test(
        DEMO, checkpoint, tmp_path / 'work', '--report', tmp_path / 'file/report', check=False
    )
    assert (f'error: cannot write to the folder of --report {tmp_path}/file/report') in out
    assert 'choose another with --report' in out


def test_help_shows_both():
    out = run_script('tools/test.py', '--help').stdout
    assert '--report [DIR]' in out and '--cfg-options' in out
    assert out.index('--cfg-options') < out.index('--report')


@pytest.mark.parametrize(
    'line,report,rest',
    [
        ('c.py m.pth', None, 'c.py m.pth'),
        ('c.py m.pth --report', '', 'c.py m.pth'),
        ('c.py m.pth --report out', 'out', 'c.py m.pth'),
        ('c.py m.pth --report=out --launcher none', 'out', 'c.py m.pth --launcher none'),
        ('c.py m.pth --report --out m.json', '', 'c.py m.pth --out m.json'),
        ('c.py m.pth --cfg-options a=1 b=[2] --report', '', 'c.py m.pth --cfg-options a=1 b=[2]'),
        ('c.py m.pth --rep out', None, 'c.py m.pth --rep out'),
    ],
)
def test_the_rest_is_mmposes(monkeypatch, line, report, rest):
    monkeypatch.setattr(sys, 'argv', ['test.py', *line.split()])
    seen = []

    def parse_args():
        seen.extend(sys.argv)
        return argparse.Namespace(config='c.py')

    args = add_test_options(parse_args)
    assert (args.config, args.report) == ('c.py', report)
    assert seen == ['test.py', *rest.split()]
    assert sys.argv == ['test.py', *line.split()]
