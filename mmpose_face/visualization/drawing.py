# SPDX-License-Identifier: Apache-2.0
"""Landmarks on images, and sheets of images."""
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ..landmarks import Scheme, point_colors

# OpenCV draws at multiples of 1/16 pixel.
_SHIFT = 4
# Points and lines relative to the size of the face; tried on faces of 50 to
# 400 pixels.
_RADIUS, _THICKNESS = 1 / 110, 1 / 220
_RING = 1.5  # a ring's middle lies outside the dot by so many thicknesses
_FAR = 1e5  # pixels; beyond it OpenCV's integers overflow
_HIDDEN = (0, 0, 255)  # BGR; no part of the face has this red

_GAP, _PAPER = 4, 255


def draw_landmarks(image: np.ndarray,
                   keypoints: ArrayLike,
                   scheme: Scheme,
                   occluded: Optional[ArrayLike] = None,
                   hollow: Optional[ArrayLike] = None) -> np.ndarray:
    """Draw the points and lines of faces, a colour for each part.

    Args:
        image (np.ndarray): BGR ``(H, W, 3)``, uint8.
        keypoints (ArrayLike): Points ``(K, 2)`` of a face or ``(N, K, 2)`` of
            many, in pixels; the centre of the first pixel is (0, 0). A point
            that is NaN or infinite is not drawn, nor are its lines.
        scheme (Scheme): Their landmark scheme.
        occluded (ArrayLike, optional): ``(K,)`` or ``(N, K)`` bool; a point
            that is occluded is a hollow red ring instead of a dot. Defaults
            to none.
        hollow (ArrayLike, optional): ``(K,)`` or ``(N, K)`` bool; a point
            that is a hollow ring of its own colour, as one of a low score.
            Defaults to none.

    Returns:
        np.ndarray: The drawing, of the image's shape.

    Raises:
        ValueError: If the image is no uint8 colour image, the points are not
            those of the scheme, or ``occluded`` or ``hollow`` is not of the
            points.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError('expected a BGR image (H, W, 3) of uint8, got '
                         f'{image.shape} of {image.dtype}')
    faces = np.asarray(keypoints, np.float64)
    k = scheme.num_points
    if faces.ndim not in (2, 3) or faces.shape[-2:] != (k, 2):
        raise ValueError(f'expected points ({k}, 2) or (N, {k}, 2) of '
                         f'{scheme.name}, got {faces.shape}')
    flags = (_flags(each, faces.shape[:-1], name).reshape(-1, k)
             for name, each in dict(occluded=occluded, hollow=hollow).items())
    canvas = image.copy()
    for points, hidden, empty in zip(faces.reshape(-1, k, 2), *flags):
        _draw_face(canvas, points, hidden, empty, scheme)
    return canvas


def _flags(given: Optional[ArrayLike], shape: tuple, name: str) -> np.ndarray:
    """A flag for each point, bool of the shape ``(K,)`` or ``(N, K)``."""
    if given is None:
        return np.zeros(shape, bool)
    flags = np.asarray(given, bool)
    if flags.shape != shape:
        raise ValueError(f'expected {name} of shape {shape}, a flag for '
                         f'each point, got {flags.shape}')
    return flags


def _draw_face(canvas: np.ndarray, points: np.ndarray, hidden: np.ndarray,
               hollow: np.ndarray, scheme: Scheme) -> None:
    drawn = np.isfinite(points).all(1)
    if not drawn.any():
        return
    points = np.clip(np.nan_to_num(points), -_FAR, _FAR)
    # A point far outside must not make the dots of all others huge.
    size = min(
        np.sqrt(np.ptp(points[drawn], axis=0).prod()), max(canvas.shape[:2]))
    thickness = max(1, round(size * _THICKNESS))
    radius = max(1., size * _RADIUS)
    at = np.rint(points * 2**_SHIFT).astype(int).tolist()
    color = point_colors(scheme)
    for i, j in scheme.lines:
        if drawn[i] and drawn[j]:
            cv2.line(canvas, at[i], at[j], color[i], thickness, cv2.LINE_AA,
                     _SHIFT)
    for i in np.flatnonzero(drawn & ~hidden):
        _circle(canvas, at[i], radius, color[i],
                thickness if hollow[i] else cv2.FILLED)
    # Last, so that no dot fills a ring.
    for i in np.flatnonzero(drawn & hidden):
        _circle(canvas, at[i], radius + _RING * thickness, _HIDDEN, thickness)


def _circle(canvas: np.ndarray, at: Sequence[int], radius: float,
            color: Tuple[int, int, int], thickness: int) -> None:
    cv2.circle(canvas, at, round(radius * 2**_SHIFT), color, thickness,
               cv2.LINE_AA, _SHIFT)


def contact_sheet(images: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Images side by side, row by row, on white.

    Args:
        images (Sequence[np.ndarray]): BGR images ``(H, W, 3)`` of uint8; they
            may differ in size and each is centred in its cell.
        columns (int): Images in a row.

    Returns:
        np.ndarray: The sheet, BGR of uint8. All cells have the size of the
        largest image and lie 4 pixels apart.

    Raises:
        ValueError: If there is no image or no column.
    """
    if not len(images) or columns < 1:
        raise ValueError('expected images and one or more columns, got '
                         f'{len(images)} and {columns}')
    height, width = np.max([image.shape[:2] for image in images], axis=0)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full(
        (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3),
        _PAPER, np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        h, w = image.shape[:2]
        y = row * (height + _GAP) + (height - h) // 2
        x = column * (width + _GAP) + (width - w) // 2
        sheet[y:y + h, x:x + w] = image
    return sheet
