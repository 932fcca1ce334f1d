# SPDX-License-Identifier: Apache-2.0
"""Bright squares in place of faces, and a detector and network that find them in
the pixels; the points are the corners. So a tracker is tested alone."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmpose_face.inference.face_boxes import BoxMapping
from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.landmarks import Curve, Scheme

SCHEME = Scheme(
    'square4',
    (Curve('face', ('top_left', 'top_right', 'low_right', 'low_left'), True),),
    ('top_left', 'top_right'),
)
SIDE = 40


def picture(*centers: tuple[float, float], size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A frame with a square around each centre."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y in centers:
        left, top = round(x - SIDE / 2), round(y - SIDE / 2)
        cv2.rectangle(image, (left, top), (left + SIDE, top + SIDE), (255, 255, 255), cv2.FILLED)
    return image


def boxes_of(image: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom of each bright part ``(N, 4)``."""
    mask = (image[..., 0] > 127).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    x, y, w, h = stats[1:, :4].T.astype(np.float64)
    return np.stack((x, y, x + w - 1, y + h - 1), 1)


class SquareNetwork:
    """Finds the square nearest to the middle of a crop."""

    scheme = SCHEME
    input_size = 80, 80
    padding = 1.6

    def __init__(self) -> None:
        self.batches = []
        self.score = 1.0  # of a visible point
        self.none = 0.1  # score without a square

    def __call__(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(crops))
        points, scores = zip(*map(self._of, crops))
        return np.array(points), np.array(scores)

    def _of(self, crop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        boxes = boxes_of(crop)
        if not len(boxes):
            return np.array([[20.0, 20], [60, 20], [60, 60], [20, 60]]), (np.full(4, self.none))
        away = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - 40).sum(1)
        left, top, right, bottom = boxes[away.argmin()]
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]]), np.full(
            4, self.score
        )


class SquareDetector:
    """Finds all squares, except in ``hidden`` frames."""

    mapping = BoxMapping()

    def __init__(self) -> None:
        self.asked = 0
        self.blind = False
        self.more: Sequence = ()  # further boxes that it returns

    def __call__(self, image: np.ndarray) -> np.ndarray:
        self.asked += 1
        boxes = np.empty((0, 4)) if self.blind else boxes_of(image)
        boxes = np.concatenate((boxes, np.reshape(self.more, (-1, 4))))
        return np.column_stack((boxes, np.full(len(boxes), 0.9)))


def landmarker() -> Landmarker:
    return Landmarker(SquareNetwork(), SquareDetector())
