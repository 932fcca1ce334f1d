# SPDX-License-Identifier: Apache-2.0
"""Points of crops in the coordinates of their images."""

from collections.abc import Sequence

import numpy as np
from mmpose.structures import PoseDataSample


def in_image_space(points: np.ndarray, samples: Sequence[PoseDataSample]) -> np.ndarray:
    """Points of all faces of a batch, on their images.

    Args:
        points (np.ndarray): (B, K, 2), pixels of the crops.
        samples (Sequence[PoseDataSample]): B samples with ``input_size``,
            ``input_scale`` and ``input_center``, as the crop sets them.

    Returns:
        np.ndarray: (B, K, 2), pixels of the images, to the last bit those of
        MMPose's ``add_pred_to_datasample``.
    """
    # A sample's metainfo is a dict that is made anew each time.
    size, scale, center = (
        np.array([getattr(sample, name) for sample in samples])[:, None]
        for name in ('input_size', 'input_scale', 'input_center')
    )
    moved = points / size * scale + center - 0.5 * scale
    return moved.astype(points.dtype)
