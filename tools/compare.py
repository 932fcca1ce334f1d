# SPDX-License-Identifier: Apache-2.0
"""Compare two systems face by face.

    python tools/compare.py A/per_face.json B/per_face.json --out work_dirs/x

tools/test.py and tools/evaluate.py write such files.
"""

import argparse
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Differences of two systems on the same faces, with 95 % '
        'intervals, for each subset and each part of the face'
    )
    parser.add_argument('a', type=Path, help='per_face.json of system A')
    parser.add_argument('b', type=Path, help='per_face.json of system B')
    parser.add_argument(
        '--names', nargs=2, metavar=('A', 'B'), help='names of the systems (default: the two paths)'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.10,
        help='right end of the plot, and threshold of failure rate and AUC, '
        'a ratio (default: 0.10)',
    )
    parser.add_argument('--out', type=Path, help='folder for comparison.json, ced.png and ced.svg')
    args = parser.parse_args()
    names = args.names or (str(args.a), str(args.b))
    if names[0] == names[1]:
        parser.error(f'expected two names, got {names[0]} twice')
    args.names = tuple(names)
    return args


def main() -> None:
    args = parse_args()
    # These imports take seconds, which --help does not need.
    from mmpose_face.commands.compare import compare_systems, format_comparison, save_comparison
    from mmpose_face.commands.evaluate import check_threshold
    from mmpose_face.evaluation import load_scores

    try:
        check_threshold(args.threshold)
        result = compare_systems(load_scores(args.a), load_scores(args.b), args.names)
        print(format_comparison(result))
        if args.out:
            for path in save_comparison(result, args.out, args.threshold):
                print(path)
    except ValueError as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        sys.exit(f'error: cannot read or write {error.filename or args.out}: {error.strerror}')


if __name__ == '__main__':
    main()
