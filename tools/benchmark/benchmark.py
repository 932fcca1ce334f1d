# SPDX-License-Identifier: Apache-2.0
"""Measure our path beside MMPose's own classes, in one process and in turn.

    OMP_NUM_THREADS=1 python tools/benchmark/benchmark.py --threads 1
    python tools/benchmark/benchmark.py --device cuda --parts decode targets step test

It needs no data and no weights; both are made up. docs/en/benchmark.md says
what the parts are.
"""

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path

from face_benchmark import DARK, PARTS


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected at least 1, got {value}')
    return value


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="our path beside MMPose's, on the same inputs")
    parser.add_argument(
        '--parts', nargs='+', choices=tuple(PARTS), default=tuple(PARTS), help='default: all'
    )
    parser.add_argument(
        '--row',
        default=DARK,
        help='the row of the zoo that pipeline, step and test take (default: %(default)s)',
    )
    parser.add_argument(
        '--device', choices=('cpu', 'cuda'), default='cpu', help='where networks and codecs run'
    )
    parser.add_argument(
        '--threads', type=positive, help='threads of torch and OpenCV (default: as they are)'
    )
    parser.add_argument(
        '--rounds', type=positive, default=5, help='timings of each side (default: 5)'
    )
    parser.add_argument(
        '--clock',
        choices=('wall', 'cpu'),
        default='wall',
        help='seconds on the wall (default), or those that processors spent '
        'on this process, which others on the machine change less',
    )
    parser.add_argument(
        '--batch',
        type=positive,
        help='faces of a call (default: 32 heatmaps, 16 images, and for a '
        'network 4, on a GPU 64 in training and 32 in the test)',
    )
    parser.add_argument(
        '--faces',
        type=positive,
        default=128,
        help='faces of the data set that is written (default: 128)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/benchmark'),
        help='folder for the figures (default: work_dirs/benchmark)',
    )
    args = parser.parse_args()
    if args.clock == 'cpu' and args.device != 'cpu':
        parser.error('--clock cpu does not see what a GPU does')
    return args


def main() -> None:
    args = parse_args()
    if args.device == 'cpu':
        # MMEngine takes a GPU wherever there is one.
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    # After that; and without what versions of other packages warn of.
    warnings.simplefilter('ignore')
    # It says that there is no GPU, which is meant.
    logging.getLogger('torch.utils.cpp_extension').setLevel('ERROR')
    from face_benchmark.run import run
    from face_benchmark.sides import Options

    try:
        results = run(Options(**{**vars(args), 'parts': tuple(args.parts)}))
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    if not all(result.pair.agree for result in results):
        sys.exit('error: the two sides do not agree; see the column apart')


if __name__ == '__main__':
    main()
