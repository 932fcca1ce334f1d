# SPDX-License-Identifier: Apache-2.0
"""A data set on disk whose images and faces have WFLW's sizes."""

import json
from pathlib import Path

import cv2
import numpy as np

from ...datasets.annotations import FaceRecord
from ...datasets.converters.release import write_parts
from ...datasets.converters.wflw import EXPECTED, PART_FILES, SUBSET_FILES
from ...synthesis import render_face
from .photos import photo

WIDTH, HEIGHTS = 1024, (576, 683, 768)
QUALITY = 75
# The longer side of the landmarks' box in 1970 rows of WFLW's test: the
# median, and what 3.7 % reach, 512 pixels with a padding of 1.25. A
# log-normal distribution has both: its tail of 3.7 % begins 1.786 deviations
# above the median.
_MEDIAN, _LARGE = 127.0, 512 / 1.25
_SIGMA = np.log(_LARGE / _MEDIAN) / 1.786
_SMALLEST = 16.0
_BACKGROUNDS, _FACES = 6, 24

# What the folder was made with.
_MADE = 'made.json'


def face_sides(number: int, rng: np.random.Generator) -> np.ndarray:
    """Longer sides of landmark boxes as in WFLW.

    Args:
        number (int): N.
        rng (np.random.Generator): Where from.

    Returns:
        np.ndarray: (N, ), pixels.
    """
    return rng.lognormal(np.log(_MEDIAN), _SIGMA, number)


def make_wflw_like(folder: Path, faces: int = 128, faces_per_image: int = 1, seed: int = 0) -> Path:
    """Write JPEGs 1024 pixels wide with synthetic faces, and annotations that
    our and MMPose's data set of WFLW read.

    Training and test have the same faces. The six subsets of the test have
    the shares of faces that they have in WFLW. A folder that has them is left
    as it is.

    Args:
        folder (Path): Where to; a folder below it is named after the numbers.
        faces (int): Number of faces.
        faces_per_image (int): Faces in an image; they share its area and are
            smaller where it is too small for them.
        seed (int): Number of the data set.

    Returns:
        Path: The root of the data set.
    """
    asked = dict(faces=faces, faces_per_image=faces_per_image, seed=seed, format=3)
    root = folder / f'wflw_{faces}x{faces_per_image}_{seed}'
    made = root / _MADE
    if made.is_file() and json.loads(made.read_text()) == asked:
        return root
    records = _draw(root / 'images', faces, faces_per_image, seed)
    parts = dict.fromkeys(PART_FILES.values(), records)
    for subset, name in SUBSET_FILES.items():
        parts[name] = [r for r in records if subset in r.subsets]
    write_parts(root, parts, dict(description='made up, of sizes as in WFLW'))
    made.write_text(json.dumps(asked))
    return root


def bytes_per_image(root: Path) -> float:
    """The mean size of its images.

    Args:
        root (Path): What :func:`make_wflw_like` gave.

    Returns:
        float: Bytes.
    """
    sizes = [p.stat().st_size for p in (root / 'images').iterdir()]
    return float(np.mean(sizes))


def _draw(folder: Path, faces: int, faces_per_image: int, seed: int) -> list[FaceRecord]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    backgrounds = [photo(max(HEIGHTS), WIDTH, i) for i in range(_BACKGROUNDS)]
    rendered = [render_face(seed, i) for i in range(min(faces, _FACES))]
    subsets = _subsets(faces, rng)
    records: list[FaceRecord] = []
    while len(records) < faces:
        number = min(faces_per_image, faces - len(records))
        image = _background(backgrounds, rng)
        name = f'{len(records):05}.jpg'
        size = image.shape[1::-1]
        for cell in _cells(size, number):
            face = rendered[len(records) % len(rendered)]
            points = _paste(image, cell, face.image, face.keypoints, rng)
            records.append(FaceRecord(name, size, points, subsets[len(records)], face.occluded))
        cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return records


def _background(backgrounds: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One of them, of one of the heights, moved round."""
    image = backgrounds[rng.integers(len(backgrounds))]
    moved = np.roll(image, rng.integers(WIDTH, size=2), (0, 1))
    return np.ascontiguousarray(moved[: rng.choice(HEIGHTS)])


def _cells(size: tuple[int, int], number: int) -> np.ndarray:
    """Parts of the image, one for each face: left, top, width and height."""
    columns = int(np.ceil(np.sqrt(number)))
    rows = -(-number // columns)
    width, height = size[0] / columns, size[1] / rows
    return np.array(
        [(i % columns * width, i // columns * height, width, height) for i in range(number)]
    )


def _paste(
    image: np.ndarray,
    cell: np.ndarray,
    face: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Put a face somewhere into a cell; gives its points (K, 2)."""
    low, size = points.min(0), np.ptp(points, 0)
    longest = 0.9 * (cell[2:] / size).min() * size.max()
    side = np.clip(face_sides(1, rng)[0], min(_SMALLEST, longest), longest)
    zoom = side / size.max()
    # Where the corner of the face's image comes to lie, on whole pixels.
    room = cell[2:] - zoom * size
    corner = np.rint(cell[:2] + rng.uniform(size=2) * room - zoom * low)
    patch = cv2.resize(face, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    _blend(image, patch, corner.astype(int))
    return (points + 0.5) * zoom - 0.5 + corner


def _blend(image: np.ndarray, patch: np.ndarray, corner: np.ndarray) -> None:
    """Put the part of a patch that lies in an image over it; a third of the
    background stays, and with it the fine detail of a photograph."""
    x, y = corner
    left, top = max(0, -x), max(0, -y)
    height, width = image.shape[:2]
    patch = patch[top : height - y, left : width - x]
    below = image[y + top :, x + left :][: patch.shape[0], : patch.shape[1]]
    below[:] = cv2.addWeighted(patch, 0.67, below, 0.33, 0)


def _subsets(faces: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """The subsets of each face."""
    names: list[tuple[str, ...]] = [('test',)] * faces
    for subset in SUBSET_FILES:
        share = EXPECTED[subset] / EXPECTED['test']
        for i in rng.permutation(faces)[: round(share * faces)]:
            names[i] += (subset,)
    return names
