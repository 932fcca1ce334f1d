# SPDX-License-Identifier: Apache-2.0
"""Old import paths, for one release after 0.1.0.

For: code and pickles that name ``mmpose_face.apis`` and other paths that the
documentation named before its modules moved. An old path gives the module of
the new one, the same object, with a DeprecationWarning. Nothing is imported
before somebody asks for an old path.

Can go with the release after 0.1.0.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_ROOT = __name__.partition('.')[0]
_APIS = f'{_ROOT}.apis'
_INFERENCE = (
    'detectors',
    'face_boxes',
    'faces',
    'landmarker',
    'landmarking',
    'one_euro',
    'smoothing',
    'tracking',
    'videos',
)
# From old to new path, below the package. A path within one of them is where
# it was below the new path.
_MOVED = {
    **{f'apis.{name}': f'inference.{name}' for name in _INFERENCE},
    'apis.export': 'inference.onnx.export',
    'apis.onnx_graph': 'inference.onnx.graph',
    'apis.onnx_metadata': 'inference.onnx.metadata',
    'apis.onnx_parity': 'inference.onnx.parity',
    'apis.onnx_runtime': 'inference.onnx.runtime',
    'apis.command': 'commands.landmark',
    'apis.comparison': 'commands.compare',
    'apis.demo': 'commands.demo',
    'apis.evaluation': 'commands.evaluate',
    'apis.robustness': 'commands.box_robustness',
    'apis.verification': 'commands.verify_zoo',
    'datasets.boxes': 'datasets.detected_boxes',
    'datasets.synthesis': 'synthesis',
}


def new_path(name: str) -> str | None:
    """Where a module is now.

    Args:
        name (str): Full name of a module.

    Returns:
        str | None: Full name of the module; None for one that has not moved.
    """
    for old, new in _MOVED.items():
        if name == f'{_ROOT}.{old}' or name.startswith(f'{_ROOT}.{old}.'):
            return f'{_ROOT}.{new}{name[len(_ROOT) + 1 + len(old) :]}'
    return None


class _Moved(MetaPathFinder, Loader):
    """Stands first among the finders: below an old path others would find the
    file of a module that is imported under its new path, and import it
    twice."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.startswith(f'{_APIS}.benchmark'):
            # Without its name, or ``from mmpose_face.apis import benchmark``
            # would hide the message.
            raise ModuleNotFoundError(
                f'{name} is not in the package any more: run '
                'tools/benchmark/benchmark.py, or mim run mmpose_face benchmark'
            )
        if name == _APIS:
            return ModuleSpec(name, self, is_package=True)
        return ModuleSpec(name, self) if new_path(name) else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of the new path in the place of an empty one."""
        old = module.__name__
        if old == _APIS:
            _warn(old, f'{_ROOT}.inference and {_ROOT}.commands')
        elif new := new_path(old):
            _warn(old, new)
            sys.modules[old] = import_module(new)


def _warn(old: str, new: str) -> None:
    # Of the line with the import: frames of importlib are not counted.
    warnings.warn(
        f'{old} is now {new}; the old path goes with the next release',
        DeprecationWarning,
        stacklevel=3,
    )


_MOVED_MODULES = _Moved()


def install() -> None:
    """Answer for old paths; calling it again changes nothing."""
    if _MOVED_MODULES not in sys.meta_path:
        sys.meta_path.insert(0, _MOVED_MODULES)
