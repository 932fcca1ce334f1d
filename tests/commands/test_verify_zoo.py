# SPDX-License-Identifier: Apache-2.0
"""Published figures against measured ones."""

import hashlib
import json
import re
import runpy
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from conftest import REPO, make_release, run_python, serving
from mmengine.config import Config

from mmpose_face.commands import verify_zoo as verification
from mmpose_face.commands.verify_zoo import Verification, format_verification, verdict, verify
from mmpose_face.datasets.converters import convert_300w
from mmpose_face.zoo import get_model, read_rows

ROWS = {row.alias: row for row in read_rows()}


def measured(alias: str, value: float, faces: int = 0, **kwargs):
    """The first column of a row, with all its faces unless told."""
    row = ROWS[alias]
    column = row.benchmark.columns[0]
    expected = row.benchmark.faces.get(column, 100)
    return Verification(row, {column: value}, {column: faces or expected}, **kwargs), column


@pytest.mark.parametrize(
    'alias, value, expected',
    [
        ('wflw-hrnetv2-w18', 4.06, 'agrees'),
        ('wflw-hrnetv2-w18', 4.07, 'agrees'),
        ('wflw-hrnetv2-w18', 4.0749, 'agrees'),
        ('wflw-hrnetv2-w18', 4.0751, 'differs'),
        ('wflw-hrnetv2-w18', 4.0451, 'agrees'),
        ('wflw-hrnetv2-w18', 4.0449, 'differs'),
        ('wflw-hrnetv2-w18', float('inf'), 'differs'),
        ('wflw-hrnetv2-w18', float('nan'), 'no faces'),
        ('coco-wholebody-face-hourglass52', 0.0588, 'agrees'),
        ('coco-wholebody-face-hourglass52', 0.0589, 'differs'),
        ('coco-wholebody-face-hourglass52', 0.0585, 'differs'),
        ('wflw-res50-wingloss', 4.63, 'agrees'),
        ('wflw-res50-wingloss', 4.65, 'agrees'),
        ('wflw-res50-wingloss', 4.68, 'agrees'),
        ('wflw-res50-wingloss', 4.62, 'differs'),
        ('wflw-res50-wingloss', 4.69, 'differs'),
        ('aflw-hrnetv2-w18-dark', 1.33, 'agrees'),
        ('aflw-hrnetv2-w18-dark', 1.36, 'agrees'),
        ('aflw-hrnetv2-w18-dark', 1.32, 'differs'),
        ('wflw-res50-starloss', 4.00, 'unpublished'),
    ],
)
def test_verdict(alias, value, expected):
    assert verdict(*measured(alias, value)) == expected


def test_a_part_of_the_faces_is_no_agreement():
    assert verdict(*measured('wflw-hrnetv2-w18', 4.06, 2499)) == 'incomplete'
    assert verdict(*measured('wflw-hrnetv2-w18', 4.06, 2499, partial=True)) == 'agrees'


def test_one_column_that_differs_is_enough():
    row = ROWS['aflw-hrnetv2-w18']
    right = Verification(row, row.published[0].figures, row.benchmark.faces)
    assert right.agrees
    assert not replace(right, measured=dict(full=1.41, frontal=1.29)).agrees


def test_table():
    row = ROWS['aflw-hrnetv2-w18-dark']
    text = format_verification(
        Verification(row, dict(full=1.344, frontal=1.21), dict(full=4386, frontal=1165))
    )
    assert [re.split(r'\s*\|\s*', line)[1:-1] for line in text.splitlines()[2:]] == [
        ['', 'full', 'frontal'],
        ['-' * len(p) for p in text.splitlines()[3].split('|')[1:-1]],
        ['published by MMPose, model zoo', '1.35', '1.19'],
        ['published by MMPose 1.x, metafile', '1.34', '1.19'],
        ['measured', '1.34', '1.21'],
        ['difference', '-0.01', '+0.02'],
        ['faces', '4386', '1165 of 1314'],
        ['', 'agrees', 'incomplete'],
    ]


# What is tested again, and what is not.


