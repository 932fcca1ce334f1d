# SPDX-License-Identifier: Apache-2.0
"""Importing this module puts every class of the package into MMPose's
registries; :mod:`mmpose_face.registration` sees to it that it is imported."""

from . import codecs, engine, models  # noqa: F401
from .datasets import *  # noqa: F401, F403
from .evaluation import *  # noqa: F401, F403
