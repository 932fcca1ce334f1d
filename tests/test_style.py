# SPDX-License-Identifier: Apache-2.0
"""OpenMMLab's rules, the same as ``make lint``."""
import pytest
from conftest import REPO, run_python

FILES = ('mmpose_face', 'configs', 'tools', 'docs', 'tests', 'setup.py')


@pytest.mark.parametrize(
    'linter', [('flake8', ), ('isort', '--check-only', '--diff'),
               ('yapf', '--diff', '--recursive', '--parallel')],
    ids=lambda linter: linter[0])
def test_style(linter):
    done = run_python('-m', *linter, *FILES, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_file_names_its_licence():
    paths = [
        p for folder in FILES[:-1] for p in (REPO / folder).rglob('*')
        if p.suffix in ('.py', '.sh') and '.mim' not in p.parts
    ]
    assert len(paths) > 40
    for path in [*paths, REPO / 'setup.py', REPO / 'Makefile']:
        assert 'SPDX-License-Identifier: Apache-2.0' in path.read_text(
        )[:100], path
