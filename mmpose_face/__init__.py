# SPDX-License-Identifier: Apache-2.0
"""Face landmarks for MMPose.

Importing the package makes MMPose importable on current releases of torch
and numpy (:mod:`mmpose_face.compat`) and registers the package's classes in
MMPose's registries. Where torch is missing, only what needs NumPy alone is
served (:mod:`mmpose_face.landmarks`).
"""
from importlib.util import find_spec as _find_spec

from .version import __version__

__all__ = ['__version__']

if _find_spec('torch') is not None:
    from . import compat

    compat.apply()

    from . import codecs, datasets, engine, evaluation

    __all__ += ['codecs', 'compat', 'datasets', 'engine', 'evaluation']
