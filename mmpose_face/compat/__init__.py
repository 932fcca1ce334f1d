# SPDX-License-Identifier: Apache-2.0
"""Work-arounds that current torch, NumPy and Python need for OpenMMLab's 2024 releases.

The only package that knows about versions. Each module mends one fault, says
for which releases, and has a test that shows the fault without it; when that
test fails, the module can go. Importing this package imports none of the
modules that it mends. :mod:`.moved` keeps this package's own old import paths
for a release.
"""

from functools import partial as _partial
from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from . import coco_api, mmcv_ext, moved, package_warning
from .imports import after_import as _after_import
from .imports import before_import as _before_import

__all__ = ['apply', 'cpu_model_wrapper', 'cpu_processes']

# From a module of MMEngine to the modules here whose ``install`` mends it.
_MENDED = {
    'mmengine.config.config': ('config_references', 'installed_path'),
    'mmengine.runner.checkpoint': ('checkpoints',),
}
# From a name that is imported on demand to its module.
_HOMES = dict(cpu_model_wrapper='processes', cpu_processes='processes')


def apply() -> None:
    """Apply every work-around: now, or as soon as the module that it mends is
    imported. Further calls change nothing."""
    global _is_applied
    if _is_applied:
        return
    _is_applied = True
    mmcv_ext.install()
    coco_api.install()
    package_warning.install()
    moved.install()
    _before_import('mmpose', mmcv_ext.check)
    for name, menders in _MENDED.items():
        for mender in menders:
            _after_import(name, _partial(_mend, mender))


def _mend(mender: str, module: _ModuleType) -> None:
    _import_module(f'.{mender}', __name__).install(module)


_is_applied = False


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(_import_module(f'.{_HOMES[name]}', __name__), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
