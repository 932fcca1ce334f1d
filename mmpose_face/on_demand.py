# SPDX-License-Identifier: Apache-2.0
"""Packages that import their modules only when a name of one is used."""

import sys
from importlib import import_module
from typing import Any, Callable


def on_demand(
    package: str, contents: dict[str, tuple[str, ...]]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """The attributes that a package defines instead of importing its modules.

    Args:
        package (str): The full name of the package.
        contents (dict): The public names of each of its modules.

    Returns:
        tuple: ``__all__``, ``__getattr__`` and ``__dir__`` of the package.

    Examples:
        >>> __all__, __getattr__, __dir__ = on_demand(
        ...     __name__, {'face_wflw': ('FaceWFLW', )})
    """
    homes = {name: module for module, names in contents.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return getattr(import_module(f'{package}.{homes[name]}'), name)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return sorted(homes), __getattr__, __dir__
