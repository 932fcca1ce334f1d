# SPDX-License-Identifier: Apache-2.0
"""The tutorial, run from its first to its last block."""

import json
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import REPO, run_script

PAGE = REPO / 'docs/en/tutorial.md'


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Language and text of each block that is run."""
    return re.findall(r'^```(python|bash)\n(.*?)^```$', page, re.M | re.S)


def run_bash(block: str) -> None:
    """Commands, one a line; those of mim by the scripts that it runs, which
    tests/test_mim.py holds."""
    for line in block.splitlines():
        args = shlex.split(line.replace('--checkpoint ', ''))
        if args[0] == 'mim':
            _, command, package, *args = args
            assert package == 'mmpose_face', line
            name = args.pop(0) if command == 'run' else command
            args = [REPO / f'tools/{name}.py', *args]
        else:
            assert args.pop(0) == 'python', line
        run_script(*args, cwd=Path.cwd())


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty one."""
    (tmp_path / 'my_faces').mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_of_the_tutorial_runs(folder):
    page = PAGE.read_text()
    named, said = [], {}
    for language, block in blocks(page):
        if 'export_onnx' in block or 'OnnxLandmarker' in block:
            if find_spec('onnxruntime') is None:
                continue  # an extra that not everybody installs
        name = re.match(r'# (my_faces/\S+)\n', block)
        if name:
            named.append(name[1])
            (folder / name[1]).write_text(block)
        elif language == 'bash':
            run_bash(block)
        else:
            exec(compile(block, str(PAGE), 'exec'), said)
    assert named == ['my_faces/draw.py', 'my_faces/config.py']

    table = json.loads(Path('my_faces/report/metrics.json').read_text())
    columns = table['subsets']
    assert list(columns) == ['test', 'turned', 'glasses']
    assert 1 < columns['test']['NME'] < 8
    assert 'cartoon9' in Path('my_faces/report/report.html').read_text()
    for subset in columns:
        assert Path(f'my_faces/sheets/cartoon9_{subset}.png').exists()
    assert len(said['faces_68']) == 4

    truth = said['faces'].get_data_info(0)['keypoints'][0]
    assert said['found'].name == 'my_faces/images/test_1.png'
    distances = np.linalg.norm(said['found'][0].keypoints - truth, axis=1)
    assert distances.mean() < 5  # pixels of a face of 80
    assert Path('my_faces/found.png').exists()
    if 'again' in said:
        np.testing.assert_allclose(
            said['again'][0].keypoints, said['found'][0].keypoints, atol=0.05
        )


def test_the_scheme_of_the_page_is_that_of_its_config():
    """It stands there twice, to be read in both places."""
    schemes = re.findall(r"^scheme = dict\(.*?outer'\]\)$", PAGE.read_text(), re.M | re.S)
    assert len(schemes) == 2 and schemes[0] == schemes[1]
