# SPDX-License-Identifier: Apache-2.0
"""Images that cost what photographs cost, with made-up faces of WFLW's sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmpose_face.datasets.annotations import FaceRecord, landmark_box, write_annotations

# Of WIDER FACE's images, from which WFLW's come; with JPEG's usual quality
# the files have about 110 kB, as theirs.
WIDTH, HEIGHTS, QUALITY = 1024, (576, 683, 768), 75
# Grey levels of a photograph: mean, and standard deviation of brightness and
# of each colour's distance from it.
_MEAN, _BRIGHTNESS, _COLOUR = 118.0, 55.0, 14.0
_POWER = 1.45
_BACKGROUNDS = 6

# The longer side of the landmarks' box in WFLW's test, pixels: the median, and
# what 3.7 % reach. A log-normal distribution has both: its tail of 3.7 %
# begins 1.786 deviations above the median.
_MEDIAN, _LARGE = 127.0, 512 / 1.25
_SIGMA = np.log(_LARGE / _MEDIAN) / 1.786
_SMALLEST, _LARGEST = 16.0, 0.9 * min(HEIGHTS)


def write_faces(root: Path, faces: int, landmarks: int, subsets: Sequence[str]) -> None:
    """Write ``faces.json`` and a JPEG for each face below ``images/``. The
    file is one that the data sets of all benchmarks read, ours and MMPose's.

    Args:
        root (Path): The folder.
        faces (int): Number of faces.
        landmarks (int): K, points of a face.
        subsets (Sequence[str]): What every face belongs to.
    """
    (root / 'images').mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    backgrounds = [_photo(max(HEIGHTS), WIDTH, i) for i in range(_BACKGROUNDS)]
    records = []
    for i in range(faces):
        moved = np.roll(backgrounds[i % _BACKGROUNDS], rng.integers(WIDTH, size=2), (0, 1))
        image = moved[: rng.choice(HEIGHTS)]
        name, size = f'{i:05}.jpg', image.shape[1::-1]
        cv2.imwrite(str(root / 'images' / name), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        records.append(FaceRecord(name, size, _points(size, landmarks, rng), tuple(subsets)))
    write_annotations(root / 'faces.json', records, dict(description='made up'), _box_fields)


def _points(size: tuple[int, int], landmarks: int, rng: np.random.Generator) -> np.ndarray:
    """Points (K, 2) anywhere in a square in the image, pixels."""
    side = np.clip(rng.lognormal(np.log(_MEDIAN), _SIGMA), _SMALLEST, _LARGEST)
    corner = rng.uniform(size=2) * (np.array(size) - side)
    return corner + side * rng.uniform(size=(landmarks, 2))


def _box_fields(record: FaceRecord) -> dict:
    """The box in the fields of each benchmark: AFLW's normaliser is one, and
    COCO-WholeBody's face stands beside the other parts of a person."""
    box = landmark_box(record)
    visible = np.ones((len(record.keypoints), 1))
    return dict(
        box,
        box_size=200 * box['scale'],
        face_box=box['bbox'],
        face_kpts=np.hstack([record.keypoints, visible]).ravel().tolist(),
        face_valid=True,
    )


def _photo(height: int, width: int, seed: int) -> np.ndarray:
    """An image (height, width, 3), uint8, whose spectrum falls as that of a
    photograph: amplitudes go with a power of the inverse frequency, about 1
    in sharp pictures (Field, J. Opt. Soc. Am. A 4, 1987), more in what lenses
    and compression have softened. Its left border goes on at the right one,
    and the upper at the lower."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf  # no mean
    spectrum = np.fft.rfft2(rng.standard_normal((4, height, width))) / frequency**_POWER
    shaped = np.fft.irfft2(spectrum, (height, width))
    shaped /= shaped.std((1, 2), keepdims=True)
    channels = _MEAN + _BRIGHTNESS * shaped[:1] + _COLOUR * shaped[1:]
    levels = np.clip(np.rint(channels), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))
