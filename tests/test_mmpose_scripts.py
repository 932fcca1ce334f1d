# SPDX-License-Identifier: Apache-2.0
"""MMPose's command lines, against MMPose's scripts themselves."""

import runpy
import sys

import pytest

from mmpose_face import mmpose_scripts
from mmpose_face.mmpose_scripts import parse_test, parse_train, script_path

OURS = dict(report=None, box_robustness=None)


@pytest.fixture
def run(monkeypatch, capsys):
    """Parse a command line; gives the options and what is printed."""

    def parse(function, line):
        monkeypatch.setattr(sys, 'argv', ['tool.py', *line.split()])
        try:
            options = vars(function())
        except SystemExit as end:
            options = end.code
        return options, ''.join(capsys.readouterr())

    return parse


def mmposes(name):
    return runpy.run_path(str(script_path(name)))['parse_args']


LINES = [
    '--help',
    '',
    'c.py m.pth --no-such',
    'c.py m.pth',
    'c.py m.pth --launcher slurm --local-rank 3 --show-dir a',
    'c.py m.pth --cfg-options a=1 b.c=[1,2.5] d=(x,None) e=true',
    'c.py m.pth --cfg-options a=1 --work-dir w --cfg-options b="x,y" a=2',
]


@pytest.mark.parametrize('line', LINES)
def test_train(run, line):
    line = line.replace(' m.pth', '')
    assert run(parse_train, line) == run(mmposes('train'), line)


@pytest.mark.parametrize('line', LINES)
def test_test(run, line):
    found, said = run(parse_test, line)
    expected, mmpose_says = run(mmposes('test'), line)
    if isinstance(expected, dict):
        expected.update(OURS)
    assert found == expected
    assert said.startswith(mmpose_says)


def test_without_mmpose(monkeypatch):
    monkeypatch.setattr(mmpose_scripts, 'find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match='pip install "mmpose'):
        script_path('train')


def test_mmpose_without_its_scripts():
    with pytest.raises(FileNotFoundError, match='no tools/dance.py; expected'):
        script_path('dance')
