# SPDX-License-Identifier: Apache-2.0
"""The folder of a package from which a config inherits.

For: MMEngine 0.10, whose ``get_installed_path`` asks pkg_resources for the
folder of a package's metadata. An editable install lies elsewhere, the answer
takes a second, and setuptools from 80.9 on prints a warning.

Can go when MMEngine asks importlib.
"""

import os
from importlib.util import find_spec
from typing import Any


def install(module: Any) -> None:
    """Let MMEngine's configs find packages as Python does.

    Args:
        module (module): ``mmengine.config.config``.
    """
    original = module.get_installed_path

    def get_installed_path(package: str) -> str:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return original(package)
        return os.path.dirname(spec.origin)

    get_installed_path.__doc__ = original.__doc__
    module.get_installed_path = get_installed_path
