# SPDX-License-Identifier: Apache-2.0
"""The surroundings of faces, kept in a folder so that images need not be
decoded again."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import time
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from mmpose.structures.bbox import bbox_xyxy2cs

from .crop_files import Crop, Part, describe, inside, pack, unpack, write_once
from .jpeg import ImageFile
from .kept_images import Stamp

# The clocks of file systems have steps of up to 2 seconds, within which a
# file that is written again may look the same.
_STEP = 2_000_000_000  # nanoseconds

# A file that is still without its name so long after has lost its writer.
_ABANDONED = 3600  # seconds


class FaceCrops:
    """A folder with the surroundings of faces.

    The pixels are those of the image, as OpenCV decodes it. A crop that is
    damaged or cut short, of an image that has changed since, of another part
    of it, or written by another version is made anew. Several processes may
    read and write the folder at once, and each may be killed at any time.
    Where nothing can be written, that is said once, and what is there is
    read. Nothing is ever removed: the folder may be, when no training uses
    it.

    Args:
        folder (str | PathLike): Made if it is not there.
        margin (float): How many times as large as the box of the data set
            the part of the image is that is kept. Where a crop needs more,
            the image is read. Defaults to 2.25, enough for boxes that are
            padded by 1.25, up to 1.25 times as large and turned by 45
            degrees: 1.25 * 1.25 * 2**0.5 = 2.21.

    Raises:
        ValueError: If ``folder`` is a file, or ``margin`` is not finite or
            less than 1.
    """

    def __init__(self, folder: str | os.PathLike[str], margin: float = 2.25) -> None:
        if not 1 <= margin < np.inf:
            raise ValueError(f'margin must be finite and at least 1, got {margin}')
        self.folder = Path(folder).absolute()
        self.margin = margin
        self._writable = True
        self._said = set()
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f'{folder} is a file, expected a folder of crops')
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(self.folder)
        except OSError as error:
            self._stop_writing(error)

    def of_face(self, file: ImageFile, sample: dict) -> Crop | None:
        """The surroundings of a face.

        Args:
            file (ImageFile): Its image.
            sample (dict): The face, with ``bbox_center`` (1, 2) and
                ``bbox_scale`` (1, 2), or ``bbox`` (1, 4).

        Returns:
            Crop | None: None if the sample has not exactly one box, if that
            is outside of the image, or if the image is not on this machine.
        """
        part = part_around(sample, self.margin)
        if part is None or file.stamp is None:
            return None
        crop = self._read(file.stamp, part)
        if crop is None:
            crop = cut(file, part)
            if crop is not None:
                self._write(file.stamp, part, crop)
        return crop

    def _read(self, stamp: Stamp, part: Part) -> Crop | None:
        path = self._path(stamp, part)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say('unreadable', f'{path} cannot be read: {error}')
            return None
        description = describe(stamp, part)
        if not content.startswith(description):
            self._say(
                'outdated',
                f'{path} is of another state of {stamp.path}, or '
                'of another version: it is made anew',
            )
            return None
        crop = unpack(content, description, part)
        if crop is None:
            self._say('damaged', f'{path} is damaged: it is made anew')
        return crop

    def _write(self, stamp: Stamp, part: Part, crop: Crop) -> None:
        if not self._writable or not _is_settled(stamp):
            return
        try:
            write_once(self._path(stamp, part), pack(describe(stamp, part), crop))
        except OSError as error:
            self._stop_writing(error)

    def _path(self, stamp: Stamp, part: Part) -> Path:
        """A file for each part of each image, whatever is in it now."""
        name = hashlib.blake2b(
            repr((stamp.path, part)).encode(errors='backslashreplace'), digest_size=16
        ).hexdigest()
        return self.folder / name[:2] / f'{name[2:]}.crop'

    def _stop_writing(self, error: OSError) -> None:
        self._writable = False
        self._say(
            'unwritable',
            f'{self.folder}: no crops are written from now on; images are decoded instead: {error}',
        )

    def _say(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            print_log(f'{text} (said once)', 'current', logging.WARNING)


def part_around(sample: dict, margin: float) -> Part | None:
    """The part of an image around a face.

    Args:
        sample (dict): The face, with ``bbox_center`` and ``bbox_scale``
            (1, 2), or ``bbox`` (1, 4), in pixels.
        margin (float): Its side in longer sides of the box.

    Returns:
        tuple[int, int, int, int] | None: First column and row, and those
        behind the last; may reach out of the image. None if the sample has
        not exactly one box, or that is not finite.
    """
    center, sides = sample.get('bbox_center'), sample.get('bbox_scale')
    if (center is None or sides is None) and 'bbox' in sample:
        center, sides = bbox_xyxy2cs(sample['bbox'])
    if np.shape(center) != (1, 2) or np.shape(sides) != (1, 2):
        return None
    (x, y), reach = center[0].tolist(), float(sides.max()) * margin / 2
    if not math.isfinite(x + y + reach):
        return None
    return (
        math.floor(x - reach),
        math.floor(y - reach),
        math.ceil(x + reach) + 1,
        math.ceil(y + reach) + 1,
    )


def cut(file: ImageFile, part: Part) -> Crop | None:
    """Cut a part out of an image; None if nothing of it is inside."""
    pixels, _ = file.pixels()
    part = left, top, right, bottom = inside(part, file.shape)
    if left >= right or top >= bottom:
        return None
    return Crop(pixels[top:bottom, left:right], part, file.shape)


def _is_settled(stamp: Stamp) -> bool:
    """Whether the file will look different once it is written again."""
    ages = (time.time_ns() - t for t in (stamp.modified, stamp.changed))
    return not any(0 <= age < _STEP for age in ages)


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob('*/*.partial'):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()
        except FileNotFoundError:  # another process was quicker
            pass
