# SPDX-License-Identifier: Apache-2.0
"""Measure our path beside MMPose's own classes, in one process and in turn.

    OMP_NUM_THREADS=1 python tools/benchmark.py --threads 1 --out work_dirs/cpu
    python tools/benchmark.py --device cuda --parts decode targets step test \
        --out work_dirs/gpu

prints a table and writes it with all values as ``benchmark.json``. It needs
no data and no weights; both are made up. docs/en/benchmark.md says what the
parts are.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

# In the order in which they are run.
PARTS = (
    'decode',
    'targets',
    'pipeline',
    'preprocessing',
    'step',
    'test',
    'flip',
    'whole',
    'growth',
    'rows',
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="our path beside MMPose's, on the same inputs")
    parser.add_argument(
        '--parts',
        nargs='+',
        choices=PARTS,
        default=[part for part in PARTS if part != 'rows'],
        help='what to measure (default: all but rows)',
    )
    parser.add_argument('--rows', action='store_true', help='the part rows, too')
    parser.add_argument(
        '--device',
        default='cpu',
        help='where networks, codecs and preprocessing run: cpu (default) or cuda',
    )
    parser.add_argument(
        '--threads', type=int, help='threads of torch and OpenCV (default: as they are)'
    )
    parser.add_argument(
        '--rounds', type=int, default=7, help='timings of each way; medians are given (default: 7)'
    )
    parser.add_argument(
        '--clock',
        choices=('wall', 'cpu'),
        default='wall',
        help='seconds on the wall (default), or those that processors spent '
        'on this process, which others on the machine change less',
    )
    parser.add_argument(
        '--row', help='the row whose network is timed (default: HRNetv2-w18 + DARK on WFLW)'
    )
    parser.add_argument(
        '--batch',
        type=int,
        help='faces in a batch of a network (default: 4; on a GPU 64 for '
        'training and 32 for the test)',
    )
    parser.add_argument(
        '--faces',
        type=int,
        default=128,
        help='faces of the data set that is written (default: 128)',
    )
    parser.add_argument(
        '--from-json',
        type=Path,
        metavar='FILE',
        help='print and draw the figures of an earlier benchmark.json, and measure nothing',
    )
    parser.add_argument(
        '--variants',
        nargs='+',
        default=[],
        metavar='SWITCHES',
        help='our network with switches on, timed too, such as amp or amp+channels_last+compile',
    )
    parser.add_argument(
        '--data',
        type=Path,
        help='folder for the images, kept for the next time (default: OUT/data)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/benchmark'),
        help='folder for the figures (default: work_dirs/benchmark)',
    )
    args = parser.parse_args()
    for name in ('threads', 'rounds', 'batch', 'faces'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name} must be at least 1, got {value}')
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
    import mmpose_face  # noqa: F401  before MMPose is imported
    from mmpose_face.apis import benchmark

    try:
        report = benchmark.load(args.from_json) if args.from_json else measure(args)
        benchmark.write_pages(report, args.out)
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(f'\n{benchmark.format_report(report)}')
    for text in benchmark.unmet(report):
        print(f'not met: {text}')


def measure(args: argparse.Namespace):
    """The parts that are asked for; gives the report."""
    from mmpose_face.apis import benchmark

    more = {} if args.row is None else dict(row=args.row)
    options = benchmark.Options(
        folder=args.data or args.out / 'data',
        device=args.device,
        threads=args.threads,
        rounds=args.rounds,
        clock=args.clock,
        batch=args.batch,
        faces=args.faces,
        variants=tuple(args.variants),
        **more,
    )
    parts = [*args.parts, *(['rows'] if args.rows else [])]
    return benchmark.run(parts, options, args.out)


if __name__ == '__main__':
    main()
