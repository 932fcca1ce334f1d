# SPDX-License-Identifier: Apache-2.0
"""Score the predictions of any system.

    python tools/evaluate.py --ann ANN.json --pred PRED.json --out work_dirs/x

docs/en/evaluation.md describes the files.
"""

import argparse
import sys
from pathlib import Path

from mmpose_face.datasets import BENCHMARKS
from mmpose_face.evaluation import NORMALIZERS
from mmpose_face.landmarks import SCHEMES


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='NME, failure rate and AUC of predictions on every subset '
        'of a benchmark, with 95 % intervals'
    )
    parser.add_argument(
        '--ann',
        type=Path,
        nargs='+',
        required=True,
        help='annotation file, or several files of one test',
    )
    parser.add_argument(
        '--pred',
        type=Path,
        required=True,
        help="predictions: .json, .csv, or .pkl of MMPose's --dump",
    )
    parser.add_argument(
        '--dataset',
        choices=tuple(BENCHMARKS),
        help='data set of the annotations (default: recognised from the file)',
    )
    parser.add_argument(
        '--pred-scheme',
        choices=tuple(SCHEMES),
        help='landmark scheme of the predictions (default: the one named in the '
        'file, or the one with that number of points)',
    )
    parser.add_argument('--norm', choices=NORMALIZERS, help="normaliser (default: the benchmark's)")
    parser.add_argument(
        '--threshold',
        type=float,
        help='threshold of failure rate and AUC, a ratio such as 0.08 for '
        "8 %% (default: the benchmark's)",
    )
    parser.add_argument(
        '--protocol',
        choices=('mmpose', 'paper'),
        default='mmpose',
        help='mean over all labelled points, or over faces (default: mmpose)',
    )
    parser.add_argument(
        '--partial',
        action='store_true',
        help='leave out faces without prediction and predictions without face, and count them',
    )
    parser.add_argument(
        '--out', type=Path, help='folder for metrics.json, per_face.json, ced.png and ced.svg'
    )
    parser.add_argument(
        '--report',
        action='store_true',
        help='also write report.html, a report on one page, into --out',
    )
    parser.add_argument(
        '--images', type=Path, help='folder of the images, to show the worst faces in the report'
    )
    args = parser.parse_args()
    if args.report and not args.out:
        parser.error('--report needs --out, the folder to write into')
    if args.images and not args.report:
        parser.error('--images is for the report: expected --report')
    return args


def main() -> None:
    args = parse_args()
    # These imports take seconds, which --help does not need.
    from mmpose_face.commands.evaluate import (
        evaluate,
        format_evaluation,
        save_evaluation,
        save_report,
    )

    try:
        evaluation = evaluate(
            args.ann,
            args.pred,
            dataset=args.dataset,
            pred_scheme=args.pred_scheme,
            normalizer=args.norm,
            threshold=args.threshold,
            protocol=args.protocol,
            partial=args.partial,
        )
        print(format_evaluation(evaluation))
        for path in save_evaluation(evaluation, args.out) if args.out else ():
            print(path)
        if args.report:
            print(save_report(evaluation, args.out, args.pred.stem, args.images))
    except ValueError as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        # Those of our own have a sentence alone.
        sys.exit(
            f'error: {error}'
            if error.strerror is None
            else f'error: cannot read or write {error.filename or args.out}: {error.strerror}'
        )


if __name__ == '__main__':
    main()
