# SPDX-License-Identifier: Apache-2.0
"""Actions before and after the import of a module of OpenMMLab's.

A work-around has to be in place before the module that needs it is used.
Importing that module just to mend it would take seconds from everybody who
does not use it, so the work-around waits here until somebody does.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Optional

_Path = Optional[Sequence[str]]


def before_import(name: str, action: Callable[[], None]) -> None:
    """Call a function just before a module is executed; never where it is
    imported already.

    Args:
        name (str): The module's full name.
        action (Callable): What to do; what it raises, the import raises.
    """
    if sys.modules.get(name) is None:
        _AWAITED.before[name].append(action)
        _AWAITED.watch()


def after_import(name: str, action: Callable[[ModuleType], None]) -> None:
    """Call a function with a module: at once if it is imported, else as soon
    as it is, before whoever imports it goes on.

    Args:
        name (str): The module's full name.
        action (Callable): What to do, once.
    """
    module = sys.modules.get(name)
    if module is not None:
        action(module)
    else:
        _AWAITED.after[name].append(action)
        _AWAITED.watch()


class _Awaited(MetaPathFinder):
    """Stands first among the finders. Finds what the others find, and calls
    the functions that wait for it."""

    def __init__(self) -> None:
        self.before: defaultdict[str, list[Callable]] = defaultdict(list)
        self.after: defaultdict[str, list[Callable]] = defaultdict(list)

    def watch(self) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: _Path = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self.before and name not in self.after:
            return None
        for finder in sys.meta_path:
            spec = finder is not self and finder.find_spec(name, path, target)
            if spec:
                self._wrap(spec)
                return spec
        return None

    def _wrap(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def execute_between(module: ModuleType) -> None:
            for action in self.before.pop(spec.name, ()):
                action()
            execute(module)
            for action in self.after.pop(spec.name, ()):
                action(module)

        # The loader is this spec's own; nothing else of it changes.
        loader.exec_module = execute_between


_AWAITED = _Awaited()


class StandIn(MetaPathFinder, Loader):
    """Answers for a module, and those within it, where nobody else has it.

    Stands last among the finders, so that an installed module always wins.

    Args:
        name (str): The module's full name.
        make (Callable): Gives the module of a full name; None for one that is
            not answered for.
    """

    def __init__(self, name: str, make: Callable[[str], ModuleType | None]) -> None:
        self.name = name
        self.make = make

    def install(self) -> None:
        """Answer from now on; calling it again changes nothing."""
        if not any(
            isinstance(finder, StandIn) and finder.name == self.name for finder in sys.meta_path
        ):
            sys.meta_path.append(self)

    def find_spec(
        self, name: str, path: _Path = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.name and not name.startswith(f'{self.name}.'):
            return None
        module = self.make(name)
        if module is None:
            return None
        return ModuleSpec(
            name, self, origin=type(self).__module__, is_package=hasattr(module, '__path__')
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.make(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It is made already."""
