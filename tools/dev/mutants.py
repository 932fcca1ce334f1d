# SPDX-License-Identifier: Apache-2.0
"""Mutation tests: the small changes of the code that no test notices.

A mutant is a module with one change: another comparison, the next number,
``and`` for ``or``. It is killed when a test fails or takes too long. Messages
of errors and of the log, annotations, decorators and texts are left alone.

    python tools/dev/mutants.py mmpose_face/codecs --tests tests/codecs

Each mutant runs in the fork of a process that has imported and collected
all, with the tests that enter the changed function; for a change outside
functions the package is imported anew, and the tests of its module run; so it
is with ``--anew`` for functions that are called on import. Slow tests are left
out. ``--out`` takes a line of JSON for each mutant. Hypothesis
draws the same examples each time.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import linecache
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import SourceFileLoader
from operator import itemgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Callable, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

_OTHERS = 'Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, And Or, Add Sub, Mult Div, BitAnd BitOr'
_ONE_WAY = 'FloorDiv Mult, Mod Mult, Pow Mult, USub UAdd'
_NAMES = 'min max, minimum maximum, amin amax, argmin argmax, any all, mean sum, floor ceil'


def _swaps(pairs: str) -> dict[str, str]:
    both = [pair.split() for pair in pairs.split(', ')]
    return {a: b for one, other in both for a, b in ((one, other), (other, one))}


_OPERATORS = {**_swaps(_OTHERS), **dict(pair.split() for pair in _ONE_WAY.split(', '))}
_CALLS = dict(_swaps(_NAMES), median='mean')
_IMPORTED_ONCE = (
    'h5py hypothesis matplotlib.pyplot mmdet.apis mmpose.apis mmpose.codecs mmpose.datasets '
    'mmpose.evaluation rich.progress scipy.io scipy.stats'
)
_TO_THE_LOG = ('print_log', 'warn', 'warning', 'info')
_LOOPS = {ast.Break: ast.Continue, ast.Continue: ast.Break}


class Mutant(NamedTuple):
    """``place.field = value`` in a syntax tree."""

    node: ast.AST  # what is shown of the change
    owner: ast.AST | None  # the outermost function that holds it
    place: ast.AST
    field: str
    value: Any

    def apply(self) -> None:
        setattr(self.place, self.field, self.value)

    def text(self) -> str:
        before, old = ast.unparse(self.node), getattr(self.place, self.field)
        self.apply()
        after = ast.unparse(self.node)
        setattr(self.place, self.field, old)
        return f'{before}  ->  {after}'


def mutants_of(node: ast.AST, owner: ast.AST | None = None) -> Iterator[Mutant]:
    """All mutants of a syntax tree."""
    if isinstance(node, ast.Raise) or _name(getattr(node, 'func', None)) in _TO_THE_LOG:
        return
    for field, value in _changes(node):
        yield Mutant(node, owner, node, field, value)
    for field, child in ast.iter_fields(node):
        if field in ('annotation', 'returns', 'decorator_list'):
            continue
        inner = owner
        if field == 'body' and isinstance(node, ast.FunctionDef):
            inner = owner or node
        for each in child if isinstance(child, list) else [child]:
            if type(each) in _LOOPS:
                changed = [_LOOPS[type(c)]() if c is each else c for c in child]
                yield Mutant(node, owner, node, field, changed)
            elif isinstance(each, ast.AST):
                yield from mutants_of(each, inner)


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Fields of a node and what else they may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield 'value', not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield 'value', node.value + 1
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            yield 'ops', [*node.ops[:i], _other(op), *node.ops[i + 1 :]]
    elif _other(getattr(node, 'op', None)):
        yield 'op', _other(node.op)
    elif isinstance(node, ast.UnaryOp):  # not, ~
        yield 'operand', ast.UnaryOp(node.op, node.operand)
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        if not isinstance(node.test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            yield 'test', ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != 'None':
        # Evaluated all the same, so that closures keep their variables.
        pair = ast.Tuple([node.value, ast.Constant(None)], ast.Load())
        yield 'value', ast.Subscript(pair, ast.Constant(1), ast.Load())
    elif isinstance(node, ast.Call) and _name(node.func) in _CALLS:
        other = _CALLS[_name(node.func)]
        if isinstance(node.func, ast.Name) and node.func.id != 'sum':
            yield 'func', ast.Name(other, ast.Load())
        elif isinstance(node.func, ast.Attribute):
            yield 'func', ast.Attribute(node.func.value, other, ast.Load())


def _other(operator: ast.AST | None) -> ast.AST | None:
    name = _OPERATORS.get(type(operator).__name__)
    return getattr(ast, name)() if name else None


def _name(node: ast.AST | None) -> str:
    return getattr(node, 'attr', getattr(node, 'id', ''))


class Task(NamedTuple):
    """A mutant of a file, whose syntax tree it changes."""

    path: Path
    tree: ast.Module
    mutant: Mutant


def in_fork(action: Callable[[], Any], seconds: float) -> Any:
    """What the action returns in a fork, as JSON can hold it; None if it
    takes longer or the process dies."""
    with tempfile.NamedTemporaryFile() as answer:
        pid = os.fork()
        if not pid:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1), os.dup2(nowhere, 2)
            signal.alarm(int(seconds) + 1)
            try:
                said = action()
            except BaseException as error:
                said = repr(error)
            Path(answer.name).write_text(json.dumps(said))
            os._exit(0)
        os.waitpid(pid, 0)
        try:
            os.killpg(pid, signal.SIGKILL)  # what it has started
        except ProcessLookupError:
            pass
        text = answer.read()
    return json.loads(text) if text else None


class Runs:
    """As a plugin of pytest: runs the mutants in place of the tests."""

    def __init__(self, todo: list[Task], slow: float, report: Callable, left_out: Path) -> None:
        self.todo, self.slow, self.report = todo, slow, report
        self.left_out = left_out
        self.entered: dict[str, list] = {}  # [file, line] by test, or by its file
        self.seconds: dict[str, float] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        self.entered, self.seconds, failed = in_fork(self._all_tests, 3600)
        if failed:
            raise RuntimeError(f'without a change, these fail: {failed}')
        names = [name for name, seconds in self.seconds.items() if seconds >= self.slow]
        self.left_out.write_text('\n'.join(names))
        functions = [f for f in gc.get_objects() if type(f) is FunctionType]
        for task in self.todo:
            path, mutant = task.path, task.mutant
            live = [f for f in functions if f.__code__.co_filename == str(path)]
            tests = self._tests_of(path, mutant.owner)
            limit = 30 + 10 * sum(self.seconds[item.nodeid] for item in tests)
            self.report(task, in_fork(lambda: self._run(live, *task, tests), limit))
        return True

    def _all_tests(self) -> tuple[dict, dict, list]:
        """What each enters and how long it takes, in seconds."""
        files = {str(path) for path, *_ in self.todo}
        entered: dict[str, set] = {}
        seconds, failed = {}, []
        for item, following in zip(self.items, [*self.items[1:], None]):
            start, now = sum(os.times()[:4]), entered.setdefault(item.nodeid, set())

            def trace(frame, event, argument):
                if frame.f_code.co_filename in files:
                    now.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

            sys.settrace(trace)
            reports = runtestprotocol(item, log=False, nextitem=following)
            sys.settrace(None)
            seconds[item.nodeid] = sum(os.times()[:4]) - start
            failed += [item.nodeid for report in reports if report.failed]
        return {name: sorted(lines) for name, lines in entered.items()}, seconds, failed

    def _tests_of(self, path: Path, owner: ast.FunctionDef) -> list[pytest.Item]:
        """Those that enter a function, then the others of their files, which
        may share what was made in it; all where none does, as with what
        torch.jit.script has compiled."""
        first = _first_line(owner)
        entering = [
            item
            for item in self.items
            if any(
                file == str(path) and first <= line <= owner.end_lineno
                for file, line in self.entered[item.nodeid]
            )
        ]
        files = {item.path for item in entering}

        def order(item: pytest.Item) -> tuple:
            mine = item.path.stem == f'test_{path.stem}'
            return item not in entering, not mine, item.path, self.seconds[item.nodeid]

        quick = (item for item in self.items if self.seconds[item.nodeid] < self.slow)
        return sorted((item for item in quick if item.path in files or not files), key=order)

    def _run(self, live, path, tree, mutant, tests) -> str:
        """The test that fails; an empty string if none does."""
        mutant.apply()
        codes = {(c.co_name, c.co_firstlineno): c for c in _codes(_compiled(tree, path))}
        for function in live:
            old = function.__code__
            function.__code__ = codes.get((old.co_name, old.co_firstlineno), old)
        linecache.cache[str(path)] = (1, None, _lines_of(mutant.owner, path), str(path))
        for item, following in zip(tests, [*tests[1:], None]):
            reports = runtestprotocol(item, log=False, nextitem=following)
            if any(report.failed for report in reports):
                return item.nodeid
        return ''


def _lines_of(function: ast.FunctionDef, path: Path) -> list[str]:
    """The source with a function as it is now, for torch.jit.script."""
    lines, first = path.read_text().splitlines(keepends=True), _first_line(function) - 1
    changed = ast.unparse(function).splitlines(keepends=True)
    space = function.end_lineno - first - len(changed)
    return [*lines[:first], *changed, *['\n'] * space, *lines[function.end_lineno :]]


def _first_line(function: ast.FunctionDef) -> int:
    return min(node.lineno for node in (function, *function.decorator_list))


def _compiled(tree: ast.Module, path: Path) -> CodeType:
    return compile(ast.fix_missing_locations(tree), str(path), 'exec', dont_inherit=True)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _import_all() -> None:
    """What the package imports, but none of its own modules that remain."""
    import_module('mmpose_face')  # makes MMPose importable
    for name in _IMPORTED_ONCE.split():
        import_module(name)
    for name in list(sys.modules):
        if name.split('.')[0] == 'mmpose_face' and not name.startswith('mmpose_face.compat'):
            del sys.modules[name]


def _run_anew(task: Task, tests: list[str], options: list[str]) -> str:
    """Run the tests of the mutant's module, or all if it has none of its own,
    with a package that is imported anew."""
    task.mutant.apply()
    mirror = [str(path) for path in Path('tests').rglob(f'test_{task.path.stem}.py')]
    code, original = _compiled(task.tree, task.path), SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType:
        return code if loader.path == str(task.path) else original(loader, name)

    SourceFileLoader.get_code = get_code
    status = pytest.main([*options, *(mirror or tests)])
    return '' if status == pytest.ExitCode.OK else f'{status!r}'


def _run_all(
    tasks: list[Task], tests: list[str], slow: float, anew: bool, report: Callable
) -> None:
    options = ['-x', '-q', '--hypothesis-seed=0', '-p', 'no:cacheprovider', '-p', 'no:xdist']
    with tempfile.NamedTemporaryFile('r') as left_out:
        within = [task for task in tasks if task.mutant.owner and not anew]
        runs = Runs(within, slow, report, Path(left_out.name))
        pid = os.fork()
        if not pid:
            os._exit(pytest.main([*tests, *options, '-s'], plugins=[runs]))
        if os.waitpid(pid, 0)[1]:
            raise SystemExit('the tests could not be collected, or fail without a change')
        options += [f'--deselect={name}' for name in left_out.read().splitlines()]
    for task in tasks:
        if task not in within:
            report(task, in_fork(lambda: _run_anew(task, tests, options), 300))


def _tasks(paths: list[Path]) -> list[Task]:
    files = [f.resolve() for path in paths for f in (sorted(path.glob('*.py')) or [path])]
    trees = {f: ast.parse(f.read_bytes()) for f in files if f.name != '__init__.py'}
    return [Task(f, tree, mutant) for f, tree in trees.items() for mutant in mutants_of(tree)]


def _result(task: Task, failed: str | None) -> dict:
    return dict(
        file=str(task.path.relative_to(Path.cwd())),
        line=task.mutant.node.lineno,
        change=task.mutant.text(),
        killed_by='time' if failed is None else failed,
    )


def _read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('paths', nargs='+', type=Path, help='modules, or folders of modules')
    parser.add_argument('--tests', nargs='+', required=True, help='as pytest takes them')
    parser.add_argument('--sample', type=int, help='how many mutants to draw; default all')
    parser.add_argument('--seed', type=int, default=0, help='of the drawing')
    parser.add_argument('--slow', type=float, default=2, help='seconds; slower tests are left out')
    parser.add_argument('--survivors-of', type=Path, help='run those alone that survived there')
    parser.add_argument('--anew', action='store_true', help='import the package for each mutant')
    parser.add_argument('--out', type=Path, default=Path('mutants.jsonl'))
    args = parser.parse_args()
    tasks = _tasks(args.paths)
    print(f'{len(tasks)} mutants', flush=True)
    if args.survivors_of:
        alive = {(r['file'], r['change']) for r in _read(args.survivors_of) if not r['killed_by']}
        tasks = [t for t in tasks if itemgetter('file', 'change')(_result(t, '')) in alive]
    if args.sample is not None and args.sample < len(tasks):
        drawn = random.Random(args.seed).sample(range(len(tasks)), args.sample)
        tasks = [tasks[i] for i in sorted(drawn)]

    def report(task: Task, failed: str | None) -> None:
        with args.out.open('a') as file:
            print(json.dumps(_result(task, failed)), file=file)

    os.environ['HYPOTHESIS_STORAGE_DIRECTORY'] = tempfile.mkdtemp()
    args.out.write_text('')
    _import_all()
    _run_all(tasks, args.tests, args.slow, args.anew, report)
    results = _read(args.out)
    for result in results:
        if not result['killed_by']:
            print('survived: {file}:{line}: {change}'.format(**result))
    killed = sum(bool(result['killed_by']) for result in results)
    print(f'killed {killed} of {len(results)}, {100 * killed / len(results):.1f} %')


if __name__ == '__main__':
    main()
