# SPDX-License-Identifier: Apache-2.0
"""Our path beside MMPose's own classes: what ``benchmark.py`` calls.

``sides`` builds both sides from the configs of a row, ``made_faces`` writes
the images, ``codecs``, ``pipeline`` and ``steps`` hold the parts, ``timing``
times a part, ``report`` writes what was found. Importing this package loads
neither torch nor MMPose, so that ``--help`` answers at once.
"""

import mmpose_face  # noqa: F401  before MMPose is imported

# The parts in the order in which they run, with the module of each. A part is
# a function of the ``Options`` that yields a ``Pair`` for each measurement.
PARTS = dict(decode='codecs', targets='codecs', pipeline='pipeline', step='steps', test='steps')

DARK = 'td-hm_hrnetv2-w18_dark-8xb64-60e_wflw-256x256'
