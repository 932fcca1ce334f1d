# SPDX-License-Identifier: Apache-2.0
"""The crop of a face, in one warp of the image."""
from typing import Tuple

import cv2
import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

# OpenCV looks pixels up at multiples of 1/1024, rounded to multiples of 1/32
# with halves upwards. Mirrored, they would go downwards, in one pixel of 32;
# with one unit more they go where they went.
_UNIT = 1 / 1024


@TRANSFORMS.register_module()
class WarpFace(TopdownAffine):
    """MMPose's ``TopdownAffine`` that copies no mirrored image.

    Box, flip, rotation, scale and shift are one matrix. A mirrored image is a
    view with negative strides, which OpenCV copies whole before it warps 256
    by 256 pixels of it; here the original is warped. Keys are those of
    ``TopdownAffine`` and points are the same; pixels differ by at most one
    grey level, but for fewer than one of a thousand.

    Args:
        input_size (tuple[int, int]): Width and height of the crop in pixels.
        use_udp (bool): As in ``TopdownAffine``. Defaults to False.
        fast (bool): False: as MMPose does it. Defaults to True.

    Raises:
        ValueError: If a sample has more than one face.
    """

    def __init__(self,
                 input_size: Tuple[int, int],
                 use_udp: bool = False,
                 fast: bool = True) -> None:
        super().__init__(input_size, use_udp)
        self.fast = fast

    def transform(self, results: dict) -> dict:
        """The sample with the crop as its image."""
        if not self.fast:
            return super().transform(results)
        size = self.input_size
        results['bbox_scale'] = self._fix_aspect_ratio(results['bbox_scale'],
                                                       size[0] / size[1])
        matrix = self._matrix(results)
        image = results['img']
        if isinstance(image, list):
            results['img'] = [warp(frame, matrix, size) for frame in image]
        else:
            results['img'] = warp(image, matrix, size)
        _move_points(results, matrix)
        results.update(
            input_size=size,
            input_center=results['bbox_center'][0],
            input_scale=results['bbox_scale'][0])
        return results

    def _matrix(self, results: dict) -> np.ndarray:
        """From pixels of the image to pixels of the crop ``(2, 3)``."""
        center = results['bbox_center']
        if len(center) != 1:
            raise ValueError('expected one face in a sample, got bbox_center '
                             f'of shape {center.shape}')
        rotation = results.get('bbox_rotation', (0., ))[0]
        matrix_of = get_udp_warp_matrix if self.use_udp else get_warp_matrix
        return matrix_of(
            center[0],
            results['bbox_scale'][0],
            rotation,
            output_size=self.input_size)


def warp(image: np.ndarray, matrix: np.ndarray,
         size: Tuple[int, int]) -> np.ndarray:
    """Warp an image; a mirrored view as quickly as an image of its own.

    Args:
        image (np.ndarray): ``(H, W)`` or ``(H, W, C)``.
        matrix (np.ndarray): From its pixels to those of the result
            ``(2, 3)``.
        size (tuple[int, int]): Width and height of the result in pixels.

    Returns:
        np.ndarray: Of that size, black where the image has no pixel.
    """
    image, matrix = unmirrored(image, matrix)
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)


def unmirrored(image: np.ndarray,
               matrix: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Take the mirroring of a view out of it, into a matrix.

    Args:
        image (np.ndarray): ``(H, W)`` or ``(H, W, C)``.
        matrix (np.ndarray): From its pixels to any others ``(2, 3)``.

    Returns:
        tuple[np.ndarray, np.ndarray]: The image with its pixels in the order
        of the memory, and the matrix from its pixels ``(2, 3)``, a thousandth
        of a pixel off so that OpenCV rounds as it did.
    """
    for axis, column in ((1, 0), (0, 1)):
        if image.strides[axis] < 0:
            matrix = matrix.astype(np.float64)
            # A pixel at x is the one at last - x.
            last = image.shape[axis] - 1
            matrix[:, 2] += matrix[:, column] * (last - _UNIT)
            matrix[:, column] *= -1
            image = np.flip(image, axis)
    return image, matrix


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