class Tests:
    """Stands for the tests of rows: counts them, and gives each column the
    number of the test as its NME."""

    def __init__(self):
        self.configs = []

    def __call__(self, row, config):
        self.configs.append(Config.fromfile(config))
        return {column: dict(NME=len(self.configs), n=1) for column in row.benchmark.columns}


@pytest.fixture
def tests(monkeypatch):
    tests = Tests()
    monkeypatch.setattr(verification, '_run_test', tests)
    return tests


@pytest.fixture
def cofw(tmp_path):
    """A folder of data, in a name that a command line would take apart."""
    path = tmp_path / 'my data, all/cofw/annotations/cofw_test.json'
    path.parent.mkdir(parents=True)
    path.write_text('{}')
    return path


def check(cofw, work_dir, **kwargs) -> float:
    """NME of COFW's row."""
    result = verify(ROWS['cofw-hrnetv2-w18'], work_dir, cofw.parents[2], **kwargs)
    return result.measured['test']


def test_the_same_is_tested_once(tests, cofw, tmp_path):
    work_dir = tmp_path / 'work, too'
    assert [check(cofw, work_dir) for _ in range(2)] == [1, 1]
    assert check(cofw, work_dir, again=True) == 2
    assert check(cofw, work_dir) == 2
    cfg = tests.configs[0]
    assert cfg.test_dataloader.dataset.data_root == f'{cofw.parents[1]}/'
    assert cfg.test_evaluator.out_dir == (f'{work_dir}/td-hm_hrnetv2-w18_8xb64-60e_cofw-256x256')


def test_something_else_is_tested_anew(tests, cofw, tmp_path, monkeypatch):
    assert check(cofw, tmp_path) == 1
    cofw.write_text('{"annotations": []}')
    assert check(cofw, tmp_path) == 2
    options = {'test_dataloader.batch_size': 1}
    assert check(cofw, tmp_path, options=options) == 3
    assert tests.configs[-1].test_dataloader.batch_size == 1
    monkeypatch.setattr(verification, '__version__', '99')
    assert check(cofw, tmp_path, options=options) == 4
    monkeypatch.setitem(
        ROWS,
        'cofw-hrnetv2-w18',
        replace(ROWS['cofw-hrnetv2-w18'], weights='https://a/b-01234567_20211019.pth'),
    )
    assert check(cofw, tmp_path, options=options) == 5
    assert check(cofw, tmp_path, options=options) == 5


@pytest.mark.parametrize('content', ['', '{}', '[]', '{"subsets"', '\x00'])
def test_a_damaged_result_is_tested_anew(tests, cofw, tmp_path, logged, content):
    check(cofw, tmp_path)
    saved = next(tmp_path.rglob('verified.json'))
    saved.write_text(content)
    assert check(cofw, tmp_path) == 2
    assert f'{saved} is damaged: testing anew' in logged.text


def test_no_data(tests, cofw, tmp_path):
    cofw.unlink()
    with pytest.raises(FileNotFoundError) as raised:
        check(cofw, tmp_path)
    assert str(raised.value) == (
        f'{cofw} not found; tools/prepare_data.py cofw makes it from the release'
    )
    assert tests.configs == []


def test_another_metric(cofw, tmp_path, monkeypatch):
    """What a changed config measures is not taken for the row's."""
    figures = tmp_path / 'td-hm_hrnetv2-w18_8xb64-60e_cofw-256x256'

    def run(command, **kwargs):
        content = dict(unit=unit, subsets={column: dict(NME=1.0, n=1)})
        (figures / 'metrics.json').write_text(json.dumps(content))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(verification, 'download', lambda *args: 'weights')
    monkeypatch.setattr(verification.subprocess, 'run', run)
    for unit, column in (('ratio', 'test'), ('percent', 'other')):
        with pytest.raises(
            ValueError, match=f'its test gave {column} in {unit}; expected test in percent'
        ):
            check(cofw, tmp_path)
    unit, column = 'percent', 'test'
    assert check(cofw, tmp_path) == 1


# The tool, from the download to the exit code.


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    """A data set with faces in each column of 300-W's table."""
    root = tmp_path_factory.mktemp('verified, all of it')
    raw = make_release(root / 'raw', {'helen/testset': 1, 'ibug': 1, '300W/01_Indoor': 1})
    convert_300w(raw, root / 'data/300w', partial=True)
    return root / 'data'


