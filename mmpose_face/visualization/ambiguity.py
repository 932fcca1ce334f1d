# SPDX-License-Identifier: Apache-2.0
"""Where a heatmap is unsure: ellipses, and how they lie to the face's lines
(the semantic ambiguity of Zhou et al., CVPR 2023)."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from ..codecs.soft_argmax import to_pixels
from ..landmarks import Scheme, point_colors
from ..models.losses import moments

# OpenCV draws at multiples of 1/16 pixel.
_SHIFT = 4


def ambiguity(heatmaps: Tensor, size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances of heatmaps in pixels.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1.
        size (Sequence[int]): Width and height of the crop, pixels.

    Returns:
        tuple[np.ndarray, np.ndarray]: (N, K, 2) means in pixels of the crop,
        and (N, K, 2, 2) covariances in square pixels.
    """
    found = moments(heatmaps.detach().double())
    points = to_pixels(torch.stack((found.x, found.y), -1), size)
    covariances = torch.stack((found.xx, found.xy, found.xy, found.yy), -1).unflatten(-1, (2, 2))
    half = covariances.new_tensor(size) / 2
    covariances = covariances * half * half[:, None]
    return points.cpu().numpy(), covariances.cpu().numpy()


def axes(covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Main axes of covariances.

    Args:
        covariances (np.ndarray): (..., 2, 2), square pixels.

    Returns:
        tuple[np.ndarray, np.ndarray]: Standard deviations (..., 2) along the
        longer and the shorter axis in pixels, and the direction (..., 2) of
        the longer one, a unit vector or its negative.
    """
    variances, vectors = np.linalg.eigh(covariances)
    return (np.sqrt(np.clip(variances[..., ::-1], 0, None)), vectors[..., 1])


def angles_to_lines(points: np.ndarray, covariances: np.ndarray, scheme: Scheme) -> np.ndarray:
    """How the longer axes lie to the lines of the face.

    Args:
        points (np.ndarray): (N, K, 2), where the lines go through, pixels.
        covariances (np.ndarray): (N, K, 2, 2), square pixels.
        scheme (Scheme): The landmark scheme.

    Returns:
        np.ndarray: (N, K), the angle between the longer axis of a point and
        the line from the neighbour before it to the one after it, 0 to 90
        degrees: 45 on average for axes that lie anyhow. NaN for points that
        are no line's.
    """
    directions = axes(covariances)[1]
    angles = np.full(points.shape[:2], np.nan)
    for curve in scheme.curves:
        chain = [scheme.index[name] for name in curve.points]
        if len(chain) < 2:
            continue
        before = [chain[-1], *chain[:-1]] if curve.closed else [chain[0], *chain[:-1]]
        after = [*chain[1:], chain[0]] if curve.closed else [*chain[1:], chain[-1]]
        tangents = points[:, after] - points[:, before]
        tangents = tangents / np.linalg.norm(tangents, axis=-1, keepdims=True)
        cosines = np.abs((tangents * directions[:, chain]).sum(-1))
        angles[:, chain] = np.degrees(np.arccos(np.clip(cosines, 0, 1)))
    return angles


def draw_ellipses(
    image: np.ndarray,
    points: np.ndarray,
    covariances: np.ndarray,
    scheme: Scheme,
    deviations: float = 1.0,
) -> np.ndarray:
    """Draw the ellipse of each landmark, a colour for each part of the face.

    Args:
        image (np.ndarray): BGR (H, W, 3), uint8.
        points (np.ndarray): (K, 2), pixels.
        covariances (np.ndarray): (K, 2, 2), square pixels.
        scheme (Scheme): The landmark scheme.
        deviations (float): Half axes of the ellipses in standard deviations.

    Returns:
        np.ndarray: The drawing, of the image's shape.
    """
    canvas = image.copy()
    lengths, directions = axes(covariances)
    turns = np.degrees(np.arctan2(directions[:, 1], directions[:, 0]))
    colors = point_colors(scheme)
    for i, (point, length, turn) in enumerate(zip(points, lengths, turns)):
        center, half = (
            np.rint(np.asarray(each) * 2**_SHIFT).astype(int).tolist()
            for each in (point, length * deviations)
        )
        cv2.ellipse(canvas, center, half, float(turn), 0, 360, colors[i], 1, cv2.LINE_AA, _SHIFT)
    return canvas
