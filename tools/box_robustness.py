# SPDX-License-Identifier: Apache-2.0
"""Repeat a test under face boxes that are shifted or scaled.

    python tools/box_robustness.py CONFIG CHECKPOINT

Writes robustness.json and the curves robustness.png and robustness.svg into
the work dir, and prints a table.
"""
import argparse
from pathlib import Path

from mmengine.config import DictAction

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.apis.robustness import (SCALES, SHIFTS, box_robustness,
                                         format_robustness)
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.launch import (_check_writable, _errors_in_one_line,
                                       _load_config)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Test a model under face boxes that are not quite those '
        'of the benchmark, and draw the error against shift and scale.')
    parser.add_argument('config', help='config whose metric is SubsetNME')
    parser.add_argument('checkpoint', help='weights, a file or an address')
    parser.add_argument(
        '--work-dir',
        type=Path,
        help='folder to write into (default: work_dirs/CONFIG)')
    parser.add_argument(
        '--shifts',
        type=float,
        nargs='+',
        default=SHIFTS,
        help='how far boxes are moved, each face in a direction of its own, '
        f'as shares of their side (default: {" ".join(map(str, SHIFTS))})')
    parser.add_argument(
        '--scales',
        type=float,
        nargs='+',
        default=SCALES,
        help='what the sides of boxes are multiplied by '
        f'(default: {" ".join(map(str, SCALES))})')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='settings of the config to change, KEY=VALUE')
    return parser.parse_args()


def build_runner(args: argparse.Namespace) -> FaceRunner:
    cfg = _load_config(args.config)
    cfg.merge_from_dict(args.cfg_options)
    cfg.load_from = args.checkpoint
    cfg.work_dir = str(args.work_dir)
    _check_writable(cfg.work_dir)
    return FaceRunner.from_cfg(cfg)


def main() -> None:
    args = parse_args()
    if args.work_dir is None:
        args.work_dir = Path('work_dirs') / Path(args.config).stem
    with _errors_in_one_line():
        tables = box_robustness(
            build_runner(args), args.shifts, args.scales, args.work_dir)
    print(f'\n{format_robustness(tables)}\n')
    for suffix in ('json', 'png', 'svg'):
        print(args.work_dir / f'robustness.{suffix}')


if __name__ == '__main__':
    main()
