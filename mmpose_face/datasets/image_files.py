# SPDX-License-Identifier: Apache-2.0
"""The size of an image file, read without decoding it."""

import errno
import os
from typing import BinaryIO, Union

from PIL import Image, UnidentifiedImageError

from ..images.reading import TAIL, check_complete

ORIENTATION = 0x0112  # EXIF tag
LYING = (5, 6, 7, 8)  # values that swap width and height


def image_size(path: Union[str, 'os.PathLike[str]']) -> tuple[int, int]:
    """Width and height in pixels of the image as OpenCV loads it.

    Reads only the header and the last bytes.

    Args:
        path (str | PathLike): A JPEG, PNG or other image file.

    Returns:
        tuple[int, int]: Width and height, after the EXIF orientation.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, truncated or not an image.
    """
    with _open(path) as file:
        head = file.read(8)
        file.seek(max(8, file.seek(0, os.SEEK_END) - TAIL))
        check_complete(head + file.read(), str(path))
        file.seek(0)
        try:
            image = Image.open(file)
            width, height = image.size
            lying = image.getexif().get(ORIENTATION) in LYING
        except UnidentifiedImageError:
            raise ValueError(f'{path} is not an image file') from None
        # Pillow raises many kinds of errors for damaged headers.
        except Exception as error:
            raise ValueError(f'{path} is a damaged image file: {error}') from error
    return (height, width) if lying else (width, height)


def _open(path: Union[str, 'os.PathLike[str]']) -> BinaryIO:
    try:
        return open(path, 'rb')
    except IsADirectoryError:
        raise ValueError(f'{path} is a folder, not an image file') from None
    except OSError as error:
        # The name is too long, or a part of the path is a file.
        if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
            raise FileNotFoundError(error.errno, error.strerror, str(path)) from None
        raise
