# SPDX-License-Identifier: Apache-2.0
"""Image files, written whole or not at all."""

from pathlib import Path

import cv2

from ..arrays import Array
from ..files import PathLike, write_whole


def write_image(path: PathLike, image: Array) -> None:
    """Write a BGR image ``(H, W, 3)`` of uint8, in the format that the suffix
    of the name says.

    Raises:
        ValueError: If OpenCV writes no images with this suffix.
    """
    suffix = Path(path).suffix
    try:
        _, data = cv2.imencode(suffix, image)
    except cv2.error:
        raise ValueError(
            f'{path}: no image format ends in {suffix!r}, expected .jpg, .png or another'
        ) from None
    write_whole(path, data.tobytes())
