# SPDX-License-Identifier: Apache-2.0
"""Parts of images as files that are quick to read and tell what is wrong with
them.

A file holds what it is a part of, its pixels as they are, and a checksum of
all that.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..files import written_whole
from .kept_images import Stamp

_VERSION = 1
_SHAPE = struct.Struct('<II')
_CHECKSUM = struct.Struct('<I')

#: First column and row of a part, and those behind the last.
Part = tuple[int, int, int, int]


class Crop(NamedTuple):
    """A part of an image.

    Attributes:
        pixels (np.ndarray): ``(h, w, 3)``, uint8.
        part (tuple[int, int, int, int]): Where they are in the image: first
            column and row, and those behind the last.
        shape (tuple[int, int]): Height and width of the image in pixels.
    """

    pixels: np.ndarray
    part: Part
    shape: tuple[int, int]

    def holds(self, part: Part) -> bool:
        """Whether all of a part that is inside of the image is in here."""
        left, top, right, bottom = inside(part, self.shape)
        return (
            self.part[0] <= left
            and self.part[1] <= top
            and right <= self.part[2]
            and bottom <= self.part[3]
        )


def inside(part: Part, shape: tuple[int, int]) -> Part:
    """What of a part is inside of an image of that height and width."""
    left, top, right, bottom = part
    return (max(left, 0), max(top, 0), min(right, shape[1]), min(bottom, shape[0]))


def describe(stamp: Stamp, part: Part) -> bytes:
    """What a file must say of itself to be the one that is looked for."""
    # The inode is not in it: it may change when a disk is mounted anew.
    # Another release of OpenCV may decode to other pixels.
    text = (
        f'mmpose_face crop {_VERSION}, OpenCV {cv2.__version__}\n'
        f'{stamp.path!r}\n'
        f'{stamp.size} {stamp.modified} {stamp.changed}\n{part}\n'
    )
    return text.encode(errors='backslashreplace')


def pack(description: bytes, crop: Crop) -> Sequence:
    """The content of a file, in parts that need not be copied into one.

    Args:
        description (bytes): What :func:`describe` says of it.
        crop (Crop): What is inside of the image of the part described.

    Returns:
        Sequence[bytes | np.ndarray]: The parts.
    """
    head = description + _SHAPE.pack(*crop.shape)
    # Of a view of the image only the rows are in one piece.
    rows = [np.ascontiguousarray(row) for row in crop.pixels]
    checksum = zlib.crc32(head)
    for row in rows:
        checksum = zlib.crc32(row, checksum)
    return head, _CHECKSUM.pack(checksum), *rows


def unpack(content: bytes, description: bytes, part: Part) -> Crop | None:
    """The crop in a file.

    Args:
        content (bytes): The content of the file, which begins with the
            description.
        description (bytes): What :func:`describe` says of it.
        part (tuple[int, int, int, int]): The part described.

    Returns:
        Crop | None: None if any byte is not as it was written.
    """
    head = len(description) + _SHAPE.size
    pixels = memoryview(content)[head + _CHECKSUM.size :]
    if not pixels:
        return None
    shape = _SHAPE.unpack_from(content, len(description))
    (checksum,) = _CHECKSUM.unpack_from(content, head)
    if checksum != zlib.crc32(pixels, zlib.crc32(content[:head])):
        return None
    part = left, top, right, bottom = inside(part, shape)
    size = bottom - top, right - left, 3
    return Crop(np.frombuffer(pixels, np.uint8).reshape(size), part, shape)


def write_once(path: Path, parts: Sequence) -> None:
    """Write a file whole or not at all, whoever else writes it too.

    Args:
        path (Path): Its name. The folder is made if it is not there.
        parts (Sequence[bytes | np.ndarray]): What is written, one after the
            other.

    Raises:
        OSError: What writing raises. Nothing is left behind.
    """
    path.parent.mkdir(exist_ok=True)
    with written_whole(path, by_several=True) as partial:
        with open(partial, 'xb') as file:
            for part in parts:
                file.write(part)
