# SPDX-License-Identifier: Apache-2.0
"""Landmarks and boxes on images, and sheets of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ..landmarks import Scheme, point_colors

# OpenCV draws at multiples of 1/16 pixel.
SHIFT = 4
# Sizes of points and lines relative to the face; tried on faces of 25 to 900
# pixels.
_RADIUS, _THICKNESS = 1 / 100, 1 / 200
_RING = 1.5  # a ring is larger than a dot by this many line thicknesses
# Lines and dots have a shadow, so that they are seen on skin, hair and walls
# of their colour. On a smaller face the shadow would hide the face.
_SHADOWED = 60  # pixels
_SHADOW, _SHADOW_SHARE = (25, 25, 25), 0.6  # its colour and opacity
FAR = 1e5  # pixels; beyond it OpenCV's integers overflow
_HIDDEN = (0, 0, 255)  # BGR; no part of the face is drawn in this red

# OpenCV's font scale of a label relative to the box and relative to the image,
# so that it can be read when the image is shown on a screen; and the smallest.
_LETTERS, _LETTERS_OF_IMAGE, _SMALLEST = 1 / 300, 1 / 5000, 0.4
_FONT, _WHITE = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)

_GAP, _WHITE_PAPER = 4, 255


def draw_landmarks(
    image: np.ndarray,
    keypoints: ArrayLike,
    scheme: Scheme,
    occluded: ArrayLike | None = None,
    hollow: ArrayLike | None = None,
) -> np.ndarray:
    """Draw the points and lines of faces, a colour for each part.

    Args:
        image (np.ndarray): BGR ``(H, W, 3)``, uint8.
        keypoints (ArrayLike): Points ``(K, 2)`` of a face or ``(N, K, 2)`` of
            many, in pixels; the centre of the first pixel is (0, 0). A NaN or
            infinite point and its lines are not drawn.
        scheme (Scheme): Their landmark scheme.
        occluded (ArrayLike, optional): ``(K,)`` or ``(N, K)`` bool; a point
            that is True is drawn as a red ring instead of a dot. Defaults to
            none.
        hollow (ArrayLike, optional): ``(K,)`` or ``(N, K)`` bool; a point
            that is True, such as one of a low score, is drawn as a ring in
            its own colour. Defaults to none.

    Returns:
        np.ndarray: The drawing, of the image's shape.

    Raises:
        ValueError: If the image is not a uint8 colour image, the points are
            not those of the scheme, or ``occluded`` or ``hollow`` has another
            number of points.
    """
    _check_image(image)
    faces = np.asarray(keypoints, np.float64)
    k = scheme.num_points
    if faces.ndim not in (2, 3) or faces.shape[-2:] != (k, 2):
        raise ValueError(
            f'expected points ({k}, 2) or (N, {k}, 2) of {scheme.name}, got {faces.shape}'
        )
    flags = (
        _checked_flags(each, faces.shape[:-1], name).reshape(-1, k)
        for name, each in dict(occluded=occluded, hollow=hollow).items()
    )
    canvas = image.copy()
    for points, hidden, empty in zip(faces.reshape(-1, k, 2), *flags):
        _draw_face(canvas, points, hidden, empty, scheme)
    return canvas


def _check_image(image: np.ndarray) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f'expected a BGR image (H, W, 3) of uint8, got {image.shape} of {image.dtype}'
        )


def _checked_flags(given: ArrayLike | None, shape: tuple, name: str) -> np.ndarray:
    """A flag for each point, bool of the shape ``(K,)`` or ``(N, K)``."""
    if given is None:
        return np.zeros(shape, bool)
    flags = np.asarray(given, bool)
    if flags.shape != shape:
        raise ValueError(
            f'expected {name} of shape {shape}, a flag for each point, got {flags.shape}'
        )
    return flags


class _Pen(NamedTuple):
    """Sizes of what is drawn on a face, in pixels."""

    thickness: int  # of lines
    dot: float  # radius
    ring: float  # radius of the middle of its line
    shadow: int  # how far it extends beyond the line or dot

    @classmethod
    def of_face(cls, size: float) -> _Pen:
        thickness, dot = max(1, round(size * _THICKNESS)), size * _RADIUS
        return cls(
            thickness,
            max(1.0, dot),
            max(1.0, dot) + _RING * thickness,
            (thickness + 1) // 2 if size >= _SHADOWED else 0,
        )


def _draw_face(
    canvas: np.ndarray, points: np.ndarray, hidden: np.ndarray, hollow: np.ndarray, scheme: Scheme
) -> None:
    drawn = np.isfinite(points).all(1)
    if not drawn.any():
        return
    points = np.clip(np.nan_to_num(points), -FAR, FAR)
    # A point far outside must not enlarge the dots of all others.
    pen = _Pen.of_face(min(np.sqrt(np.ptp(points[drawn], axis=0).prod()), max(canvas.shape[:2])))
    part, corner = _part_around(canvas, points[drawn], pen)
    if not part.size:
        return
    at = np.rint((points - corner) * 2**SHIFT).astype(int).tolist()
    lines = [(at[i], at[j], i) for i, j in scheme.lines if drawn[i] and drawn[j]]
    dots = np.flatnonzero(drawn & ~(hidden | hollow)).tolist()
    rings = np.flatnonzero(drawn & (hidden | hollow)).tolist()
    color = point_colors(scheme)
    before = part.copy()
    if pen.shadow:
        _draw_shadow(part, lines, [at[i] for i in dots], [at[i] for i in rings], pen)
    for start, end, i in lines:
        cv2.line(part, start, end, color[i], pen.thickness, cv2.LINE_AA, SHIFT)
    for i in dots:
        _circle(part, at[i], pen.dot, color[i])
    # Last, so that no dot fills a ring and no line crosses it.
    _restore_inside(part, before, [at[i] for i in rings], pen.ring)
    for i in rings:
        _circle(part, at[i], pen.ring, _HIDDEN if hidden[i] else color[i], pen.thickness)


def _part_around(
    canvas: np.ndarray, points: np.ndarray, pen: _Pen
) -> tuple[np.ndarray, np.ndarray]:
    """The part of the canvas that a drawing of these points can change, as a
    view; and its top left corner ``(2,)`` in pixels of the canvas."""
    reach = pen.ring + pen.thickness + pen.shadow + 2
    ends = canvas.shape[1::-1]
    left, top = np.clip(np.floor(points.min(0) - reach), 0, ends).astype(int)
    right, bottom = np.clip(np.ceil(points.max(0) + reach), 0, ends).astype(int)
    return canvas[top:bottom, left:right], np.array([left, top])


def _draw_shadow(
    part: np.ndarray,
    lines: Sequence[tuple],
    dots: Sequence[list[int]],
    rings: Sequence[list[int]],
    pen: _Pen,
) -> None:
    layer = part.copy()
    for start, end, _ in lines:
        cv2.line(layer, start, end, _SHADOW, pen.thickness + 2 * pen.shadow, cv2.LINE_AA, SHIFT)
    for at in dots:
        _circle(layer, at, pen.dot + pen.shadow, _SHADOW)
    for at in rings:
        _circle(layer, at, pen.ring + pen.thickness / 2 + pen.shadow, _SHADOW)
    cv2.addWeighted(layer, _SHADOW_SHARE, part, 1 - _SHADOW_SHARE, 0, part)


def _restore_inside(
    part: np.ndarray, before: np.ndarray, rings: Sequence[list[int]], radius: float
) -> None:
    """Restore the image inside the rings."""
    if rings:
        inside = np.zeros(part.shape[:2], np.uint8)
        for at in rings:
            _circle(inside, at, radius, (255,))
        np.copyto(part, before, where=inside[..., None] > 127)


def _circle(
    canvas: np.ndarray,
    at: Sequence[int],
    radius: float,
    color: tuple[int, ...],
    thickness: int = cv2.FILLED,
) -> None:
    cv2.circle(canvas, at, round(radius * 2**SHIFT), color, thickness, cv2.LINE_AA, SHIFT)


def draw_boxes(
    image: np.ndarray, boxes: ArrayLike, labels: Sequence[str] | None = None
) -> np.ndarray:
    """Draw boxes and their labels, white with a shadow.

    Args:
        image (np.ndarray): BGR ``(H, W, 3)``, uint8.
        boxes (ArrayLike): Left, top, right and bottom in pixels ``(N, 4)``. A
            box with a number that is not finite is not drawn.
        labels (Sequence[str], optional): Text of each box, in ASCII; above
            the box, or inside it where there is no room above. Defaults to
            no text.

    Returns:
        np.ndarray: The drawing, of the image's shape.

    Raises:
        ValueError: If the image is not a uint8 colour image, the boxes have
            another shape, or their number and that of the labels differ.
    """
    _check_image(image)
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f'expected boxes (N, 4), got {boxes.shape}')
    labels = [''] * len(boxes) if labels is None else labels
    if len(labels) != len(boxes):
        raise ValueError(f'expected a label for each of {len(boxes)} boxes, got {len(labels)}')
    canvas = image.copy()
    for box, label in zip(boxes, labels):
        if np.isfinite(box).all():
            _draw_box(canvas, np.clip(box, -FAR, FAR), label)
    return canvas


def _draw_box(canvas: np.ndarray, box: np.ndarray, label: str) -> None:
    if (box[2:] < 0).any() or (box[:2] >= canvas.shape[1::-1]).any():
        return  # outside of the image
    size = min(np.ptp(box.reshape(2, 2), axis=0).mean(), max(canvas.shape[:2]))
    thickness = max(1, round(size * _THICKNESS))
    scale = max(size * _LETTERS, max(canvas.shape[:2]) * _LETTERS_OF_IMAGE, _SMALLEST)
    (width, height), below = cv2.getTextSize(label, _FONT, scale, thickness)
    at = np.rint(box * 2**SHIFT).astype(int).tolist()
    # The label lies in the image; above the box if there is room.
    left = max(0, min(round(box[0]), canvas.shape[1] - width))
    base = round(box[1]) - below
    if base < height:
        base = max(round(box[1]), 0) + height + below
    for color, wide in (_SHADOW, thickness + 2 * thickness), (_WHITE, thickness):
        cv2.rectangle(canvas, at[:2], at[2:], color, wide, cv2.LINE_AA, SHIFT)
        cv2.putText(canvas, label, (left, base), _FONT, scale, color, wide, cv2.LINE_AA)


def contact_sheet(images: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Images side by side, row by row, on white.

    Args:
        images (Sequence[np.ndarray]): BGR images ``(H, W, 3)`` of uint8, of
            any sizes; each is centred in its cell.
        columns (int): Images in a row.

    Returns:
        np.ndarray: The sheet, BGR of uint8. All cells have the size of the
        largest image and lie 4 pixels apart.

    Raises:
        ValueError: If there is no image or no column.
    """
    if not len(images) or columns < 1:
        raise ValueError(
            f'expected images and one or more columns, got {len(images)} and {columns}'
        )
    height, width = np.max([image.shape[:2] for image in images], axis=0)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full(
        (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), _WHITE_PAPER, np.uint8
    )
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        h, w = image.shape[:2]
        y = row * (height + _GAP) + (height - h) // 2
        x = column * (width + _GAP) + (width - w) // 2
        sheet[y : y + h, x : x + w] = image
    return sheet
