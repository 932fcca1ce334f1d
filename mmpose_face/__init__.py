# SPDX-License-Identifier: Apache-2.0
"""Face landmarks for MMPose.

Importing the package makes MMPose importable on current releases of torch
and numpy (:mod:`mmpose_face.compat`) and registers the package's classes in
MMPose's registries. Where torch is missing, only what needs NumPy alone is
served (:mod:`mmpose_face.landmarks`).
"""
from importlib import import_module as _import_module
from importlib.util import find_spec as _find_spec

from .version import __version__

__all__ = ['FaceLandmarker', 'OnnxLandmarker', '__version__']

# Imported when asked for, with what they need.
_HOMES = dict(FaceLandmarker='landmarker', OnnxLandmarker='onnx_runtime')

if _find_spec('torch') is not None:
    from . import compat

    compat.apply()

    from . import codecs, datasets, engine, evaluation

    __all__ += ['codecs', 'compat', 'datasets', 'engine', 'evaluation']


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(_import_module(f'.apis.{_HOMES[name]}', __name__), name)
