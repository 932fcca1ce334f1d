# SPDX-License-Identifier: Apache-2.0
"""The crop of a face by a single warp of the image."""

import cv2
import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_udp_warp_matrix

from ...images.warps import matrix_of_box, warp
from ..lazy_images import pending_image


@TRANSFORMS.register_module()
class WarpFace(TopdownAffine):
    """MMPose's ``TopdownAffine`` as one warp of the original image.

    Box, flip, rotation, scale and shift are one matrix. For a mirrored image
    the original is warped; OpenCV would copy the whole mirrored image first.
    An image that :class:`~mmpose_face.datasets.LoadFaceImage` has not decoded
    yet is decoded at the size that the crop needs.

    Keys and points are those of ``TopdownAffine``. Pixels of an image that was
    decoded at its full size differ by at most one grey level, except for fewer
    than one in a thousand.

    Args:
        input_size (tuple[int, int]): Width and height of the crop in pixels.
        use_udp (bool): As in ``TopdownAffine``. Defaults to False.

    Raises:
        ValueError: If a sample has more than one face.
    """

    def transform(self, results: dict) -> dict:
        """The sample with the crop as its image."""
        size = self.input_size
        sides, ratio = results['bbox_scale'], size[0] / size[1]
        if (sides[:, 0] != sides[:, 1] * ratio).any():
            results['bbox_scale'] = self._fix_aspect_ratio(sides, ratio)
        matrix = self._matrix(results)
        results['img'] = _crop(results, matrix, size)
        _move_points(results, matrix)
        results.update(
            input_size=size,
            input_center=results['bbox_center'][0],
            input_scale=results['bbox_scale'][0],
        )
        return results

    def _matrix(self, results: dict) -> np.ndarray:
        """From pixels of the image to pixels of the crop ``(2, 3)``."""
        center = results['bbox_center']
        if len(center) != 1:
            raise ValueError(
                f'expected one face in a sample, got bbox_center of shape {center.shape}'
            )
        center, scale = center[0], results['bbox_scale'][0]
        rotation = results.get('bbox_rotation', (0.0,))[0]
        if self.use_udp:
            return get_udp_warp_matrix(center, scale, rotation, output_size=self.input_size)
        return matrix_of_box(center, float(scale[0]), rotation, self.input_size)


def _crop(results: dict, matrix: np.ndarray, size: tuple[int, int]):
    pending = pending_image(results)
    if pending is not None:
        return pending.warp(matrix, size)
    image = results['img']
    if isinstance(image, list):
        return [warp(frame, matrix, size) for frame in image]
    return warp(image, matrix, size)


def _move_points(results: dict, matrix: np.ndarray) -> None:
    """Set ``transformed_keypoints`` as ``TopdownAffine`` does."""
    points = results.get('keypoints')
    if points is None:
        results['transformed_keypoints'] = np.zeros([])
        results['keypoints_visible'] = np.ones((1, 1, 1))
        return
    moved = results.get('transformed_keypoints')
    moved = (points if moved is None else moved).copy()
    moved[..., :2] = cv2.transform(points[..., :2], matrix)
    results['transformed_keypoints'] = moved
