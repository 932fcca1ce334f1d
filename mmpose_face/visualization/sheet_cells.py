# SPDX-License-Identifier: Apache-2.0
"""Cells of contact sheets: a face cut out of its image, with a text."""

import cv2
import numpy as np

_BOX_PADDING = 1.3  # side of a cell divided by the side of the face's box
_BORDER = (128, 128, 128)  # grey beyond the image


def crop_face(
    image: np.ndarray, box: np.ndarray, side: int
) -> tuple[np.ndarray, float, np.ndarray]:
    """Cut out a face with some room around its box.

    Args:
        image (np.ndarray): BGR ``(H, W, 3)``.
        box (np.ndarray): Top left and bottom right corner ``(2, 2)`` in
            pixels of the image; the box may lie outside of the image.
        side (int): Width and height of the cell in pixels.

    Returns:
        tuple[np.ndarray, float, np.ndarray]: The cell ``(side, side, 3)``,
        grey beyond the image; and the scale and the shift ``(2, )`` from
        points of the image to the cell, ``points * scale + shift``.
    """
    scale, shift = _scale_and_shift(box, side)
    return _warp(image, scale, shift, side), scale, shift


def _scale_and_shift(box: np.ndarray, side: int) -> tuple[float, np.ndarray]:
    """Scale and shift ``(2,)`` from pixels of the image to those of the cell,
    with the box ``(2, 2)``, two corners, in the middle of the cell."""
    size = max(1.0, np.ptp(box, axis=0).max())  # a box may have no extent
    scale = side / (_BOX_PADDING * size)
    return scale, (side - 1) / 2 - scale * box.mean(0)


def _warp(image: np.ndarray, scale: float, shift: np.ndarray, side: int) -> np.ndarray:
    if scale < 1:
        # Average over areas: warpAffine alone would skip pixels.
        shape = np.array(image.shape[1::-1])
        small = np.maximum(1, np.rint(shape * scale)).astype(int)
        image = cv2.resize(image, small.tolist(), interpolation=cv2.INTER_AREA)
        # Rounding the size changed the scale, differently for each axis.
        rest = scale * shape / small
        shift = shift + (rest - scale) / 2
        scale = rest
    matrix = np.column_stack([np.eye(2) * scale, shift])
    return cv2.warpAffine(image, matrix, (side, side), borderValue=_BORDER)


def write_text(cell: np.ndarray, text: str) -> None:
    """Write into the upper left corner of a cell, white with a dark edge."""
    for color, thickness in ((0, 0, 0), 3), ((255, 255, 255), 1):
        cv2.putText(
            cell, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, color, thickness, cv2.LINE_AA
        )
