# SPDX-License-Identifier: Apache-2.0
"""Random horizontal flip."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import RandomFlip
from mmpose.registry import TRANSFORMS

from ..lazy_images import pending_image


@TRANSFORMS.register_module()
class RandomFaceFlip(RandomFlip):
    """MMPose's ``RandomFlip``, which mirrors ``occluded`` (1, K) too.

    The mirrored image is a view of the loaded one with negative strides, as
    in MMPose; an image that is not decoded yet is marked as mirrored. Later
    steps see a mirrored image in both cases, and
    :class:`~mmpose_face.datasets.WarpFace` mirrors by its matrix. The
    direction is the one that MMPose draws, without NumPy's checks of the
    probabilities.

    Args:
        *args, **kwargs: As ``RandomFlip`` takes them.
    """

    @cache_randomness
    def _choose_direction(self) -> str | None:
        names, shares = self.direction, self.prob
        names = [names] if isinstance(names, str) else names
        if isinstance(shares, list):
            shares = [*shares, 1 - sum(shares)]
        else:
            shares = [shares / len(names)] * len(names) + [1.0 - shares]
        # As numpy.random.choice does it, to the last bit.
        ends = list(accumulate(shares))
        drawn = np.random.random_sample()
        for name, end in zip(names, ends):
            if drawn < end / ends[-1]:
                return name
        return None

    def transform(self, results: dict) -> dict:
        """The sample, mirrored or not."""
        pending = pending_image(results)
        if pending is not None:
            results['img'] = []  # no frames to mirror now
        results = super().transform(results)
        if pending is not None:
            flip = results['flip_direction']
            results['img'] = pending.mirror(flip) if flip else pending
        # A diagonal flip turns the face by 180 degrees and swaps no points.
        swapped = results['flip_direction'] in ('horizontal', 'vertical')
        if swapped and 'occluded' in results:
            mirror = list(results['flip_indices'])
            results['occluded'] = results['occluded'][:, mirror]
        return results
