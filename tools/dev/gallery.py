# SPDX-License-Identifier: Apache-2.0
"""Draw the gallery of the docs: synthetic faces with the landmarks that the
model of the package finds.

    python tools/dev/gallery.py --out docs/en/images
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmpose_face import FaceLandmarker
from mmpose_face.images.boxes import landmark_bounds
from mmpose_face.inference.faces import Faces
from mmpose_face.synthesis import ATTRIBUTES, SyntheticFace, render_face
from mmpose_face.visualization import contact_sheet
from mmpose_face.visualization.sheet_cells import write_text

SEED = 5  # neither that of the training nor of the test
SIDE = 256  # pixels of a face in a sheet
QUALITY = 82  # of JPEG
# Seed, index and attributes of the faces on the front page.
FRONT = ((11, 3, ('makeup', 'expression')), (11, 16, ('makeup',)), (11, 37, ('expression',)))
WALL, FRAME = (188, 200, 206), (42, 60, 84)  # BGR
# Left, top, side in pixels and index of the portraits on the wall.
PORTRAITS = (
    (60, 80, 480, 0),
    (620, 60, 220, 1),
    (620, 340, 260, 2),
    (940, 90, 300, 3),
    (930, 500, 130, 4),
    (1090, 500, 130, 11),
    (1300, 60, 150, 6),
    (1300, 270, 240, 7),
    (1490, 70, 90, 8),
    (1300, 560, 80, 9),
    (1420, 555, 90, 10),
)


def found(landmarker: FaceLandmarker, faces: Sequence[SyntheticFace]) -> list[Faces]:
    """The landmarks of each face, in the box of its true ones."""
    boxes = [landmark_bounds(face.keypoints)[None] for face in faces]
    return landmarker([f.image for f in faces], boxes, channels='bgr')


def front(landmarker: FaceLandmarker) -> np.ndarray:
    """Three large faces: the picture of the front page."""
    side = 2 * SIDE
    faces = [render_face(seed, index, 2 * side, chosen) for seed, index, chosen in FRONT]
    boxes = [landmark_bounds(face.keypoints)[None] / 2 for face in faces]
    images = [cv2.resize(f.image, (side, side), interpolation=cv2.INTER_AREA) for f in faces]
    return np.hstack([each.draw() for each in landmarker(images, boxes, channels='bgr')])


def attributes(landmarker: FaceLandmarker) -> np.ndarray:
    """Two faces of each subset."""
    faces, names = [], []
    for index in (0, 1):
        for name in ATTRIBUTES:
            faces.append(render_face(SEED, index, SIDE, [name]))
            names.append(name)
    cells = [each.draw() for each in found(landmarker, faces)]
    for cell, name in zip(cells, names):
        write_text(cell, name)
    return contact_sheet(cells, columns=len(ATTRIBUTES))


def schemes(landmarker: FaceLandmarker) -> np.ndarray:
    """Two faces with 98 points and, by the exact map, with 68."""
    cells = []
    for each in found(
        landmarker, [render_face(SEED, index, 2 * SIDE, ['expression']) for index in (1, 4)]
    ):
        to_68 = Faces([face.to('ibug68') for face in each], each.image, each.size, each.channels)
        for faces in (each, to_68):
            cells.append(faces.draw())
            write_text(cells[-1], faces[0].scheme.name)
    return contact_sheet(cells, columns=4)


def wall(landmarker: FaceLandmarker) -> np.ndarray:
    """Portraits of many sizes in one image, found by the detector."""
    image = np.full((720, 1620, 3), WALL, np.uint8)
    for left, top, side, index in PORTRAITS:
        edge = side // 14
        cv2.rectangle(
            image, (left - edge, top - edge), (left + side + edge, top + side + edge), FRAME, -1
        )
        face = render_face(SEED + 1, index, 2 * side, ['makeup'])
        image[top : top + side, left : left + side] = cv2.resize(
            face.image, (side, side), interpolation=cv2.INTER_AREA
        )
    faces = landmarker(image, channels='bgr')
    print(f'{len(faces)} of {len(PORTRAITS)} portraits are found')
    return faces.draw(boxes=True)


def hidden(landmarker: FaceLandmarker) -> np.ndarray:
    """Faces with something before them, whose points are unsure there."""
    faces = [render_face(SEED, index, 2 * SIDE, ['occlusion']) for index in (3, 6, 8, 9)]
    return contact_sheet([each.draw(low_score=0.5) for each in found(landmarker, faces)], columns=4)


def main() -> None:
    parser = argparse.ArgumentParser(description='The gallery of the docs')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument(
        '--model',
        nargs='+',
        default=[],
        help='a model of the zoo, or a config and a checkpoint (default: the model of the package)',
    )
    args = parser.parse_args()
    landmarker = FaceLandmarker(*args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    for draw in front, attributes, schemes, wall, hidden:
        cv2.imwrite(
            str(args.out / f'gallery_{draw.__name__}.jpg'),
            draw(landmarker),
            [cv2.IMWRITE_JPEG_QUALITY, QUALITY],
        )


if __name__ == '__main__':
    main()
