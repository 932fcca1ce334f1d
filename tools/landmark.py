# SPDX-License-Identifier: Apache-2.0
"""Find the landmarks of faces, draw them and write them as JSON and CSV.

    python tools/landmark.py photo.jpg
    python tools/landmark.py photos/ --model wflw-hrnetv2-w18-dark
    python tools/landmark.py talk.mp4 --out work_dirs/talk
    python tools/landmark.py 0 --show

docs/en/landmark.md says what the files hold.
"""

import argparse
import sys
from pathlib import Path

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.commands.landmark import ModelChoice, Options, is_video, landmark


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Landmarks of the faces on an image, on all images of a '
        'folder, of a video or of a webcam'
    )
    parser.add_argument('input', help='image, folder, video file or number of a webcam')
    parser.add_argument(
        '--model',
        help='a model of the zoo by its name, a config with --checkpoint, or '
        'an .onnx file (default: the small one that comes with the package)',
    )
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument(
        '--detector',
        default='haar',
        help="haar (default), yolox, whole_image, or the path of YuNet's .onnx file",
    )
    parser.add_argument(
        '--boxes',
        type=Path,
        metavar='FILE',
        help='JSON file of face boxes, in place of a detector: a list of '
        '[left, top, right, bottom] for an image, {path in the folder: list} '
        'for a folder',
    )
    parser.add_argument('--device', default='cpu', help='cpu (default) or cuda')
    parser.add_argument(
        '--batch-size',
        type=int,
        metavar='N',
        help='faces in a batch of the network (default: 32 for a video; 8 for '
        'images, of which as many are held in memory)',
    )
    parser.add_argument(
        '--smooth',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='smooth the points of a video (default: yes)',
    )
    parser.add_argument(
        '--detect-every',
        type=int,
        default=30,
        metavar='N',
        help='frames of a video between two runs of the detector (default: 30)',
    )
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.3,
        help='a face of a video with a lower mean score of its points is lost (default: 0.3)',
    )
    parser.add_argument(
        '--frames', type=int, metavar='N', help='process only the first N frames of a video'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/landmarks'),
        help='output folder; for an image or a video also the file of the drawing '
        '(default: work_dirs/landmarks)',
    )
    parser.add_argument(
        '--json',
        type=Path,
        metavar='FILE',
        help='file of all results (default: a file beside each drawing)',
    )
    parser.add_argument(
        '--csv',
        type=Path,
        metavar='FILE',
        help='table of all results, a row for each face (default: a file beside the '
        'drawing, landmarks.csv for a folder)',
    )
    parser.add_argument(
        '--draw',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='draw the landmarks (default: yes)',
    )
    parser.add_argument(
        '--low-score',
        type=float,
        default=0.3,
        help='points with a lower score are drawn hollow (default: 0.3)',
    )
    parser.add_argument(
        '--show', action='store_true', help='show a video or webcam in a window, too; q ends it'
    )
    args = parser.parse_args()
    for name in ('batch_size', 'detect_every', 'frames'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1, got {value}')
    return args


def main() -> None:
    args = parse_args()
    choice = ModelChoice(args.model, args.checkpoint, args.detector)
    options = Options(**{name: getattr(args, name) for name in Options.__dataclass_fields__})
    batch_size = args.batch_size or (32 if is_video(args.input) else 8)
    try:
        landmarker = choice.open(args.device, batch_size)
        done = landmark(args.input, landmarker, options, choice.as_dict())
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('interrupted; the same command goes on with a folder')
    print(done)
    for path in done.files:
        print(path)
    for failure in done.failures:
        print(f'error: {failure}', file=sys.stderr)
    sys.exit(bool(done.failures))


if __name__ == '__main__':
    main()
