# SPDX-License-Identifier: Apache-2.0
"""Jitter, error, lag and speed of landmarks in videos, with and without
smoothing.

    OMP_NUM_THREADS=1 python tools/dev/track_figures.py
    OMP_NUM_THREADS=1 python tools/dev/track_figures.py --video talk.mp4

measures synthetic faces that move and talk, whose truth is known, or a video.
Per cent of the scheme's normaliser, mostly the distance of the outer eye
corners; docs/en/video.md says what the figures are.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.commands.landmark import ModelChoice
from mmpose_face.evaluation import jitter, lag, motion_normalizer, nme, normalized_errors
from mmpose_face.evaluation.table import markdown_table
from mmpose_face.images.boxes import landmark_bounds
from mmpose_face.inference.face_boxes import BoxMapping
from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.inference.one_euro import OneEuro, OneEuroFilter
from mmpose_face.inference.tracking import FaceTracker
from mmpose_face.inference.videos import Video
from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.moving import MovingFace

# Each point for itself, at the settings that add about as much error as ours.
ALONE = OneEuro(0.5, 20.0)
WAYS = ('none', 'One-Euro, each point alone', 'default')


class Told:
    """A detector that is told the truth, so that it is not what is
    measured."""

    mapping = BoxMapping()

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return np.array([[*landmark_bounds(self.truth), 1.0]])


class Measured:
    """The points of the first face of a video, with and without smoothing,
    each by a tracker of its own, in turn."""

    def __init__(self, landmarker: Landmarker) -> None:
        self.trackers = {
            way: FaceTracker(landmarker, smooth=way == WAYS[2]) for way in (WAYS[0], WAYS[2])
        }
        self.points: dict[str, list[np.ndarray]] = {w: [] for w in WAYS}
        self.times: dict[str, list[float]] = {w: [] for w in self.trackers}
        self._alone = OneEuroFilter(ALONE)

    def add(self, image: np.ndarray, seconds: float) -> None:
        for way, tracker in self.trackers.items():
            started = time.perf_counter()
            found = tracker(image, seconds, 'bgr')
            self.times[way].append(time.perf_counter() - started)
            if not found:
                raise SystemExit(f'no face at {seconds:.2f} s: expected one face all the time')
            self.points[way].append(found[0].keypoints)
        self.points[WAYS[1]].append(self._smoothed_alone(self.points[WAYS[0]][-1], seconds))

    def _smoothed_alone(self, points: np.ndarray, seconds: float) -> np.ndarray:
        places = points[:, 0] + 1j * points[:, 1]
        size = 2 * (np.abs(places - places.mean()) ** 2).mean() ** 0.5
        smooth = self._alone(places, seconds, size)
        return np.stack((smooth.real, smooth.imag), 1)


def moving_faces(landmarker: Landmarker, args: argparse.Namespace) -> dict[float, dict[str, list]]:
    """For each speed and way a row of figures for each face."""
    detector = Told()
    landmarker = Landmarker(landmarker.network, detector)
    found: dict = {}
    for speed in args.speeds:
        rows = found.setdefault(speed, {way: [] for way in (*WAYS, 'truth')})
        for index in range(args.faces):
            face = MovingFace(args.seed, index, args.frames, speed=speed)
            measured = Measured(landmarker)
            for i, (image, detector.truth) in enumerate(face):
                measured.add(image, i / face.fps)
            truth = face.truth()
            norm = motion_normalizer(truth, WFLW98)
            for way, points in (*measured.points.items(), ('truth', truth)):
                points = np.array(points)
                errors = normalized_errors(points, truth, norm)
                rows[way].append(
                    (
                        100 * jitter(points, norm),
                        100 * jitter(points - truth, norm),
                        100 * nme(errors),
                        lag(points, truth) if speed else float('nan'),
                    )
                )
    return found


def print_moving_faces(figures: dict) -> None:
    print(
        markdown_table(
            ('speed', 'smoothing', 'jitter', 'of which wrong', 'NME', 'added', 'lag'),
            [
                _row(speed, way, np.mean(rows, 0), np.mean(ways['none'], 0))
                for speed, ways in figures.items()
                for way, rows in ways.items()
            ],
        )
    )


def _row(speed: float, way: str, row: np.ndarray, none: np.ndarray) -> list:
    of_none = [f' ({a / b:.2f})' if b else '' for a, b in zip(row, none)]
    return [
        f'{speed:g}',
        way,
        f'{row[0]:.3f}{of_none[0]}',
        f'{row[1]:.3f}{of_none[1]}',
        f'{row[2]:.3f}',
        '' if way == 'truth' else f'{100 * (row[2] / none[2] - 1):+.1f} %',
        '' if np.isnan(row[3]) else f'{row[3]:+.2f}',
    ]


def video(path: Path, landmarker: Landmarker, frames: int | None) -> None:
    measured = Measured(landmarker)
    with Video(path) as opened:
        for frame in islice(opened, frames):
            measured.add(frame.image, frame.time)
    scheme = landmarker.scheme
    raw = np.array(measured.points[WAYS[0]])
    norm = motion_normalizer(raw, scheme)
    found = {way: 100 * jitter(points, norm) for way, points in measured.points.items()}
    rows = []
    for way in WAYS:
        row = [way, f'{found[way]:.3f} ({found[way] / found[WAYS[0]]:.2f})']
        if way in measured.times:
            times = np.array(measured.times[way])
            row += [
                f'{1e3 * np.median(times):.1f}',
                f'{1e3 * np.percentile(times, 95):.1f}',
                f'{1 / times.mean():.1f}',
            ]
        rows.append(row + [''] * (5 - len(row)))
    detections = {t.detections for t in measured.trackers.values()}
    print(f'{path.name}: {len(raw)} frames, the detector was asked in {max(detections)}')
    print(
        markdown_table(
            ('smoothing', 'jitter', 'ms a frame, median', '95th percentile', 'frames a second'),
            rows,
        )
    )


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='jitter, error, lag and speed with and without smoothing'
    )
    parser.add_argument('--model', help='as of tools/landmark.py')
    parser.add_argument('--checkpoint')
    parser.add_argument('--detector', default='haar')
    parser.add_argument('--video', type=Path, help='a video of one face (default: none)')
    parser.add_argument(
        '--frames', type=int, help='of each video (default: 150 of a synthetic one, all of another)'
    )
    parser.add_argument('--faces', type=int, default=6)
    parser.add_argument('--speeds', type=float, nargs='+', default=(0, 1, 3))
    parser.add_argument('--seed', type=int, default=7)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(int(os.environ.get('OMP_NUM_THREADS', 0)) or -1)
    choice = ModelChoice(args.model, args.checkpoint, args.detector)
    landmarker = choice.open()
    if args.video:
        video(args.video, landmarker, args.frames)
        return
    args.frames = args.frames or 150
    print(
        f'{args.faces} synthetic faces of seed {args.seed}, {args.frames} '
        'frames each; per cent of the distance of the outer eye corners, '
        'lag in frames'
    )
    print_moving_faces(moving_faces(landmarker, args))


if __name__ == '__main__':
    main()
