# SPDX-License-Identifier: Apache-2.0
"""Turn a data set's raw release into what the configs train on.

    python tools/prepare_data.py 300w --raw RELEASE --out data/300w
"""
import argparse
import sys
from pathlib import Path

from mmpose_face.datasets.converters import convert_300w


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Convert a raw data set release for training')
    datasets = parser.add_subparsers(dest='dataset', required=True)
    w300 = datasets.add_parser('300w', help='300-W (68 points)')
    w300.set_defaults(convert=convert_300w)
    w300.add_argument(
        '--origin',
        type=int,
        choices=(0, 1),
        default=1,
        help='pixel origin of the coordinates written: 1 as in the release '
        "and in MMPose's files (default), 0 as in the loaded image")
    for dataset in datasets.choices.values():
        dataset.add_argument(
            '--raw', type=Path, required=True, help='root of the release')
        dataset.add_argument(
            '--out', type=Path, required=True, help='folder to write')
        dataset.add_argument(
            '--partial',
            action='store_true',
            help='convert an incomplete release, saying what is missing')
        dataset.add_argument(
            '--images',
            choices=('link', 'copy'),
            default='link',
            help="link to the release's image folders (default) or copy them")
    return parser.parse_args()


def main() -> None:
    options = vars(parse_args())
    convert, _ = options.pop('convert'), options.pop('dataset')
    try:
        counts = convert(**options)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        sys.exit('error: cannot read or write '
                 f'{error.filename or options["out"]}: {error.strerror}')
    for name, number in counts.items():
        print(f'{name}: {number} faces')


if __name__ == '__main__':
    main()
