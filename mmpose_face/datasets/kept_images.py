# SPDX-License-Identifier: Apache-2.0
"""A cache of the last decoded image."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

import numpy as np

# What tells a file from others, and from what it was before.
Stamp = tuple[str, int, int, int, int]


def stamp_of(path: str) -> Stamp | None:
    """Absolute path, size, time of the last write, time of the last change
    (which, unlike the one before, nobody can set) and inode of a file; None
    where there is no such file on this machine."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    name = os.path.abspath(path)
    return name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


class Decoded(NamedTuple):
    """A decoded image ``(h, w, 3)``, and of the file height and width and
    whether it can be decoded at another size."""

    pixels: np.ndarray
    shape: tuple[int, int]
    reducible: bool


class LastImage(threading.local):
    """The image that a thread has decoded last.

    One is enough: faces of one image follow one another, in a file of
    annotations as in a list of boxes, and where samples are shuffled no
    number of images that fits into memory would help.
    """

    def __init__(self) -> None:
        self._stamp: Stamp | None = None
        self._sizes: dict[int, Decoded] = {}

    def sizes_of(self, stamp: Stamp | None) -> dict[int, Decoded]:
        """The image of a file, by what it was reduced; to be added to.

        Args:
            stamp (Stamp, optional): Of the file. With another one than the
                last time, or with None, what was kept is forgotten.
        """
        if stamp is None or stamp != self._stamp:
            self._stamp, self._sizes = stamp, {}
        return self._sizes

    def forget(self) -> None:
        """Keep nothing."""
        self._stamp, self._sizes = None, {}


#: For this process. A worker of a loader has its own.
LAST_IMAGE = LastImage()
