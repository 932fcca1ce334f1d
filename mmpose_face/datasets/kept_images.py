# SPDX-License-Identifier: Apache-2.0
"""The images that a process has decoded last."""
import os
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np


class Stamp(NamedTuple):
    """What tells a file from others, and from what it was before."""
    path: str
    size: int
    modified: int  # nanoseconds
    changed: int  # nanoseconds; unlike the one above, nobody can set it
    inode: int


def stamp_of(path: str) -> Optional[Stamp]:
    """The stamp of a file; None where there is no such file on this
    machine."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    return Stamp(
        os.path.abspath(path), stat.st_size, stat.st_mtime_ns,
        stat.st_ctime_ns, stat.st_ino)


class Decoded(NamedTuple):
    """A decoded image ``(h, w, 3)``, and of the file height and width and
    whether it can be decoded at another size."""
    pixels: np.ndarray
    shape: Tuple[int, int]
    reducible: bool


class KeptImages:
    """The last decoded images, as many as fit into so many bytes.

    The last one is kept however large it is: faces of one image follow one
    another, in an annotation file as in a list of boxes.

    Args:
        max_bytes (int): For all of them.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        # Those that were asked for last are at the end.
        self._images: Dict[Tuple[Stamp, int], Decoded] = {}

    def get(self, stamp: Optional[Stamp], factor: int) -> Optional[Decoded]:
        """The image that was reduced by a factor, if it is still there."""
        image = self._images.pop((stamp, factor), None)
        if image is not None:
            self._images[stamp, factor] = image
        return image

    def make_room(self, size: int) -> None:
        """Forget what does not fit beside an image of so many bytes."""
        total = sum(image.pixels.nbytes for image in self._images.values())
        for key in list(self._images):
            if total + size <= self.max_bytes:
                break
            total -= self._images.pop(key).pixels.nbytes

    def put(self, stamp: Stamp, factor: int, image: Decoded) -> None:
        """Keep an image; nobody must write to it any more."""
        self.make_room(image.pixels.nbytes)
        self._images[stamp, factor] = image

    def clear(self) -> None:
        """Forget all images."""
        self._images.clear()


#: Those of this process. A worker of a loader has its own.
KEPT = KeptImages(max_bytes=16 << 20)
