# SPDX-License-Identifier: Apache-2.0
"""Images as files that are there whole or not at all."""

import os
from pathlib import Path
from typing import Union

import cv2
import numpy as np

from ..files import write_whole


def write_image(path: Union[str, 'os.PathLike[str]'], image: np.ndarray) -> None:
    """Write a BGR image ``(H, W, 3)`` of uint8; the end of the name says the
    format.

    Raises:
        ValueError: If OpenCV writes no images with such an end.
    """
    suffix = Path(path).suffix
    try:
        _, data = cv2.imencode(suffix, image)
    except cv2.error:
        raise ValueError(
            f'{path}: no image format ends in {suffix!r}, expected .jpg, .png or another'
        ) from None
    write_whole(path, data.tobytes())
