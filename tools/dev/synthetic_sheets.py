# SPDX-License-Identifier: Apache-2.0
"""Draw the sheets of synthetic faces in the docs, and time the drawing.

OMP_NUM_THREADS=1 python tools/dev/synthetic_sheets.py --out docs/en/images
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from mmpose_face.datasets import SyntheticFaces
from mmpose_face.synthesis import ATTRIBUTES, render_face
from mmpose_face.visualization import browse_dataset, contact_sheet

SIDE = 128  # pixels of a face in a sheet
ROUNDS, FACES = 5, 60


def faces(number: int, attributes=None) -> list[np.ndarray]:
    return [
        cv2.resize(
            render_face(0, i, attributes=attributes).image,
            (SIDE, SIDE),
            interpolation=cv2.INTER_AREA,
        )
        for i in range(number)
    ]


def write(path: Path, sheet: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])


def browsed() -> np.ndarray:
    """What tools/browse_data.py shows of faces with large occlusions."""
    data = SyntheticFaces(num_faces=12, seed=1, attributes=['occlusion'])
    with tempfile.TemporaryDirectory() as folder:
        browse_dataset(data, folder, faces=12, name='synthetic')
        return cv2.imread(f'{folder}/synthetic_occlusion.png')


def faces_per_second() -> list[float]:
    """At 256 x 256 on one core, in rounds, since machines are shared."""
    cv2.setNumThreads(1)
    rounds = []
    for i in range(ROUNDS):
        start = time.perf_counter()
        for j in range(FACES):
            render_face(i, j)
        rounds.append(FACES / (time.perf_counter() - start))
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description='Sheets of synthetic faces')
    parser.add_argument('--out', type=Path, required=True)
    out = parser.parse_args().out
    write(out / 'synthetic_faces.jpg', contact_sheet(faces(64), columns=8))
    rows = [faces(8, attributes=[name]) for name in ATTRIBUTES]
    write(out / 'synthetic_attributes.jpg', contact_sheet(sum(rows, []), columns=8))
    write(out / 'browse_synthetic_occlusion.jpg', browsed())
    rounds = sorted(faces_per_second())
    print(
        f'faces of 256 x 256 per second on one core: best {rounds[-1]:.0f}, '
        f'median {rounds[len(rounds) // 2]:.0f}, worst {rounds[0]:.0f} of '
        f'{ROUNDS} rounds of {FACES}'
    )


if __name__ == '__main__':
    main()
