# SPDX-License-Identifier: Apache-2.0
"""The graph of imports: rooms stand on floors, and no import runs upward or in a circle."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

from conftest import REPO

PACKAGE = 'mmpose_face'
# The top floor first. Rooms of one floor do not import one another.
FLOORS = (
    ('registered', 'commands'),
    ('inference',),
    ('visualization',),
    ('zoo',),
    ('engine',),
    ('models', 'evaluation'),
    ('datasets',),
    ('codecs', 'images', 'synthesis'),
    ('landmarks', 'registration', 'mmpose_scripts', '__main__'),
    ('compat',),
    ('downloads',),
    ('arrays', 'files', 'logs', 'on_demand', 'text', 'version'),
)


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imported(path: Path, name: str, modules: set[str]) -> set[str]:
    """The modules of the package that a file imports, wherever in it."""
    package = name.split('.') if path.name == '__init__.py' else name.split('.')[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = '.'.join([*above, *filter(None, [node.module])])
            for alias in node.names:
                whole = f'{base}.{alias.name}'
                found.add(whole if whole in modules else base)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {each for each in found if each in modules and each != name}


def graph(root: Path) -> dict[str, set[str]]:
    """Each module and those that it imports. Configs are left out: they are
    data, made of what all other rooms have."""
    paths = {
        module_name(path, root): path
        for path in (root / PACKAGE).rglob('*.py')
        if not {'.mim', 'configs'} & set(path.parts)
    }
    return {name: imported(path, name, set(paths)) for name, path in paths.items()}


def room(name: str) -> str:
    return name.split('.')[1]


def upward(imports: dict[str, set[str]]) -> list[str]:
    floor = {name: -number for number, names in enumerate(FLOORS) for name in names}
    return [
        f'{name} imports {other}'
        for name, others in sorted(imports.items())
        for other in sorted(others)
        if PACKAGE not in (name, other)
        and room(name) != room(other)
        and floor[room(other)] >= floor[room(name)]
    ]


def test_no_import_runs_upward():
    assert upward(graph(REPO)) == []


def test_no_circle():
    # Raises CycleError, which names the circle.
    assert len(list(TopologicalSorter(graph(REPO)).static_order())) > 150


def test_every_room_has_a_floor():
    rooms = {room(name) for name in graph(REPO) if name != PACKAGE}
    assert rooms == {name for names in FLOORS for name in names}


def test_a_name_has_one_meaning():
    names = Counter(name.rpartition('.')[-1] for name in graph(REPO))
    assert [name for name, number in names.items() if number > 1] == []


def test_the_checks_can_fail(tmp_path):
    for name, text in {
        'codecs/__init__.py': 'from ..zoo import lookup\n',
        'zoo/__init__.py': '',
        'zoo/lookup.py': 'def f():\n    import mmpose_face.files\n',
        'files.py': '',
    }.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert graph(tmp_path) == {
        'mmpose_face.codecs': {'mmpose_face.zoo.lookup'},
        'mmpose_face.zoo': set(),
        'mmpose_face.zoo.lookup': {'mmpose_face.files'},
        'mmpose_face.files': set(),
    }
    assert upward(graph(tmp_path)) == ['mmpose_face.codecs imports mmpose_face.zoo.lookup']
