# SPDX-License-Identifier: Apache-2.0
"""The scripts say what their options are at once."""

import json
from pathlib import Path

import pytest
from conftest import REPO, run_python

LIMIT = 1.0  # seconds of a processor, the interpreter's start included
HEAVY = (
    'mmcv',
    'mmdet',
    'mmengine',
    'mmpose',
    'onnx',
    'onnxruntime',
    'matplotlib',
    'torch',
    'torchvision',
)
SCRIPT = f"""
import json
import os
import runpy
import sys

sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))  # as Python does
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as end:
    code = end.code
times = os.times()
print()
print(json.dumps(dict(
    code=code,
    heavy=[name for name in {HEAVY!r} if name in sys.modules],
    seconds=times.user + times.system)))
"""
TOOLS = ['benchmark/benchmark.py', *sorted(path.name for path in (REPO / 'tools').glob('*.py'))]
DATASETS = ('300w', 'wflw', 'cofw', 'cofw68', 'aflw', 'coco_wholebody_face', 'synthetic', 'crops')


def answer(*args: str, code: int = 0) -> str:
    """What a script prints before it ends with that code, without what takes
    long to import."""
    done = run_python('-c', SCRIPT, f'tools/{args[0]}', *args[1:])
    said, _, measured = done.stdout.strip().rpartition('\n')
    measured = json.loads(measured)
    assert (measured['code'], measured['heavy']) == (code, []), said
    assert measured['seconds'] < LIMIT
    return said


@pytest.mark.parametrize('option', ['-h', '--help'])
@pytest.mark.parametrize('tool', TOOLS)
def test_help(tool, option):
    assert answer(tool, option).startswith(f'usage: {Path(tool).name} [-h]')


@pytest.mark.parametrize('dataset', DATASETS)
def test_help_of_a_data_set(dataset):
    said = answer('prepare_data.py', dataset, '--help')
    assert said.startswith(f'usage: prepare_data.py {dataset} [-h]')
    assert '--out OUT' in said


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_options_of_mmpose(tool):
    said = answer(tool, '--help')
    for option in ('--cfg-options', '--launcher', '--work-dir'):
        assert option in said


def test_options_of_ours():
    mmposes, _, ours = answer('test.py', '--help').partition('\n\nmmpose_face:')
    assert '--badcase' in mmposes
    assert '--report [DIR]' in ours and '--box-robustness [DIR]' in ours


@pytest.mark.parametrize(
    'args, message',
    [
        (['train.py'], 'required: config'),
        (['train.py', 'a.py', '--launcher', 'none', '--wrong'], '--wrong'),
        (['test.py', 'a.py', '--report'], 'required: checkpoint'),
        (['landmark.py'], 'required: input'),
        (['prepare_data.py', '300w', '--raw', 'a'], 'required: --out'),
        (['browse_data.py', '300w'], '300w needs --root'),
        (['evaluate.py', '--ann', 'a.json'], 'required: --pred'),
        (['compare.py', 'a.json'], 'required: b'),
        (['export_onnx.py', 'a.py'], 'required: out'),
        (['benchmark/benchmark.py', '--parts', 'none'], "invalid choice: 'none'"),
        (['verify_zoo.py', '--cfg-options', 'batch'], 'expected KEY=VALUE'),
    ],
)
def test_wrong_options(args, message):
    assert message in answer(*args, code=2)
