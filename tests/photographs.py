# SPDX-License-Identifier: Apache-2.0
"""Images with the statistics of photographs, and faces in them."""

import struct

import cv2
import numpy as np
from mmpose.structures.bbox import get_warp_matrix

MIRROR = np.arange(98)[::-1].tolist()


def photograph(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Structure of all sizes, edges and fine grain ``(H, W, 3)`` uint8.

    The power of photographs falls with the square of the frequency; hard
    edges and sensor noise are on top.
    """
    rng = np.random.default_rng(seed)
    layers = np.zeros((height, width, 3), np.float32)
    for cell in (128, 64, 32, 16, 8, 4, 2):
        shape = (height // cell + 2, width // cell + 2, 3)
        layer = rng.normal(0, cell / 2, shape).astype(np.float32)
        layers += cv2.resize(layer, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)[
            :height, :width
        ]
    image = np.clip(layers + 128, 0, 255).astype(np.uint8)
    for _ in range(20):
        a, b = rng.integers(0, (width, height), (2, 2)).tolist()
        cv2.line(image, a, b, rng.integers(0, 255, 3).tolist(), 2, cv2.LINE_AA)
    noise = rng.normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def face_in(image: np.ndarray, seed: int = 0, **more) -> dict:
    """A sample with a face of 98 points somewhere in the image; a part of
    its box may be outside."""
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    side = rng.uniform(0.1, 0.9) * min(height, width)
    center = rng.uniform((0, 0), (width, height))
    points = center + rng.uniform(-0.4, 0.4, (1, 98, 2)) * side
    center, side = np.float32(center[None]), np.float32(side)
    return dict(
        id=seed,
        img=image,
        img_shape=(height, width),
        ori_shape=(height, width),
        bbox=np.concatenate([center - side / 2, center + side / 2], 1),
        bbox_center=center,
        bbox_scale=np.full((1, 2), side),
        bbox_score=np.ones(1, np.float32),
        keypoints=points.astype(np.float32),
        keypoints_visible=(rng.random((1, 98)) < 0.9).astype(np.float32),
        occluded=rng.random((1, 98)) < 0.2,
        flip_indices=MIRROR,
        **more,
    )


def crop_matrix(rng, shape, size, sides=(50, 400), angle=60) -> np.ndarray:
    """MMPose's matrix of a crop somewhere in an image; a part of the crop may
    be outside."""
    height, width = shape[:2]
    center = np.float32(rng.uniform((0, 0), (width, height)))
    side = np.float32(rng.uniform(*sides))
    return get_warp_matrix(
        center, np.array([side, side * size[1] / size[0]]), rng.uniform(-angle, angle), size
    )


def write_jpeg(path, image: np.ndarray, quality: int = 90) -> str:
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return str(path)


def turned_by_exif(data: bytes, orientation: int) -> bytes:
    """A JPEG file with an EXIF orientation."""
    exif = b'Exif\0\0MM\0*' + struct.pack('>I', 8)
    exif += struct.pack('>HHHIHHI', 1, 0x0112, 3, 1, orientation, 0, 0)
    segment = b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif
    return data[:2] + segment + data[2:]
