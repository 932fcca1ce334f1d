# SPDX-License-Identifier: Apache-2.0
"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``.

The options are MMPose's, and ``--report [DIR]`` behind config and checkpoint,
which writes ``report.html``, a page with tables, error curves and the worst
faces, and beside it the same as files; see ``docs/en/report.md``.
"""
from mmpose_face.engine.launch import test
from mmpose_face.visualization import report_test

if __name__ == '__main__':
    test(report_test)
