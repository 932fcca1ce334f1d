# SPDX-License-Identifier: Apache-2.0
"""Face boxes shifted and scaled by given amounts."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import bbox_xyxy2cs

# Its multiples are spread evenly, so that any run of faces has all directions.
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


@TRANSFORMS.register_module()
class PerturbFaceBox(BaseTransform):
    """Shifts and scales the box that the face is cropped by.

    Put it before ``GetBBoxCenterScale``, so that shares are of the box
    without padding. Image and ground truth stay, and so do ``bbox`` and
    ``box_size``, which may be normalisers.

    Required keys: ``bbox``, or ``bbox_center`` and ``bbox_scale``; ``id``
    where ``shift`` is a number. Set keys: ``bbox_center``, ``bbox_scale``.

    Args:
        shift (float | tuple[float, float]): Shift of the middle of the box, as
            a share of the box's longer side. A number shifts each face in its
            own direction, :func:`face_direction` of its id; a pair shifts all
            faces to the right and down. Defaults to 0.
        scale (float): Factor of the sides. Defaults to 1.

    Raises:
        ValueError: If ``shift`` is not finite or ``scale`` is not positive
            and finite.

    Examples:
        >>> pipeline = [
        ...     dict(type=LoadFaceImage),
        ...     dict(type=PerturbFaceBox, shift=0.1, scale=1.25),
        ...     dict(type=GetBBoxCenterScale), ...]
    """

    def __init__(self, shift: float | tuple[float, float] = 0.0, scale: float = 1.0) -> None:
        if np.shape(shift) not in ((), (2,)) or not np.isfinite(shift).all():
            raise ValueError(f'shift must be a finite number, or two of them, got {shift}')
        if not 0 < scale < np.inf:
            raise ValueError(f'scale must be positive and finite, got {scale}')
        self.shift = shift
        self.scale = scale

    def transform(self, results: dict) -> dict:
        """The sample with another box to crop by."""
        if 'bbox_center' in results and 'bbox_scale' in results:
            center, sides = results['bbox_center'], results['bbox_scale']
        else:
            center, sides = bbox_xyxy2cs(results['bbox'], padding=1.0)
        moved = center + self._shift_of(results) * sides.max(1, keepdims=True)
        results = results.copy()
        results.update(
            bbox_center=moved.astype(center.dtype),
            bbox_scale=(sides * self.scale).astype(sides.dtype),
        )
        return results

    def _shift_of(self, results: dict) -> np.ndarray:
        """To the right and down ``(2, )``, in sides of the box."""
        if np.ndim(self.shift):
            return np.array(self.shift, np.float64)
        return np.multiply(self.shift, face_direction(results['id']))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(shift={self.shift}, scale={self.scale})'


def face_direction(number: int) -> np.ndarray:
    """A direction for a face, the same in every run.

    Faces whose numbers follow one another, as ids in a file do, spread over
    all directions evenly.

    Args:
        number (int): The number of the face.

    Returns:
        np.ndarray: Unit vector ``(2, )``; that of 0 points to the right.
    """
    angle = number * _GOLDEN_ANGLE
    return np.array([np.cos(angle), np.sin(angle)])
