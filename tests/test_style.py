# SPDX-License-Identifier: Apache-2.0
"""The same rules as ``make lint``."""

import pytest
from conftest import REPO, run_python

FOLDERS = ('mmpose_face', 'configs', 'tools', 'docs', 'tests')


@pytest.mark.parametrize(
    'command', [('check',), ('format', '--check', '--diff')], ids=lambda c: c[0]
)
def test_style(command):
    done = run_python('-m', 'ruff', *command, REPO, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_types():
    done = run_python('-m', 'mypy', check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_file_names_its_licence():
    paths = [
        p
        for folder in FOLDERS
        for p in (REPO / folder).rglob('*')
        if p.suffix in ('.py', '.sh') and '.mim' not in p.parts
    ]
    assert len(paths) > 40
    for path in [*paths, REPO / 'setup.py', REPO / 'Makefile']:
        assert 'SPDX-License-Identifier: Apache-2.0' in path.read_text()[:100], path
