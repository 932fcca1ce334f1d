# SPDX-License-Identifier: Apache-2.0
"""Mapping of a detector's boxes to the boxes that models were trained on."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array


@dataclass(frozen=True)
class BoxMapping:
    """The mapping of a detector's boxes to those of a benchmark's landmarks.

    Detectors differ in how much of the head belongs to the face. The
    benchmarks' crops are squares around the middle of the landmarks' box, as
    wide as its longer side, before the padding of 1.25; networks are trained
    on these, scaled by the augmentation.

    Args:
        right (float): How far the middle of the landmarks' box lies to the
            right of that of the detected box, as a share of the longer side
            of the detected box.
        down (float): How far it lies below, likewise.
        scale (float): The longer side of the landmarks' box as a share of
            that of the detected box.

    Raises:
        ValueError: If ``scale`` is not positive.
    """

    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f'scale must be positive, got {self.scale}')

    def __call__(self, boxes: Array) -> Array:
        """The squares of the landmarks.

        Args:
            boxes (np.ndarray): Left, top, right and bottom in pixels
                ``(N, 4)``.

        Returns:
            np.ndarray: ``(N, 4)``, squares.
        """
        low, high = boxes[:, :2], boxes[:, 2:]
        side = (high - low).max(1, keepdims=True)
        middle = (low + high) / 2 + side * (self.right, self.down)
        half = side * self.scale / 2
        return np.concatenate((middle - half, middle + half), 1)

    @staticmethod
    def fit(detected: Array, landmarks: Array) -> 'BoxMapping':
        """The mapping that fits faces with both boxes, by medians.

        Args:
            detected (np.ndarray): Boxes of the detector ``(N, 4)``.
            landmarks (np.ndarray): Boxes of the same faces' landmarks
                ``(N, 4)``.

        Raises:
            ValueError: If there are no boxes, or not as many of both.
        """
        if not len(detected) or detected.shape != landmarks.shape:
            raise ValueError(
                'expected one or more boxes (N, 4) of both '
                f'kinds, got {detected.shape} and '
                f'{landmarks.shape}'
            )
        sides, wanted = ((boxes[:, 2:] - boxes[:, :2]).max(1) for boxes in (detected, landmarks))
        from_to = (landmarks[:, :2] + landmarks[:, 2:] - detected[:, :2] - detected[:, 2:]) / 2
        right, down = np.median(from_to / sides[:, None], 0)
        return BoxMapping(float(right), float(down), float(np.median(wanted / sides)))
