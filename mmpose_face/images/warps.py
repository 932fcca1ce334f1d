# SPDX-License-Identifier: Apache-2.0
"""Warps of images by a matrix, as pure functions on arrays.

A matrix ``(2, 3)`` takes pixels of an image, x and y with their middle at
whole numbers, to those of a crop.
"""

from collections.abc import Sequence

import cv2
import numpy as np

# OpenCV looks pixels up at multiples of 1/1024, rounded to multiples of 1/32
# with halves upwards. Mirrored, they would go downwards, in one pixel of 32;
# with one unit more they go where they went.
_UNIT = 1 / 1024


def matrix_of_box(
    center: np.ndarray, width: float, rotation: float, size: tuple[int, int]
) -> np.ndarray:
    """The matrix that takes a box to a crop, to the last bit that of
    MMPose's ``get_warp_matrix``, in a quarter of its time.

    Args:
        center (np.ndarray): Middle of the box ``(2, )``, float32.
        width (float): Its width in pixels. Its height is that of a box of the
            crop's form.
        rotation (float): By how much it is turned clockwise, in degrees.
        size (tuple[int, int]): Width and height of the crop in pixels.

    Returns:
        np.ndarray: ``(2, 3)``, float64.
    """
    angle, (x, y), half = np.deg2rad(rotation), center.tolist(), -width / 2
    to_left = float(np.cos(angle)) * half, float(np.sin(angle)) * half
    # Three points, as float32: the middle; that of the left side; and where
    # that comes to, turned about itself by 90 degrees.
    source = np.empty((3, 2), np.float32)
    source[0] = x, y
    source[1] = x + to_left[0], y + to_left[1]
    across, down = source[0] - source[1]
    source[2] = source[1, 0] - down, source[1, 1] + across
    w, h = size[0] * 0.5, size[1] * 0.5
    target = np.array([[w, h], [0, h], [0, h + w]], np.float32)
    return cv2.getAffineTransform(source, target)


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Warp an image; a mirrored view as quickly as an image of its own.

    Args:
        image (np.ndarray): ``(H, W)`` or ``(H, W, C)``.
        matrix (np.ndarray): From its pixels to those of the result
            ``(2, 3)``.
        size (tuple[int, int]): Width and height of the result in pixels.

    Returns:
        np.ndarray: Of that size, black where the image has no pixel.
    """
    axes = [axis for axis in (0, 1) if image.strides[axis] < 0]
    if axes:
        matrix = of_unmirrored(matrix, axes, image.shape)
        image = np.flip(image, axes)
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)


def of_unmirrored(matrix: np.ndarray, axes: Sequence[int], shape: Sequence[int]) -> np.ndarray:
    """The matrix that does for an image what another does for its mirror
    image.

    Args:
        matrix (np.ndarray): From pixels of the mirror image ``(2, 3)``.
        axes (Sequence[int]): What was mirrored: 0 for up and down, 1 for left
            and right.
        shape (Sequence[int]): Height and width of the image.

    Returns:
        np.ndarray: From pixels of the image ``(2, 3)``; a thousandth of a
        pixel off, so that OpenCV rounds as it did.
    """
    matrix = matrix.astype(np.float64)
    for axis in axes:
        # A pixel at x is the one at last - x; x is the first column.
        last, column = shape[axis] - 1, 1 - axis
        matrix[:, 2] += matrix[:, column] * (last - _UNIT)
        matrix[:, column] *= -1
    return matrix


def of_reduced(matrix: np.ndarray, factor: int) -> np.ndarray:
    """The matrix for the image reduced so that a pixel is the mean of
    ``factor`` by ``factor``, whose middle lies between them."""
    reduced = matrix.astype(np.float64)
    reduced[:, 2] += matrix[:, :2].sum(1) * (factor - 1) / 2
    reduced[:, :2] *= factor
    return reduced


def pitch(matrix: np.ndarray) -> float:
    """How far apart neighbours in the crop are in the image, in pixels; in
    the direction where they are closest."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    # The larger singular value of the two-by-two matrix is its inverse.
    total, across = a * a + b * b + c * c + d * d, a * c + b * d
    apart = a * a + b * b - c * c - d * d
    return ((total + (apart**2 + 4 * across**2) ** 0.5) / 2) ** -0.5
