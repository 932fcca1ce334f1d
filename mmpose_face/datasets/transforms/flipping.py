# SPDX-License-Identifier: Apache-2.0
"""Mirrored faces."""
from mmpose.datasets.transforms import RandomFlip
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFaceFlip(RandomFlip):
    """MMPose's ``RandomFlip``, which mirrors ``occluded`` (1, K) too."""

    def transform(self, results: dict) -> dict:
        results = super().transform(results)
        # A diagonal flip, which turns the face round, swaps no points.
        swapped = results['flip_direction'] in ('horizontal', 'vertical')
        if swapped and 'occluded' in results:
            mirror = list(results['flip_indices'])
            results['occluded'] = results['occluded'][:, mirror]
        return results
