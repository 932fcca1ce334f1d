# SPDX-License-Identifier: Apache-2.0
"""Write a trained model as an ONNX file.

    python tools/export_onnx.py wflw-hrnetv2-w18-dark face.onnx --with-decode
    python tools/export_onnx.py CONFIG CHECKPOINT face.onnx --with-decode

The file is compared with PyTorch and written only if both agree.
"""

import argparse
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='write a trained model as an ONNX file')
    parser.add_argument('config', help='a config, or the name of a model of the zoo')
    parser.add_argument(
        'checkpoint', nargs='?', type=Path, help='weights of the model (default: those of the zoo)'
    )
    parser.add_argument('out', type=Path, help='the file to write')
    parser.add_argument(
        '--with-decode',
        action='store_true',
        help='output points and scores, not heatmaps or coordinates',
    )
    parser.add_argument(
        '--fp16',
        action='store_true',
        help='run the network in half precision, the decoding in single',
    )
    parser.add_argument(
        '--flip-test', action='store_true', help='average with the mirror image, in twice the time'
    )
    number = parser.add_mutually_exclusive_group()
    number.add_argument(
        '--dynamic-batch', action='store_true', help='accept any number of crops at once'
    )
    number.add_argument(
        '--batch-size', type=int, default=1, help='number of crops at once (default: 1)'
    )
    # Options may stand between positional arguments.
    return parser.parse_intermixed_args()


def main() -> None:
    args = parse_args()
    try:
        from mmpose_face.inference.landmarker import load_model
        from mmpose_face.inference.onnx.export import export_onnx

        parity = export_onnx(
            load_model(args.config, args.checkpoint),
            args.out,
            with_decode=args.with_decode,
            dynamic_batch=args.dynamic_batch,
            fp16=args.fp16,
            flip_test=args.flip_test,
            batch_size=args.batch_size,
        )
    except ModuleNotFoundError as error:
        sys.exit(f'error: {error}; pip install "mmpose_face[onnx]"')
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(f'{args.out}: {parity}')


if __name__ == '__main__':
    main()
