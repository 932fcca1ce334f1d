# SPDX-License-Identifier: Apache-2.0
"""A script of MMPose, run with this package imported first.

    python -m mmpose_face MMPOSE/demo/image_demo.py IMAGE CONFIG CHECKPOINT

A script that imports ``mmpose.apis`` or ``mmpose.models`` needs this where
mmcv has no compiled operators (:mod:`mmpose_face.compat.mmcv_ext`), and for
models of the zoo by their names.
"""

import runpy
import sys


def main() -> None:
    """Run a script with its arguments, as ``python SCRIPT ARGUMENTS`` does."""
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name='__main__')


if __name__ == '__main__':
    main()
