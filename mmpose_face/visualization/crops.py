# SPDX-License-Identifier: Apache-2.0
"""Crops of faces for contact sheets."""

import cv2
import numpy as np

_ROOM = 1.3  # side of a cell in sides of the face's box
_PAPER = (128, 128, 128)  # beyond the image


def crop_face(
    image: np.ndarray, box: np.ndarray, side: int
) -> tuple[np.ndarray, float, np.ndarray]:
    """Cut out a face with some room around its box.

    Args:
        image (np.ndarray): BGR ``(H, W, 3)``.
        box (np.ndarray): ``(2, 2)``: left top and right bottom corner in
            pixels of the image; it may lie outside.
        side (int): Width and height of the cell in pixels.

    Returns:
        tuple[np.ndarray, float, np.ndarray]: The cell ``(side, side, 3)``,
        grey beyond the image; and the scale and the shift ``(2, )`` that take
        points to it, ``points * scale + shift``.
    """
    scale, shift = _view(box, side)
    return _warp(image, scale, shift, side), scale, shift


def _view(box: np.ndarray, side: int) -> tuple[float, np.ndarray]:
    """Scale and shift ``(2,)`` that take pixels of the image to those of the
    cell, with the box ``(2, 2)``, two corners, in its middle."""
    size = max(1.0, np.ptp(box, axis=0).max())  # of a face that is a point
    scale = side / (_ROOM * size)
    return scale, (side - 1) / 2 - scale * box.mean(0)


def _warp(image: np.ndarray, scale: float, shift: np.ndarray, side: int) -> np.ndarray:
    if scale < 1:
        # By areas: warpAffine alone would leave pixels out.
        shape = np.array(image.shape[1::-1])
        small = np.maximum(1, np.rint(shape * scale)).astype(int)
        image = cv2.resize(image, small.tolist(), interpolation=cv2.INTER_AREA)
        # Rounding made another scale of it, for each axis.
        rest = scale * shape / small
        shift = shift + (rest - scale) / 2
        scale = rest
    matrix = np.column_stack([np.eye(2) * scale, shift])
    return cv2.warpAffine(image, matrix, (side, side), borderValue=_PAPER)


def write_text(cell: np.ndarray, text: str) -> None:
    """Write into the upper left corner of a cell, white with a dark edge."""
    for color, thickness in ((0, 0, 0), 3), ((255, 255, 255), 1):
        cv2.putText(
            cell, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, color, thickness, cv2.LINE_AA
        )
