# SPDX-License-Identifier: Apache-2.0
"""The faces with the largest errors, with prediction and ground truth."""

from __future__ import annotations

from typing import Callable

import cv2
import numpy as np

from ..evaluation.scores import Scores
from ..landmarks import Scheme
from .drawing import FAR, SHIFT, contact_sheet
from .sheet_cells import crop_face, write_text

LoadImage = Callable[[str], np.ndarray]

# BGR; told apart with every kind of colour blindness, and rare on faces.
TRUTH, PREDICTED = (80, 235, 60), (255, 40, 255)


def worst_faces(scores: Scores, number: int) -> list[int]:
    """The faces with the largest errors.

    Args:
        scores (Scores): The errors of N faces.
        number (int): How many to choose.

    Returns:
        list[int]: Their indices, failed faces first, then by falling error;
        fewer than ``number`` if fewer faces are scored.
    """
    order = np.argsort(-scores.errors, kind='stable')
    scored = order[~np.isnan(scores.errors[order])]
    return scored[:number].tolist()


def draw_worst(scores: Scores, index: int, load_image: LoadImage, side: int = 288) -> np.ndarray:
    """Draw prediction and truth of a face around its box.

    The truth is thin green lines, the prediction magenta lines with dots. If
    the prediction failed, only the truth is drawn; points without a label
    have no truth.

    Args:
        scores (Scores): Scores with ``truth`` and ``predicted``.
        index (int): Index of the face.
        load_image (Callable): From the name of a file to its BGR image
            ``(H, W, 3)`` of uint8.
        side (int): Width and height of the picture in pixels.

    Returns:
        np.ndarray: BGR ``(side, side, 3)`` of uint8.

    Raises:
        ValueError: If the scores have no points.
    """
    if scores.truth is None or scores.predicted is None:
        raise ValueError(
            'these scores, such as those of per_face.json, have errors '
            'but no points; score the predictions again'
        )
    box = scores.boxes[index].reshape(2, 2)
    cell, scale, shift = crop_face(load_image(scores.files[index]), box, side)
    labelled = ~np.isnan(scores.point_errors[index])[:, None]
    truth = np.where(labelled, scores.truth[index], np.nan)
    _draw(cell, truth * scale + shift, scores.scheme, TRUTH, dots=False)
    if np.isfinite(scores.errors[index]):
        predicted = scores.predicted[index] * scale + shift
        _draw(cell, predicted, scores.scheme, PREDICTED, dots=True)
    return cell


def _draw(cell: np.ndarray, points: np.ndarray, scheme: Scheme, color: tuple, dots: bool) -> None:
    drawn = np.isfinite(points).all(1)
    points = np.clip(np.nan_to_num(points), -FAR, FAR)
    at = np.rint(points * 2**SHIFT).astype(int).tolist()
    for i, j in scheme.lines:
        if drawn[i] and drawn[j]:
            cv2.line(cell, at[i], at[j], color, 1, cv2.LINE_AA, SHIFT)
    # Points without lines need a dot to be seen.
    without_line = set(range(len(at))) - {i for line in scheme.lines for i in line}
    radius = max(1.2, len(cell) / 170)
    for i in np.flatnonzero(drawn).tolist():
        if dots or i in without_line:
            cv2.circle(cell, at[i], round(radius * 2**SHIFT), color, cv2.FILLED, cv2.LINE_AA, SHIFT)


def worst_sheet(
    scores: Scores, load_image: LoadImage, number: int = 24, columns: int = 6, side: int = 224
) -> np.ndarray | None:
    """A contact sheet of the faces with the largest errors.

    Each face is drawn by :func:`draw_worst`, with its error in per cent, or
    ``failed``, in the corner.

    Args:
        scores (Scores): Scores with ``truth`` and ``predicted``.
        load_image (Callable): See :func:`draw_worst`.
        number (int): Faces of the sheet.
        columns (int): Faces in a row.
        side (int): Width and height of a face in pixels.

    Returns:
        np.ndarray | None: BGR of uint8; None if no face is scored.

    Raises:
        ValueError: If the scores have no points.
    """
    cells = []
    for index in worst_faces(scores, number):
        cell = draw_worst(scores, index, load_image, side)
        write_text(cell, error_text(scores.errors[index]))
        cells.append(cell)
    return contact_sheet(cells, columns) if cells else None


def error_text(error: float) -> str:
    """The text for the error of a face, a ratio that is not NaN."""
    return 'failed' if np.isinf(error) else f'{100 * error:.2f} %'
