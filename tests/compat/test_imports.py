# SPDX-License-Identifier: Apache-2.0
import importlib
import sys
from types import ModuleType

import pytest

from mmpose_face.compat.imports import StandIn, after_import, before_import


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module that is not imported yet."""
    name = f'some_module_of_{tmp_path.name}'
    (tmp_path / f'{name}.py').write_text('value = 1\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def test_before_and_after(module):
    told = []
    before_import(module, lambda: told.append(module in sys.modules))
    after_import(module, lambda made: told.append(made.value))
    assert importlib.util.find_spec(module) and told == []
    importlib.import_module(module)
    assert told == [True, 1]  # it is there, and empty, while it is executed
    importlib.reload(sys.modules[module])
    assert told == [True, 1]


def test_at_once(module):
    importlib.import_module(module)
    told = []
    after_import(module, lambda made: told.append(made.value))
    before_import(module, lambda: told.append('too late'))
    assert told == [1]


def test_what_is_raised_before(module):

    def refuse():
        raise ImportError('install it')

    before_import(module, refuse)
    with pytest.raises(ImportError, match='install it'):
        importlib.import_module(module)
    importlib.import_module(module)


def make(name: str):
    made = ModuleType(name)
    made.value = 2
    if '.' not in name:
        made.__path__ = []
    return None if name.endswith('other') else made


def test_stand_in(module):
    StandIn(module, make).install()
    assert importlib.import_module(module).value == 1  # the real one wins
    absent = f'{module}_absent'
    StandIn(absent, make).install()
    StandIn(absent, make).install()
    try:
        assert importlib.import_module(absent).value == 2
        assert importlib.import_module(f'{absent}.part').value == 2
        assert importlib.util.find_spec(f'{absent}.other') is None
        names = [f for f in sys.meta_path if getattr(f, 'name', '') == absent]
        assert len(names) == 1
    finally:
        sys.meta_path[:] = [
            finder
            for finder in sys.meta_path
            if not (isinstance(finder, StandIn) and finder.name.startswith(module))
        ]
