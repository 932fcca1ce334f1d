# SPDX-License-Identifier: Apache-2.0
"""Registration of the package's classes in MMPose's registries, and of its rows
in MMPose's inferencers.

If MMEngine is loaded when the package is imported, all classes are registered
at once, as ``custom_imports`` and ``import_modules_from_strings`` expect. If
not, it is not loaded: when MMPose's registries are imported later, they are
told which module registers the classes.
"""

import sys
from importlib import import_module
from types import ModuleType

from .compat import mmcv_ext
from .compat.imports import after_import

_REGISTERED = f'{__package__}.registered'

# The registries that hold classes or functions of this package.
_OF_MMPOSE = ('DATASETS', 'HOOKS', 'KEYPOINT_CODECS', 'METRICS', 'MODELS', 'RUNNERS', 'TRANSFORMS')
_OF_MMENGINE = ('FUNCTIONS',)


def install() -> None:
    """Register every class and every row, now or when MMPose is imported.

    Raises:
        ImportError: If MMEngine is loaded and there is no mmcv; the message
            says what to install.
    """
    after_import('mmengine.infer', _name_rows)
    if sys.modules.get('mmengine') is not None:
        mmcv_ext.check()
        import_module(_REGISTERED)
    else:
        after_import('mmpose.registry', _add_location)


def _add_location(registries: ModuleType) -> None:
    """Add the module that registers the classes to the locations of the
    registries; a registry imports its locations at the first look-up."""
    mmengine = sys.modules['mmengine.registry']
    for module, names in ((registries, _OF_MMPOSE), (mmengine, _OF_MMENGINE)):
        for name in names:
            getattr(module, name)._locations.append(_REGISTERED)


def _name_rows(infer: ModuleType) -> None:
    import_module(f'{__package__}.zoo.inferencers').install(infer)
