# SPDX-License-Identifier: Apache-2.0
"""Images of any kind, read as BGR bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Union

import cv2
import numpy as np

# Some cameras and editors write a few bytes behind the end marker.
TAIL = 4096

# What files in a folder are taken for images by.
SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')

Channels = Literal['bgr', 'rgb']
# A file, its content, an array, or an image of Pillow.
ImageLike = Union[str, 'os.PathLike[str]', bytes, np.ndarray, Any]


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
    """What an image is called in messages and results: the path of a file, or
    what kind of thing it is."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f'<image of {len(source)} bytes>'
    if isinstance(source, np.ndarray):
        return f'<array {"x".join(map(str, source.shape))}>'
    return f'<{type(source).__name__}>'


def read_image(source: ImageLike, channels: Channels | None = None) -> np.ndarray:
    """Read an image as BGR bytes, as OpenCV does.

    Files are turned as their EXIF data says. Of 16 bits the upper eight are
    kept, grey is given to all three channels, and transparency is dropped.

    Args:
        source (str | PathLike | bytes | np.ndarray | PIL.Image.Image): A
            file, the content of one, an array ``(H, W)``, ``(H, W, 1)``,
            ``(H, W, 3)`` or ``(H, W, 4)`` of uint8 or uint16, or an image of
            Pillow.
        channels (str, optional): The order of an array's channels, ``'bgr'``
            or ``'rgb'``; needed for arrays of three or four, and only for
            these.

    Returns:
        np.ndarray: ``(H, W, 3)``, uint8. A BGR array of bytes is returned as
        it is.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image, truncated or empty, or an array of
            another kind; the message has its name.
        TypeError: If it is none of these kinds of things.
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
        return _of_pillow(source, name)
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


def _decoded(data: bytes, name: str) -> np.ndarray:
    check_complete(data, name)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # more pixels than OpenCV decodes
        raise ValueError(f'{name} cannot be decoded: {error.err}') from error
    if image is None:
        raise ValueError(f'{name} is not an image file')
    return image


def _as_bgr(array: np.ndarray, channels: Channels | None, name: str) -> np.ndarray:
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


def _of_pillow(image: Any, name: str) -> np.ndarray:
    # Whoever has an image of Pillow has Pillow.
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
        # As of a file: the colour, whatever its transparency.
        image = image.convert('RGBA')
        return _as_bgr(np.asarray(image), 'rgb', name)
    return _as_bgr(np.asarray(image.convert('RGB')), 'rgb', name)


def images_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The image files in a folder and below it, by the end of their names.

    Args:
        folder (str | PathLike): The folder.

    Returns:
        list[Path]: In the order of their names; at least one.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If no image is in it.
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
