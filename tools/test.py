# SPDX-License-Identifier: Apache-2.0
"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``.

The options are MMPose's and, after config and checkpoint:

``--report [DIR]`` writes ``report.html``, a page with tables, error curves and
the worst faces, and its pictures as files; see ``docs/en/report.md``.

``--box-robustness [DIR]`` repeats the test under shifted and scaled face
boxes; see ``docs/en/box_robustness.md``.
"""

from mmpose_face.mmpose_scripts import parse_test


def main() -> None:
    args = parse_test()
    # These imports take seconds, which --help does not need.
    from mmpose_face.commands.box_robustness import test_boxes
    from mmpose_face.engine.launch import test
    from mmpose_face.visualization import report_test

    test(report_test, test_boxes, args)


if __name__ == '__main__':
    main()
