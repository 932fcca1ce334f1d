# SPDX-License-Identifier: Apache-2.0
"""Test the released checkpoints of the model zoo against its tables.

    python tools/verify_zoo.py --rows wflw-hrnetv2-w18 300w-hrnetv2-w18

downloads the weights, tests them as ``tools/test.py`` does, and prints what
is published, what was measured and the difference. The data sets are those of
``tools/prepare_data.py``. Started again after an interruption it goes on with
the row that it was at. Ends with 0 if every row that has weights agrees, and
with 1 otherwise.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_face.mmpose_scripts import DictAction

if TYPE_CHECKING:
    from mmpose_face.zoo import Row


def key_and_value(text: str) -> str:
    if '=' not in text:
        raise argparse.ArgumentTypeError(f'expected KEY=VALUE, got {text}')
    return text


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='test the released checkpoints of the model zoo')
    parser.add_argument(
        '--rows',
        nargs='+',
        metavar='ROW',
        help='names or aliases of rows, such as wflw-hrnetv2-w18 (default: all)',
    )
    parser.add_argument(
        '--data',
        type=Path,
        default=Path('data'),
        help='folder with 300w/, wflw/, cofw/, aflw/ and coco/ (default: data)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/verify_zoo'),
        help='folder for logs and figures (default: work_dirs/verify_zoo)',
    )
    parser.add_argument(
        '--partial',
        action='store_true',
        help='compare the figures even if faces of the benchmark are missing',
    )
    parser.add_argument(
        '--again', action='store_true', help='also test rows that were tested before'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        type=key_and_value,
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='options of the tests, such as test_dataloader.batch_size=64',
    )
    return parser.parse_args()


def checked(row: 'Row', args: argparse.Namespace) -> tuple[bool, str]:
    """Whether a row is as published, and a line that says so."""
    if not row.weights:
        return True, 'has no released weights: nothing to verify'
    from mmpose_face.commands.verify_zoo import format_verification, verify

    try:
        result = verify(row, args.work_dir, args.data, args.cfg_options, args.partial, args.again)
    except (OSError, RuntimeError, ValueError) as error:
        return False, f'could not be verified: {error}'
    print(f'\n{format_verification(result)}\n', flush=True)
    return result.agrees, 'agrees' if result.agrees else 'does not agree'


def main() -> None:
    args = parse_args()
    # These imports take seconds, which --help does not need.
    from mmpose_face.zoo import find_row, read_rows

    try:
        rows = [find_row(name) for name in dict.fromkeys(args.rows)] if args.rows else read_rows()
    except ValueError as error:
        sys.exit(f'error: {error}')
    outcomes = [checked(row, args) for row in rows]
    for row, (_, line) in zip(rows, outcomes):
        print(f'{row.alias}: {line}')
    sys.exit(not all(good for good, _ in outcomes))


if __name__ == '__main__':
    main()
