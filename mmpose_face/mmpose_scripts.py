# SPDX-License-Identifier: Apache-2.0
"""Command lines of MMPose's ``tools/train.py`` and ``tools/test.py``, with
the options that this package adds.

Reading options must not take seconds, but MMPose's scripts import torch. So
only their function ``parse_args`` is run here; it needs :mod:`argparse`,
:mod:`os` and MMEngine's ``DictAction``.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable

_INSTALL = 'pip install "mmpose>=1.3,<1.4"'

_TEST_OPTIONS = {
    '--report': 'write the report of the test, report.html, into this folder; '
    'WORK_DIR/report where none is named',
    '--box-robustness': 'repeat the test under shifted and scaled face boxes and write the '
    'figures and their curves, robustness.json, .png and .svg, into this '
    'folder; WORK_DIR/box_robustness where none is named',
}


class DictAction(argparse.Action):
    """MMEngine's action for ``KEY=VALUE``, imported only when there is such
    an option."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        from mmengine.config import DictAction as MMEngineAction

        action = MMEngineAction(self.option_strings, self.dest)
        action(parser, namespace, values, option_string)


def parse_train() -> argparse.Namespace:
    """Read the command line of ``tools/train.py``."""
    return _parse_args_of('train')()


def parse_test() -> argparse.Namespace:
    """Read the command line of ``tools/test.py`` with
    :func:`add_test_options`."""
    return add_test_options(_parse_args_of('test'))


def add_test_options(parse_args: Callable[[], argparse.Namespace]) -> argparse.Namespace:
    """Read the added options of a test, and let MMPose read the others.

    Args:
        parse_args (Callable): MMPose's function, which reads ``sys.argv``.

    Returns:
        Namespace: MMPose's options and the added ones. An added option is
        None where it is not given, and empty where it names no folder.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = parser.add_argument_group('mmpose_face')
    for option, help_text in _TEST_OPTIONS.items():
        group.add_argument(option, nargs='?', const='', metavar='DIR', help=help_text)
    ours, theirs = parser.parse_known_args()
    before, sys.argv = sys.argv, [sys.argv[0], *theirs]
    try:
        args = parse_args()
    except SystemExit as end:
        if not end.code:  # the help
            print('\n' + parser.format_help().partition('\n\n')[2], end='')
        raise
    finally:
        sys.argv = before
    return argparse.Namespace(**vars(args), **vars(ours))


def script_path(name: str) -> Path:
    """The path of a script of the installed MMPose, which is not imported.

    Args:
        name (str): ``'train'`` or ``'test'``.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: If MMPose has no such script.
        ModuleNotFoundError: If MMPose is not installed.
    """
    spec = find_spec('mmpose')
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f'MMPose is not installed: {_INSTALL}', name='mmpose')
    root = Path(spec.origin).parent
    for tools in (root / '.mim' / 'tools', root.parent / 'tools'):
        if (tools / f'{name}.py').is_file():
            return tools / f'{name}.py'
    raise FileNotFoundError(
        f'MMPose at {root} has no tools/{name}.py; expected a normal install: {_INSTALL}'
    )


def _parse_args_of(name: str) -> Callable[[], argparse.Namespace]:
    """The function ``parse_args`` of a script."""
    path = script_path(name)
    module = ast.parse(path.read_bytes(), str(path))
    module.body = [
        part
        for part in module.body
        if isinstance(part, ast.FunctionDef) and part.name == 'parse_args'
    ]
    names: dict[str, Any] = dict(argparse=argparse, os=os, DictAction=DictAction)
    exec(compile(module, str(path), 'exec'), names)
    parse_args: Callable[[], argparse.Namespace] = names['parse_args']
    return parse_args
