# SPDX-License-Identifier: Apache-2.0
"""Random shift, rotation and scale of boxes, normally distributed."""

import numpy as np
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import TRANSFORMS

# Keeps the scale positive; one draw in 16,000 is beyond it.
_MAX_DEVIATIONS = 4.0


@TRANSFORMS.register_module()
class NormalBBoxTransform(RandomBBoxTransform):
    """MMPose's ``RandomBBoxTransform`` with a normal distribution.

    MMPose cuts the distribution at one standard deviation, so that its factors
    are the ends of a range. Here they are standard deviations, draws are
    clipped at four of them, and every face is changed. The defaults are those
    of ADNet and STAR (Zhou et al., CVPR 2023).

    Required keys: ``bbox_center`` (N, 2) and ``bbox_scale`` (N, 2), pixels.
    Set keys: both, and ``bbox_rotation`` (N, ) in degrees.

    Args:
        shift (float): Deviation of the shift along each axis, as a share of
            the box's longer side. Defaults to 0.05, 12.8 pixels of a crop of
            256.
        rotation (float): Deviation of the rotation in degrees. Defaults to 18.
        scale (float): Deviation of the factor of the sides from 1; less than
            0.25. Defaults to 0.1.

    Raises:
        ValueError: If one is negative, not finite or too large.
    """

    def __init__(self, shift: float = 0.05, rotation: float = 18.0, scale: float = 0.1) -> None:
        for name, deviation in (('shift', shift), ('rotation', rotation), ('scale', scale)):
            if not 0 <= deviation < np.inf:
                raise ValueError(f'{name} must be finite and not negative, got {deviation}')
        if not scale * _MAX_DEVIATIONS < 1:
            raise ValueError(f'scale must be less than 0.25, or boxes could vanish, got {scale}')
        super().__init__(
            shift_factor=shift,
            shift_prob=1.0,
            scale_factor=(1 - scale, 1 + scale),
            scale_prob=1.0,
            rotate_factor=rotation,
            rotate_prob=1.0,
        )

    @staticmethod
    def _truncnorm(
        low: float = -_MAX_DEVIATIONS, high: float = _MAX_DEVIATIONS, size: tuple = ()
    ) -> np.ndarray:
        return np.clip(np.random.normal(size=size), low, high).astype(np.float32)

    def transform(self, results: dict) -> dict:
        """The sample with another box to crop by."""
        center, sides = results['bbox_center'], results['bbox_scale']
        # MMPose would move a narrow box less to the side than up or down.
        square = np.repeat(sides.max(1, keepdims=True), 2, 1)
        moved = super().transform(dict(bbox_center=center, bbox_scale=square))
        factor = moved['bbox_scale'] / square
        results = results.copy()
        results.update(
            bbox_center=moved['bbox_center'].astype(center.dtype),
            bbox_scale=(sides * factor).astype(sides.dtype),
            bbox_rotation=moved['bbox_rotation'],
        )
        return results
