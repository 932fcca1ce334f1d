# SPDX-License-Identifier: Apache-2.0
"""Our path beside MMPose's, in one process: what ``tools/benchmark.py`` does.

``timing`` times ways to the same result in turn; ``results`` holds what is
found, ``report`` prints it and ``plot`` draws it. Both sides come from the
configs of a row (``sides``, ``runners``), on data that is made up
(``photos``, ``wflw_like``, ``memory_faces``). Each other module is a part.
"""

from .command import PARTS, run, write_pages
from .options import Options
from .plot import plot
from .report import format_report, unmet
from .results import Goal, Measurement, Report, load, save
from .variants import changes_of

__all__ = [
    'PARTS',
    'Goal',
    'Measurement',
    'Options',
    'Report',
    'changes_of',
    'format_report',
    'load',
    'plot',
    'run',
    'save',
    'unmet',
    'write_pages',
]
