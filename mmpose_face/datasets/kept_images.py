# SPDX-License-Identifier: Apache-2.0
"""A cache of the last decoded image."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

import numpy as np

# Identifies a file and its version.
Stamp = tuple[str, int, int, int, int]


def stamp_of(path: str) -> Stamp | None:
    """Absolute path, size, time of the last write, time of the last change
    (which, unlike the write time, nobody can set) and inode of a file; None if
    there is no such file on this machine."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    name = os.path.abspath(path)
    return name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


class Decoded(NamedTuple):
    """A decoded image ``(h, w, 3)``; height and width of its file, and whether
    the file can be decoded at a reduced size."""

    pixels: np.ndarray
    shape: tuple[int, int]
    reducible: bool


class LastImage(threading.local):
    """The image that a thread has decoded last.

    One is enough: in annotation files and lists of boxes, the faces of an
    image follow one another; for shuffled samples, no number of images that
    fits into memory would help.
    """

    def __init__(self) -> None:
        self._stamp: Stamp | None = None
        self._sizes: dict[int, Decoded] = {}

    def sizes_of(self, stamp: Stamp | None) -> dict[int, Decoded]:
        """The decoded images of a file by factor of reduction, a dict that the
        caller adds to.

        Args:
            stamp (Stamp, optional): The stamp of the file. Images of another
                stamp are forgotten; with None, all are.
        """
        if stamp is None or stamp != self._stamp:
            self._stamp, self._sizes = stamp, {}
        return self._sizes


#: The cache of this process; each worker of a loader has its own.
LAST_IMAGE = LastImage()
