# SPDX-License-Identifier: Apache-2.0
"""Imports of every class that the package registers with MMPose.

:mod:`mmpose_face.registration` has this module imported when it is time.
"""

from . import codecs, engine, models  # noqa: F401
from .datasets import *  # noqa: F401, F403
from .evaluation import *  # noqa: F401, F403
