# SPDX-License-Identifier: Apache-2.0
"""Samples whose images are not decoded yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..images.warps import of_reduced, of_unmirrored, pitch, warp
from .jpeg import ImageFile


class LazyImage:
    """An image that is decoded when, and at the size that, it is needed.

    Args:
        file (ImageFile): Its file.
        mirrored (frozenset[int]): Mirrored axes: 0 for up and down, 1 for left
            and right. Defaults to none.

    Attributes:
        shape (tuple[int, int]): Height and width in pixels.
    """

    def __init__(self, file: ImageFile, mirrored: frozenset[int] = frozenset()) -> None:
        self.shape = file.shape
        self._file = file
        self._mirrored = mirrored

    def mirror(self, direction: str) -> LazyImage:
        """Its mirror image.

        Args:
            direction (str): ``'horizontal'``, ``'vertical'`` or
                ``'diagonal'``.
        """
        axes = dict(horizontal={1}, vertical={0}, diagonal={0, 1})
        return LazyImage(self._file, self._mirrored ^ axes[direction])

    def array(self) -> np.ndarray:
        """The whole image as a new array ``(H, W, 3)``; with negative strides
        if it is mirrored."""
        pixels, _ = self._file.pixels()
        return np.flip(pixels.copy(), tuple(self._mirrored))

    def warp(self, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Make a crop in one warp.

        Args:
            matrix (np.ndarray): From pixels of the image to pixels of the
                crop ``(2, 3)``.
            size (tuple[int, int]): Width and height of the crop in pixels.

        Returns:
            np.ndarray: The crop, black where the image has no pixel.
        """
        matrix = of_unmirrored(matrix, tuple(self._mirrored), self.shape)
        pixels, factor = self._file.pixels(pitch(matrix))
        return warp(pixels, of_reduced(matrix, factor), size)


class LazySample(dict):
    """A sample whose image is decoded when ``img`` is read.

    Pipeline steps that do not know this class get an array for ``img``, as
    from any other sample.

    Args:
        items (Iterable[tuple[str, Any]]): The sample's items, ``img`` among
            them as a :class:`LazyImage`.
    """

    def __init__(self, items: Iterable[tuple[str, Any]]) -> None:
        super().__init__(items)

    @property
    def pending(self) -> LazyImage | None:
        """The image if it is not decoded yet."""
        image = super().get('img')
        return image if isinstance(image, LazyImage) else None

    def _with_array(self) -> LazySample:
        if self.pending is not None:
            self['img'] = self.pending.array()
        return self

    def __getitem__(self, key: str) -> Any:
        if key == 'img':
            self._with_array()
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default

    def pop(self, key: str, *default: Any) -> Any:
        return dict.pop(self._with_array() if key == 'img' else self, key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else super().setdefault(key, default)

    def items(self):
        return dict.items(self._with_array())

    def values(self):
        return dict.values(self._with_array())

    def __iter__(self):
        # With this method, dict(sample) reads each value by __getitem__.
        return super().__iter__()

    def copy(self) -> LazySample:
        """Another sample with the same items; does not decode the image."""
        return LazySample(dict.items(self))

    def __reduce__(self):
        return dict, (dict(self),)


def pending_image(sample: dict) -> LazyImage | None:
    """The image of a sample if it is not decoded yet.

    Args:
        sample (dict): Any sample.

    Returns:
        LazyImage | None: None if the image is an array.
    """
    return sample.pending if isinstance(sample, LazySample) else None
