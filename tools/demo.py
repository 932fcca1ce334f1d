# SPDX-License-Identifier: Apache-2.0
"""Train and test a small model on synthetic faces, and draw its results.

python tools/demo.py
"""

import argparse
from pathlib import Path

CONFIG = (
    Path(__file__).parents[1]
    / 'configs/face_2d_keypoint/topdown_heatmap/synthetic'
    / 'td-hm_res18-w32_dark-1xb16-5e_synthetic-128x128.py'
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train and test on synthetic faces')
    parser.add_argument('--config', type=Path, default=CONFIG)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'))
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    # These imports take seconds, which --help does not need.
    from mmengine.config import Config

    from mmpose_face.commands.demo import run_demo

    run_demo(Config.fromfile(args.config), args.work_dir)


if __name__ == '__main__':
    main()
