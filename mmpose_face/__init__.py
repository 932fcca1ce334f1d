# SPDX-License-Identifier: Apache-2.0
"""2D face landmarks for MMPose: training, evaluation and use of models.

Importing the package makes MMPose importable on current releases of torch
and NumPy (:mod:`mmpose_face.compat`) and registers the package's classes in
MMPose's registries (:mod:`mmpose_face.registration`). Neither torch nor
MMPose is loaded for this. Modules that need only NumPy and OpenCV, such as
:mod:`mmpose_face.landmarks` and :class:`~mmpose_face.OnnxLandmarker`, load
nothing else.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from . import compat as _compat
from . import registration as _registration
from .version import __version__

__all__ = ['FaceLandmarker', 'OnnxLandmarker', '__version__']

_compat.apply()
_registration.install()

# Imported when they are first used.
_HOMES = dict(FaceLandmarker='landmarker', OnnxLandmarker='onnx.runtime')
_ROOMS = (
    'codecs',
    'commands',
    'datasets',
    'engine',
    'evaluation',
    'images',
    'inference',
    'landmarks',
    'models',
    'synthesis',
    'visualization',
    'zoo',
)


def __getattr__(name: str) -> _Any:
    if name in _HOMES:
        return getattr(_import_module(f'.inference.{_HOMES[name]}', __name__), name)
    if name in _ROOMS:
        return _import_module(f'.{name}', __name__)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
