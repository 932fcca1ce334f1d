# SPDX-License-Identifier: Apache-2.0
"""Actions before and after the import of a module of OpenMMLab's.

A work-around must be in place before the module that needs it is used.
Importing that module just to mend it would cost seconds for users who do not
need the module, so the work-around waits until it is imported.
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
    """Call a function just before a module is executed; never if the module is
    imported already.

    Args:
        name (str): The module's full name.
        action (Callable): The function; the import raises its exceptions.
    """
    if sys.modules.get(name) is None:
        _AWAITED.before[name].append(action)
        _AWAITED.watch()


def after_import(name: str, action: Callable[[ModuleType], None]) -> None:
    """Call a function with a module: at once if it is imported already, else
    as the last step of its import.

    Args:
        name (str): The module's full name.
        action (Callable): The function; called once.
    """
    module = sys.modules.get(name)
    if module is not None:
        action(module)
    else:
        _AWAITED.after[name].append(action)
        _AWAITED.watch()


class _Awaited(MetaPathFinder):
    """The first finder: finds modules through the other finders, and calls the
    functions that wait for them."""

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

        # The loader belongs to this spec alone.
        loader.exec_module = execute_between


_AWAITED = _Awaited()


class StandIn(MetaPathFinder, Loader):
    """Serves a module and its submodules where they are not installed.

    It is the last finder, so that an installed module is always preferred.

    Args:
        name (str): The module's full name.
        make (Callable): From a full name to the module; to None if this
            stand-in does not serve it.
    """

    def __init__(self, name: str, make: Callable[[str], ModuleType | None]) -> None:
        self.name = name
        self.make = make

    def install(self) -> None:
        """Serve the module from now on; further calls change nothing."""
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
        """Nothing: :meth:`create_module` returns a complete module."""
