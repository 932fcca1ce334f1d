# SPDX-License-Identifier: Apache-2.0
"""Random shift, rotation and scale of boxes as in MMPose, in less time."""

import numpy as np
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import TRANSFORMS
from scipy.special import ndtr, ndtri


@TRANSFORMS.register_module()
class RandomFaceBox(RandomBBoxTransform):
    """MMPose's ``RandomBBoxTransform`` with the same draws in less time.

    SciPy's ``truncnorm.rvs`` maps uniform numbers by the inverse of the
    distribution function, but that takes only a few per cent of its time.
    Here the numbers are mapped directly. From the same state of NumPy's
    global generator, which is left in the same state, they are those of
    ``RandomBBoxTransform``.

    Args:
        *args, **kwargs: As ``RandomBBoxTransform`` takes them.
    """

    def _truncnorm(self, low: float = -1.0, high: float = 1.0, size: tuple = ()) -> np.ndarray:
        return cut_normal(np.random.uniform(size=size), low, high)


def cut_normal(shares: np.ndarray, low: float, high: float) -> np.ndarray:
    """Quantiles of a normal distribution that is cut at both ends.

    Args:
        shares (np.ndarray): Share of the cut distribution below each number,
            in [0, 1]. Uniform shares give draws from that distribution.
        low (float): The lower end, in standard deviations.
        high (float): The upper end.

    Returns:
        np.ndarray: Of the shape of ``shares``, float32.
    """
    below, within = ndtr(low), ndtr(high) - ndtr(low)
    return ndtri(below + within * shares).astype(np.float32)