class Zoo:
    """An installed copy whose 300-W row has weights on this machine."""

    def __init__(self, installed: Path, data: Path, folder: Path, address: str):
        self.site, self.data, self.folder = folder / 'site', data, folder
        shutil.copytree(installed, self.site)
        self.metafile = next((self.site / 'mmpose_face/.mim').rglob('hrnetv2_300w.yml'))
        torch.manual_seed(0)
        model = get_model('300w-hrnetv2-w18', pretrained=False)
        weights = folder / 'weights.pth'
        torch.save(dict(state_dict=model.state_dict()), weights)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
        self.weights = weights.rename(folder / f'some-{digest}_20211019.pth')
        self.change(Weights=f'{address}/{self.weights.name}')

    def change(self, **fields) -> None:
        content = yaml.safe_load(self.metafile.read_text())
        content['Models'][0].update(fields)
        self.metafile.write_text(yaml.safe_dump(content))

    def verify(self, *options: str) -> str:
        done = run_python(
            self.site / 'mmpose_face/.mim/tools/verify_zoo.py',
            '--data',
            self.data,
            '--work-dir',
            self.folder / 'work',
            *options,
            '--cfg-options',
            'test_dataloader.num_workers=0',
            'test_dataloader.persistent_workers=False',
            cwd=self.folder,
            check=False,
            PYTHONPATH=str(self.site),
            TORCH_HOME=str(self.folder / 'torch'),
        )
        return f'{done.stdout}\nexit {done.returncode}'


@pytest.fixture(scope='module')
def zoo(installed, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp('a zoo')
    with serving(folder) as address:
        yield Zoo(installed, data, folder, address)


def figures(output: str, line: str):
    found = re.search(rf'\| {line} *\|(.*)\|', output)[1]
    return [cell.strip() for cell in found.split('|')]


def test_tool(zoo):
    """Random weights differ from the table; what was measured, once
    published, agrees, without a second test."""
    rows = '--rows', '300w-hrnetv2-w18', 'wflw-res50-starloss'
    first = zoo.verify(*rows)
    assert figures(first, 'faces') == ['2 of 689', '1 of 554', '1 of 135', '1 of 600']
    assert '300w-hrnetv2-w18: does not agree' in first
    assert 'wflw-res50-starloss: has no released weights' in first
    assert first.endswith('exit 1')

    values = figures(first, 'measured')
    names = ('NME full', 'NME common', 'NME challenge', 'NME test')
    result = dict(
        Task='Face 2D Keypoint',
        Dataset='300W',
        Source='measured here',
        Metrics={n: float(v) for n, v in zip(names, values)},
    )
    zoo.change(Results=[result])
    zoo.weights.unlink()  # neither downloaded nor tested again
    again = zoo.verify(*rows, '--partial')
    assert 'tested before' in again
    assert figures(again, 'difference') == ['+0.00'] * 4
    assert '300w-hrnetv2-w18: agrees' in again
    assert again.endswith('exit 0')


def test_rows_that_cannot_be_tested(zoo):
    """Weights that are not there end one row, not the others."""
    zoo.change(
        Weights=re.sub(
            r'some-[^/]+$',
            'other-01234567_20211019.pth',
            yaml.safe_load(zoo.metafile.read_text())['Models'][0]['Weights'],
        )
    )
    output = zoo.verify('--rows', '300w-hrnetv2-w18', 'wflw-res50-starloss')
    assert '300w-hrnetv2-w18: could not be verified' in output
    assert 'wflw-res50-starloss: has no released weights' in output
    assert output.endswith('exit 1')
    assert 'Traceback' not in output


@pytest.mark.parametrize(
    'options, message',
    [
        (['--rows', 'wflw-hrnetv2-w81'], "no model 'wflw-hrnetv2-w81'"),
        (['--cfg-options', 'batch'], 'expected KEY=VALUE, got batch'),
    ],
)
def test_wrong_command(monkeypatch, capsys, options, message):
    tool = str(REPO / 'tools/verify_zoo.py')
    monkeypatch.setattr('sys.argv', [tool, *options])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(tool, run_name='__main__')
    assert message in f'{ended.value}{capsys.readouterr().err}'
