# SPDX-License-Identifier: Apache-2.0
"""The package's classes in MMPose's registries, its rows in MMPose's inferencers.

Whoever has MMEngine loaded when the package is imported can look up all of
them by name at once, as ``custom_imports`` and
``import_modules_from_strings`` expect. Who does not is not made to load it:
the registries are told where to look when they come to be.
"""

import sys
from importlib import import_module
from types import ModuleType

from .compat import mmcv_ext
from .compat.imports import after_import

_REGISTERED = f'{__package__}.registered'

# The registries that have classes or functions of ours.
_OF_MMPOSE = ('DATASETS', 'HOOKS', 'KEYPOINT_CODECS', 'METRICS', 'MODELS', 'RUNNERS', 'TRANSFORMS')
_OF_MMENGINE = ('FUNCTIONS',)


def install() -> None:
    """Register every class and every row, or see to it that they will be.

    Raises:
        ImportError: If MMEngine is loaded and there is no mmcv; the message
            says what to install.
    """
    after_import('mmengine.infer.infer', _name_rows)
    if sys.modules.get('mmengine') is not None:
        mmcv_ext.check()
        import_module(_REGISTERED)
    else:
        after_import('mmpose.registry', _tell_where)


def _tell_where(registries: ModuleType) -> None:
    """A registry imports the places that it knows when it is first asked for
    a name."""
    mmengine = sys.modules['mmengine.registry']
    for module, names in ((registries, _OF_MMPOSE), (mmengine, _OF_MMENGINE)):
        for name in names:
            getattr(module, name)._locations.append(_REGISTERED)


def _name_rows(infer: ModuleType) -> None:
    import_module(f'{__package__}.zoo.inferencers').install(infer)
