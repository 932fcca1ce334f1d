# SPDX-License-Identifier: Apache-2.0
"""Images from files, bytes, arrays or Pillow, read as BGR arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Union

import cv2
import numpy as np

from ..arrays import Array
from ..files import PathLike

# Bytes at the end of a file that are searched for the end marker: some
# cameras and editors write a few bytes behind it.
TAIL = 4096

# Suffixes of the files in a folder that are images.
SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')

Channels = Literal['bgr', 'rgb']
# The path of a file, its content, an array, or an image of Pillow.
ImageLike = Union[PathLike, bytes, Array, Any]


def check_complete(data: bytes, name: str) -> None:
    """Refuse a JPEG or PNG file that ends too early.

    Args:
        data (bytes): The file's content, or at least its first 8 and last
            4096 bytes.
        name (str): The file's name, for the message.

    Raises:
        ValueError: If the end marker of the format is missing.
    """
    markers = {b'\xff\xd8': (b'\xff\xd9', 'JPEG'), b'\x89P': (b'IEND', 'PNG')}
    marker, kind = markers.get(data[:2], (b'', ''))
    if marker not in data[-TAIL:]:
        raise ValueError(
            f'{name} is a truncated {kind} file: expected its '
            'end marker, but the file ends before it'
        )


def name_of(source: ImageLike) -> str:
    """The name of an image in messages and results: the path of a file, or
    the kind and size of anything else."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f'<image of {len(source)} bytes>'
    if isinstance(source, np.ndarray):
        return f'<array {"x".join(map(str, source.shape))}>'
    return f'<{type(source).__name__}>'


def read_image(source: ImageLike, channels: Channels | None = None) -> Array:
    """Read an image as a BGR array of uint8, as OpenCV does.

    Files are turned as their EXIF data says. Of 16 bits the upper eight are
    kept, grey is copied to all three channels, and transparency is dropped.

    Args:
        source (str | PathLike | bytes | np.ndarray | PIL.Image.Image): The
            path of a file, its content, an array ``(H, W)``, ``(H, W, 1)``,
            ``(H, W, 3)`` or ``(H, W, 4)`` of uint8 or uint16, or an image of
            Pillow.
        channels (str, optional): The order of an array's channels, ``'bgr'``
            or ``'rgb'``; required for arrays with three or four channels, and
            not used otherwise.

    Returns:
        np.ndarray: ``(H, W, 3)``, uint8. A BGR array of uint8 is returned as
        it is.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the source is no image, truncated or empty, or an array
            of another shape or type; the message has its name.
        TypeError: If the source is of another type.
    """
    if channels not in (None, 'bgr', 'rgb'):
        raise ValueError(f"channels is {channels!r}, expected 'bgr' or 'rgb'")
    name = name_of(source)
    if isinstance(source, (str, os.PathLike)):
        return _decoded(_content(name), name)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), name)
    if isinstance(source, np.ndarray):
        return _as_bgr(source, channels, name)
    if hasattr(source, 'getexif') and hasattr(source, 'convert'):
        return _from_pillow(source, name)
    raise TypeError(
        'expected the path of an image, its content, an array or '
        f'an image of Pillow, got {type(source).__name__}'
    )


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f'image {path} not found') from None
    except IsADirectoryError:
        raise ValueError(f'{path} is a folder, not an image file') from None


def _decoded(data: bytes, name: str) -> Array:
    check_complete(data, name)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # more pixels than OpenCV decodes
        raise ValueError(f'{name} cannot be decoded: {error.err}') from error
    if image is None:
        raise ValueError(f'{name} is not an image file')
    return image


def _as_bgr(array: Array, channels: Channels | None, name: str) -> Array:
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'{name} is of {array.dtype}, expected uint8 or uint16, from 0 to the largest'
        )
    shape = array.shape
    depth = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or depth not in (1, 3, 4) or not array.size:
        raise ValueError(
            f'{name}: expected an image (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with pixels in it'
        )
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if depth == 1:
        return cv2.cvtColor(np.ascontiguousarray(array.reshape(shape[:2])), cv2.COLOR_GRAY2BGR)
    if channels is None:
        raise ValueError(
            f"{name}: say channels='bgr' (as cv2.imread gives "
            "them) or channels='rgb' (as Pillow, Matplotlib and "
            'scikit-image do)'
        )
    order = slice(2, None, -1) if channels == 'rgb' else slice(3)
    return np.ascontiguousarray(array[..., order])


def _from_pillow(image: Any, name: str) -> Array:
    # Who has an image of Pillow has Pillow installed.
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I'):  # 16 bits, in numbers of 16 or 32
        values = np.asarray(image)
        if values.size and not 0 <= values.min() <= values.max() < 1 << 16:
            raise ValueError(f'{name} of mode {image.mode}: expected numbers of 16 bits')
        return _as_bgr(values.astype(np.uint16), None, name)
    if image.mode == 'F':
        raise ValueError(f'{name} is of mode F, expected whole numbers')
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        # As for a file: the colour, whatever its transparency.
        image = image.convert('RGBA')
        return _as_bgr(np.asarray(image), 'rgb', name)
    return _as_bgr(np.asarray(image.convert('RGB')), 'rgb', name)


def images_in(folder: PathLike) -> list[Path]:
    """The image files in a folder and its subfolders, known by their suffix.

    Args:
        folder (str | PathLike): The folder.

    Returns:
        list[Path]: Sorted by name; at least one.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If there is no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'folder {folder} not found')
    files = sorted(
        path for path in folder.rglob('*') if path.is_file() and path.suffix.lower() in SUFFIXES
    )
    if not files:
        raise ValueError(
            f'{folder}: no image in it, expected files that end in {", ".join(SUFFIXES)}'
        )
    return files
