# SPDX-License-Identifier: Apache-2.0
"""Decoding of image files, reduced if possible, once for all faces of an image."""

from __future__ import annotations

import io

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image

from ..images.reading import check_complete
from .image_files import LYING, ORIENTATION
from .kept_images import LAST_IMAGE, Decoded, stamp_of

# By factor of reduction: from each block of 8 by 8 pixels, a JPEG decoder can
# make 4 by 4, 2 by 2 or one pixel with less work.
_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

# Least number of pixels of a reduced image for one pixel of the crop. With 1,
# interpolation blurs the crop; from 1.5 on, it is as sharp as if each of its
# pixels were the mean of its area.
_LEAST_PITCH = 1.5


class ImageFile:
    """An image file that is read and decoded when its content is asked for.

    Args:
        path (str): A file, or an address that MMEngine's ``fileio`` opens.
        backend_args (dict, optional): As ``fileio`` takes them.

    Attributes:
        stamp (Stamp, optional): None if the file is not on this machine.
    """

    def __init__(self, path: str, backend_args: dict | None = None) -> None:
        self.path = path
        # Another backend may have another file under that name.
        local = (backend_args or {}).get('backend', 'local') == 'local'
        self.stamp = stamp_of(path) if local else None
        self._backend_args = backend_args
        self._shape: tuple[int, int] | None = None
        self._reducible = False
        self._data: bytes | None = None
        self._decoded: dict[int, Decoded] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels.

        Raises:
            FileNotFoundError: If the image is missing.
            ValueError: If the file is truncated or not an image. A damaged
                JPEG file raises it only when its pixels are asked for.
        """
        if self._shape is None:
            self._shape = self._open()
        return self._shape

    def pixels(self, pitch: float = 1.0) -> tuple[np.ndarray, int]:
        """The image, reduced where a crop loses nothing by it.

        Args:
            pitch (float): Pixels of the image for one pixel of the crop.
                Defaults to 1.

        Returns:
            tuple[np.ndarray, int]: The image, BGR and read-only, and the
            factor of its reduction: 1, or 2, 4 and 8 from a pitch of 3, 6 and
            12.

        Raises:
            FileNotFoundError: If the image is missing.
            ValueError: If the file is truncated or not an image.
        """
        shape = self.shape
        factor = max(f for f in _FLAGS if f == 1 or self._reducible and f * _LEAST_PITCH <= pitch)
        if factor not in self._decoded:
            self._keep(self._decode(factor), factor, shape)
        return self._decoded[factor].pixels, factor

    def _open(self) -> tuple[int, int]:
        """The shape: from the cache, from a JPEG header, or by decoding."""
        self._decoded = LAST_IMAGE.sizes_of(self.stamp)
        for decoded in self._decoded.values():
            self._reducible = decoded.reducible
            return decoded.shape
        self._data = read_image(self.path, self._backend_args)
        shape = shape_of_jpeg(self._data)
        self._reducible = shape is not None
        if shape is None:
            pixels = self._decode(1)
            height, width = pixels.shape[:2]
            shape = height, width
            self._keep(pixels, 1, shape)
        return shape

    def _decode(self, factor: int) -> np.ndarray:
        data = read_image(self.path, self._backend_args) if self._data is None else self._data
        pixels = decode_image(data, self.path, _FLAGS[factor])
        self._data = None
        return pixels

    def _keep(self, pixels: np.ndarray, factor: int, shape: tuple[int, int]) -> None:
        if pixels.shape[:2] != tuple(-(-side // factor) for side in shape):
            raise ValueError(
                f'{self.path}: expected {shape} pixels down and across, '
                f'decoded {pixels.shape[:2]}, reduced by {factor}'
            )
        pixels.flags.writeable = False
        self._decoded[factor] = Decoded(pixels, shape, self._reducible)


def shape_of_jpeg(data: bytes) -> tuple[int, int] | None:
    """Height and width of a JPEG image that can be decoded at a reduced size.

    Args:
        data (bytes): The content of an image file.

    Returns:
        tuple[int, int] | None: In pixels, after the EXIF orientation. None for
        other kinds of files and damaged headers; and for images that EXIF
        data turns or mirrors and whose sides are not multiples of 8 pixels,
        since their incomplete blocks come to lie at the image's beginning.
    """
    try:
        image = Image.open(io.BytesIO(data))
        exif = Image.Exif()
        # getexif would also read other data, which OpenCV ignores.
        exif.load(image.info.get('exif', b''))
        orientation = exif.get(ORIENTATION, 1)
    # Pillow's readers raise many kinds of errors for damaged headers.
    except Exception:
        return None
    width, height = image.size
    # MPO is JPEG, with more images behind the first.
    if image.format not in ('JPEG', 'MPO'):
        return None
    if orientation != 1 and (width % 8 or height % 8):
        return None
    return (width, height) if orientation in LYING else (height, width)


def read_image(path: str, backend_args: dict | None = None) -> bytes:
    """The content of an image file.

    Raises:
        FileNotFoundError: If the image is missing.
    """
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(f'image {path} not found') from None


def decode_image(data: bytes, path: str, flag: int | str, backend: str = 'cv2') -> np.ndarray:
    """Decode an image as MMCV does.

    Args:
        data (bytes): The content of the file.
        path (str): The file's name, for messages.
        flag (int | str): As ``mmcv.imfrombytes`` takes it.
        backend (str): As ``mmcv.imfrombytes`` takes it.

    Returns:
        np.ndarray: The image.

    Raises:
        ValueError: If the file is truncated or not an image.
    """
    image = mmcv.imfrombytes(data, flag=flag, backend=backend) if data else None
    if image is None:
        check_complete(data, path)
        raise ValueError(f'{path} is not an image file')
    return image
