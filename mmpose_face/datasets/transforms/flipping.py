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

    The mirrored image is a view of the one that was loaded, with negative
    strides, as MMPose's is; one that is not decoded yet is marked. Steps that
    follow see a mirrored image in either case, and
    :class:`~mmpose_face.datasets.WarpFace` has the mirroring in its matrix.
    The direction is drawn without NumPy's checks of the probabilities; it is
    the same one.

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
            results['img'] = []  # as many frames as need mirroring now
        results = super().transform(results)
        if pending is not None:
            flip = results['flip_direction']
            results['img'] = pending.mirror(flip) if flip else pending
        # A diagonal flip, which turns the face round, swaps no points.
        swapped = results['flip_direction'] in ('horizontal', 'vertical')
        if swapped and 'occluded' in results:
            mirror = list(results['flip_indices'])
            results['occluded'] = results['occluded'][:, mirror]
        return results
