# SPDX-License-Identifier: Apache-2.0
"""How a detector's boxes lie to those of landmarks, and what that costs.

    python tools/dev/box_mapping.py fit --detector haar
    python tools/dev/box_mapping.py measure --detector haar \
        --ann data/300w/annotations/face_landmarks_300w_valid.json \
        --images data/300w/images --model CONFIG --checkpoint CHECKPOINT

``fit`` draws synthetic faces, whose landmarks are known, and prints the
mapping; ``measure`` prints NME on real ones for boxes of the truth, the
detector's, these mapped, and with a second pass, on the faces detected.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.progress import track

from mmpose_face.datasets.detected_boxes import match
from mmpose_face.evaluation.functional import nme, normalized_errors
from mmpose_face.images.boxes import landmark_bounds
from mmpose_face.images.reading import read_image
from mmpose_face.inference.detectors import Detector, get_detector
from mmpose_face.inference.face_boxes import BoxMapping
from mmpose_face.inference.landmarker import FaceLandmarker
from mmpose_face.landmarks import get_scheme
from mmpose_face.synthesis import render_face

MIN_IOU = 0.3
IDENTITY = BoxMapping()


class Found(NamedTuple):
    """The faces that a detector has found, N of ``number``."""

    number: int
    images: list[np.ndarray]
    points: np.ndarray  # (N, K, 2), true
    boxes: np.ndarray  # (N, 4), detected


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('what', choices=('fit', 'measure'))
    parser.add_argument('--detector', default='haar')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--faces', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument('--ann', type=Path)
    parser.add_argument('--images', type=Path)
    parser.add_argument('--model')
    parser.add_argument('--checkpoint')
    parser.add_argument('--scheme', default='ibug68')
    args = parser.parse_args()
    if args.what == 'measure' and not (args.ann and args.images and args.model):
        parser.error('measure needs --ann, --images and --model')
    return args


def synthetic(number: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images of a face without attributes, with room around it, and its
    points."""
    room = 64
    for i in range(number):
        face = render_face(seed, i, 256, ())
        image = cv2.copyMakeBorder(face.image, room, room, room, room, cv2.BORDER_REPLICATE)
        yield image, face.keypoints + room


def annotated(ann: Path, images: Path) -> list[tuple[Path, np.ndarray]]:
    """Image files and points of an annotation file of one face an image."""
    data = json.loads(ann.read_text())
    names = {image['id']: image['file_name'] for image in data['images']}
    return [
        (
            images / names[each['image_id']],
            np.array(each['keypoints'], np.float64).reshape(-1, 3)[:, :2],
        )
        for each in data['annotations']
    ]


def detect(detector: Detector, faces: Iterator, number: int) -> Found:
    """The faces whose landmarks' box overlaps with a detected one."""
    total, images, points, boxes = 0, [], [], []
    for image, truth in track(faces, 'detecting', total=number):
        total += 1
        found = detector(image)[:, :4]
        (index,) = match(landmark_bounds(truth)[None], found, MIN_IOU)
        if index >= 0:
            images.append(image)
            points.append(truth)
            boxes.append(found[index])
    return Found(total, images, np.stack(points), np.stack(boxes))


def benchmark_boxes(points: np.ndarray) -> np.ndarray:
    """Squares about landmarks ``(N, K, 2)``, as the benchmark's boxes."""
    return IDENTITY(landmark_bounds(points))


def measure(args, found: Found, mapping: BoxMapping) -> dict[str, float]:
    """NME in per cent of the inter-ocular distance by kind of box."""
    model = args.model, args.checkpoint
    once, twice = (
        FaceLandmarker(*model, device=args.device, second_pass=second) for second in (False, True)
    )
    ways = dict(
        truth=(once, benchmark_boxes(found.points)),
        raw=(once, IDENTITY(found.boxes)),
        mapped=(once, mapping(found.boxes)),
        second_pass=(twice, mapping(found.boxes)),
    )
    scheme = get_scheme(args.scheme)
    left, right = scheme.normalizer_indices
    norm = np.linalg.norm(found.points[:, left] - found.points[:, right], axis=1)
    figures = {}
    for name, (landmarker, boxes) in ways.items():
        faces = landmarker(found.images, boxes[:, None], channels='bgr')
        points = np.stack([each[0].to(scheme).keypoints for each in faces])
        figures[name] = 100 * nme(normalized_errors(points, found.points, norm).mean(1))
    return figures


def main():
    args = parse_args()
    detector = get_detector(args.detector, args.device)
    if args.what == 'fit':
        faces, number = synthetic(args.faces, args.seed), args.faces
    else:
        files = annotated(args.ann, args.images)
        faces = ((read_image(path), points) for path, points in files)
        number = len(files)
    found = detect(detector, faces, number)
    print(
        f'detected: {len(found.boxes)} of {found.number} faces, '
        f'{100 * len(found.boxes) / found.number:.1f} per cent'
    )
    fitted = BoxMapping.fit(found.boxes, benchmark_boxes(found.points))
    print(f'fits these faces: {fitted}')
    if args.what == 'fit':
        return
    print(f"the detector's:   {detector.mapping}")
    figures = measure(args, found, detector.mapping)
    for name, figure in figures.items():
        print(f'{name:12} NME {figure:.2f}')
    loss = figures['raw'] - figures['truth']
    for name in ('mapped', 'second_pass'):
        back = (figures['raw'] - figures[name]) / loss
        print(f"{name} recovers {100 * back:.0f} per cent of what the detector's boxes lose")


if __name__ == '__main__':
    main()
