# SPDX-License-Identifier: Apache-2.0
"""Draw faces of a data set with their points, boxes and occluded points.

    python tools/browse_data.py wflw --root data/wflw --part test
    python tools/browse_data.py synthetic

Sheets of research images are for your own eyes: work_dirs/ is git-ignored.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_face.datasets import BENCHMARKS

if TYPE_CHECKING:
    from torch.utils.data import Dataset

SYNTHETIC = 'synthetic'

# A part of one in seven still fills a sheet; see ATTRIBUTES of the synthesis.
DRAWN_PER_SHOWN = 8


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Write a contact sheet (PNG) of faces for each subset of '
        'a data set: points and lines, the face box in yellow, occluded '
        'points as red rings, and the index of each face.'
    )
    parser.add_argument(
        'dataset',
        choices=(*BENCHMARKS, SYNTHETIC),
        help='the data set; synthetic faces need no files',
    )
    parser.add_argument(
        '--root', type=Path, help='folder of the data set, written by tools/prepare_data.py'
    )
    parser.add_argument(
        '--part',
        choices=('train', 'test'),
        default='test',
        help='part of the data set (default: test)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/browse'),
        help='folder to write DATASET_PART_SUBSET.png into (default: work_dirs/browse)',
    )
    parser.add_argument('--faces', type=int, default=24, help='most faces of a sheet (default: 24)')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the choice of faces (default: 0)'
    )
    parser.add_argument(
        '--box',
        choices=('benchmark', 'raw', 'landmarks'),
        default='benchmark',
        help='box to draw: of the benchmark (default), the rectangle '
        'of the release, or that of the points; all made square',
    )
    args = parser.parse_args()
    if args.root is None and args.dataset != SYNTHETIC:
        parser.error(f'{args.dataset} needs --root, the folder of the data')
    if args.dataset == SYNTHETIC and (args.root or args.box != 'benchmark'):
        parser.error('synthetic faces take neither --root nor --box')
    if args.seed < 0:
        parser.error(f'--seed must not be negative, got {args.seed}')
    return args


def open_dataset(args: argparse.Namespace) -> 'Dataset':
    if args.dataset == SYNTHETIC:
        from mmpose_face.datasets import SyntheticFaces

        # The test's seed is one more, as in the files of prepare_data.py.
        return SyntheticFaces(
            num_faces=DRAWN_PER_SHOWN * args.faces, seed=args.seed + (args.part == 'test')
        )
    from mmpose_face.datasets import open_benchmark

    return open_benchmark(args.dataset, args.root, args.part, box=args.box)


def main() -> None:
    args = parse_args()
    # These imports take seconds, which --help does not need.
    from mmpose_face.visualization import browse_dataset

    try:
        paths = browse_dataset(
            open_dataset(args),
            args.out,
            faces=args.faces,
            seed=args.seed,
            name=f'{args.dataset}_{args.part}',
        )
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        sys.exit(f'error: cannot read or write {error.filename or args.out}: {error.strerror}')
    for path in paths:
        print(path)


if __name__ == '__main__':
    main()
