# SPDX-License-Identifier: Apache-2.0
"""Turn a data set's raw release into what the configs train on.

    python tools/prepare_data.py 300w --raw RELEASE --out data/300w
    python tools/prepare_data.py synthetic --out data/synthetic
"""
import argparse
import inspect
import sys
from pathlib import Path

from mmpose_face.datasets.converters import convert_300w, write_synthetic


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Convert a raw data set release for training')
    datasets = parser.add_subparsers(dest='dataset', required=True)
    w300 = datasets.add_parser('300w', help='300-W (68 points)')
    _add_release_options(w300)
    w300.set_defaults(convert=convert_300w)
    w300.add_argument(
        '--origin',
        type=int,
        choices=(0, 1),
        default=1,
        help='pixel origin of the coordinates written: 1 as in the release '
        "and in MMPose's files (default), 0 as in the loaded image")
    synthetic = datasets.add_parser(
        'synthetic', help="synthetic faces in WFLW's layout (98 points)")
    synthetic.set_defaults(convert=write_synthetic)
    for name, what in dict(
            train='number of faces to train on',
            test='number of faces to test on',
            seed='number of the collection',
            size='width and height of an image in pixels').items():
        default = inspect.signature(write_synthetic).parameters[name].default
        synthetic.add_argument(
            f'--{name}', type=int, default=default, help=f'{what} ({default})')
    for dataset in datasets.choices.values():
        dataset.add_argument(
            '--out', type=Path, required=True, help='folder to write')
    return parser.parse_args()


def _add_release_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--raw', type=Path, required=True, help='root of the release')
    parser.add_argument(
        '--partial',
        action='store_true',
        help='convert an incomplete release, saying what is missing')
    parser.add_argument(
        '--images',
        choices=('link', 'copy'),
        default='link',
        help="link to the release's image folders (default) or copy them")


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
