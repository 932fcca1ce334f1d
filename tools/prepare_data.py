# SPDX-License-Identifier: Apache-2.0
"""Convert a data set's raw release to the files of the configs.

    python tools/prepare_data.py 300w --raw RELEASE --out data/300w
    python tools/prepare_data.py synthetic --out data/synthetic
    python tools/prepare_data.py crops --data data/wflw --out data/wflw_crops

docs/en/datasets/ describes the raw release of each data set.
"""

import argparse
import inspect
import sys
from pathlib import Path
from typing import Callable

from mmpose_face.datasets import converters

DATASETS = {
    '300w': (converters.convert_300w, '300-W, 68 points'),
    'wflw': (converters.convert_wflw, 'WFLW, 98 points'),
    'cofw': (converters.convert_cofw, 'COFW, 29 points and occlusion'),
    'cofw68': (converters.convert_cofw68, "COFW's test faces, 68 points and occlusion"),
    'aflw': (converters.convert_aflw, 'AFLW, 19 points'),
    'coco_wholebody_face': (
        converters.convert_coco_wholebody_face,
        'faces of COCO-WholeBody, 68 points',
    ),
    'synthetic': (
        converters.write_synthetic,
        "synthetic faces in WFLW's layout, 98 points; needs no release",
    ),
    'crops': (
        converters.cut_faces,
        'the faces of a converted data set, each as an image of its own with what surrounds it',
    ),
}

# Each converter's parameters are its options.
OPTIONS = dict(
    raw=dict(type=Path, help='root of the release'),
    data=dict(type=Path, help='folder of a converted data set'),
    out=dict(type=Path, help='folder to write'),
    margin=dict(type=float, help="side of an image, as a multiple of the face box's longer side"),
    quality=dict(type=int, help='quality of JPEG images, 1 to 100'),
    partial=dict(
        action='store_true', help='convert an incomplete release, and list what is missing'
    ),
    images=dict(choices=('link', 'copy'), help="link to the release's image folders or copy them"),
    origin=dict(
        type=int,
        choices=(0, 1),
        help='number of the first pixel in the annotations: 1 as in the release, '
        '0 as in the loaded image',
    ),
    train=dict(type=int, help='number of training faces'),
    test=dict(type=int, help='number of test faces'),
    seed=dict(type=int, help='seed of the collection'),
    size=dict(type=int, help='width and height of an image in pixels'),
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Convert a raw data set release for training')
    datasets = parser.add_subparsers(dest='dataset', required=True)
    for name, (convert, what) in DATASETS.items():
        dataset = datasets.add_parser(name, help=what, description=what)
        dataset.set_defaults(convert=convert)
        _add_options(dataset, convert)
    return parser.parse_args()


def _add_options(parser: argparse.ArgumentParser, convert: Callable) -> None:
    for name, parameter in inspect.signature(convert).parameters.items():
        option = dict(OPTIONS[name])
        if parameter.default is parameter.empty:
            option.update(required=True)
        elif 'action' not in option:
            option.update(
                default=parameter.default, help=f'{option["help"]} (default: {parameter.default})'
            )
        parser.add_argument(f'--{name}', **option)


def main() -> None:
    options = vars(parse_args())
    convert, _ = options.pop('convert'), options.pop('dataset')
    try:
        counts = convert(**options)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        sys.exit(
            f'error: cannot read or write {error.filename or options["out"]}: {error.strerror}'
        )
    for name, number in counts.items():
        print(f'{name}: {number} faces')


if __name__ == '__main__':
    main()
