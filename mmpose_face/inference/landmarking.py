# SPDX-License-Identifier: Apache-2.0
"""Landmarks from images with any network; NumPy and OpenCV only."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Union, overload

import numpy as np

from ..arrays import Array
from ..files import PathLike
from ..images.boxes import area, landmark_bounds
from ..images.reading import Channels, ImageLike, images_in, name_of, read_image
from ..images.warps import matrix_of_box, warp
from ..landmarks import Scheme
from .detectors import Detector, get_detector
from .faces import Face, Faces

# Boxes from a user, (N, 4) or (N, 5).
Boxes = Union[Array, Sequence[Any]]


class Network(Protocol):
    """A function that finds points on crops of faces.

    Attributes:
        scheme (Scheme): The landmark scheme of the points.
        input_size (tuple[int, int]): Width and height of a crop in pixels.
        padding (float): Width of a crop as a multiple of that of the face's
            box.
    """

    scheme: Scheme
    input_size: tuple[int, int]
    padding: float

    def __call__(self, crops: Array) -> tuple[Array, Array]:
        """The points of a batch.

        Args:
            crops (np.ndarray): BGR ``(B, H, W, 3)``, uint8; B is at least 1.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points ``(B, K, 2)`` in pixels of
            the crop and scores ``(B, K)``.
        """


class Crops(NamedTuple):
    """Crops of an image, the input of the network.

    Attributes:
        pixels (np.ndarray): BGR ``(N, H, W, 3)``, uint8.
        centers (np.ndarray): Middles of the crops on the image ``(N, 2)``, in
            pixels.
        sides (np.ndarray): Widths and heights of the crops on the image
            ``(N, 2)``, in pixels.
    """

    pixels: Array
    centers: Array
    sides: Array


class _Waiting(NamedTuple):
    """An image whose faces wait for the network."""

    faces: Faces
    boxes: Array  # (N, 5)
    image: Array | None  # only if there is a second pass
    crops: Crops


class Landmarker:
    """Finds faces and their landmarks.

    Args:
        network (Network): Finds points on crops.
        detector (str | Detector): Finds faces; a name or path for
            :func:`~.detectors.get_detector`, or any detector. Defaults to
            ``'haar'``, which needs no download.
        batch_size (int): Faces in one batch of the network, from one or
            several images. Defaults to 32.
        second_pass (bool): Whether to run the network on each face again, in
            the box of the landmarks of the first pass. Defaults to False.

    Raises:
        ValueError: If ``batch_size`` is not positive.
    """

    def __init__(
        self,
        network: Network,
        detector: PathLike | Detector = 'haar',
        batch_size: int = 32,
        second_pass: bool = False,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        self.network = network
        self.batch_size = batch_size
        self.second_pass = second_pass
        self._detector = detector

    @property
    def scheme(self) -> Scheme:
        """The landmark scheme of the points."""
        return self.network.scheme

    @property
    def detector(self) -> Detector:
        """The detector of faces, made when it is first needed."""
        if isinstance(self._detector, (str, os.PathLike)):
            self._detector = self._get_detector(self._detector)
        return self._detector

    def _get_detector(self, name: PathLike) -> Detector:
        return get_detector(name)

    @overload
    def __call__(
        self, images: Array, boxes: Boxes | None = ..., channels: Channels | None = ...
    ) -> Faces: ...

    @overload
    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        boxes: Boxes | None = ...,
        channels: Channels | None = ...,
    ) -> Faces | list[Faces]: ...

    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        boxes: Boxes | None = None,
        channels: Channels | None = None,
    ) -> Faces | list[Faces]:
        """Find the landmarks of an image or of many.

        Args:
            images (ImageLike | Iterable[ImageLike]): The path of a file, its
                content, an array or an image of Pillow; a list of these; or a
                folder, whose images are sorted by name.
            boxes (Sequence, optional): The boxes of the faces ``(N, 4)``,
                left, top, right and bottom in pixels, close to the smallest
                boxes that hold the landmarks; for several images one such
                array each. Defaults to the boxes of the detector.
            channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
                array's channels.

        Returns:
            Faces | list[Faces]: The faces of the image, or of each image. For
            an image without a face the list is empty.

        Raises:
            FileNotFoundError: If a file does not exist.
            ValueError: If an image cannot be read or boxes have another
                shape; the message names the image.
        """
        several = _several(images)
        if several is None:
            return next(self.stream([images], None if boxes is None else [boxes], channels))
        return list(self.stream(several, boxes, channels))

    def stream(
        self,
        images: Iterable[ImageLike],
        boxes: Iterable[Boxes] | None = None,
        channels: Channels | None = None,
    ) -> Iterator[Faces]:
        """Find the landmarks of many images, one image after the other.

        Images are read when they are needed, and faces of several images go
        through the network together.

        Args:
            images (Iterable[ImageLike]): The images.
            boxes (Iterable[Sequence], optional): The boxes of each image, as
                in :meth:`__call__`. Defaults to those of the detector.
            channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
                array's channels.

        Yields:
            Faces: The faces of each image in turn.
        """
        waiting: deque[_Waiting] = deque()
        number = 0
        for each, given in _with_boxes(images, boxes):
            waiting.append(self._prepare(each, given, channels))
            number += len(waiting[-1].boxes)
            # Images are counted too: those without a face must not pile up.
            if max(number, len(waiting)) >= self.batch_size:
                yield from self._finish(waiting)
                number = 0
        yield from self._finish(waiting)

    def _prepare(
        self, source: ImageLike, boxes: Boxes | None, channels: Channels | None
    ) -> _Waiting:
        image = read_image(source, channels)
        if boxes is None:
            found = self.detector(image)
            squares = self.detector.mapping(found[:, :4])
        else:
            found = _check_boxes(boxes, name_of(source))
            squares = found[:, :4]
        height, width = image.shape[:2]
        faces = Faces((), source, (width, height), channels)
        return _Waiting(
            faces, found, image if self.second_pass else None, self.crop(image, squares)
        )

    def points_in(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """The landmarks in boxes, in as few batches as possible, without the
        detector.

        Args:
            image (np.ndarray): BGR ``(H, W, 3)``, uint8.
            boxes (np.ndarray): Boxes of landmarks ``(N, 4)``, left, top,
                right and bottom in pixels; N may be 0.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points ``(N, K, 2)`` in pixels of
            the image and scores ``(N, K)``.
        """
        return self._points([self.crop(image, boxes)])[0]

    def crop(self, image: Array, boxes: Array) -> Crops:
        """The crops of an image for the network, as in a test of the model.

        Args:
            image (np.ndarray): BGR ``(H, W, 3)``, uint8.
            boxes (np.ndarray): Boxes of landmarks ``(N, 4)``, pixels.
        """
        size = self.network.input_size
        boxes = boxes.astype(np.float32)
        low, high = boxes[:, :2], boxes[:, 2:]
        centers = (low + high) * 0.5
        sides = (high - low) * np.float32(self.network.padding)
        # The smallest box with the aspect ratio of the crop around each box.
        ratio = np.float32(size[0] / size[1])
        width = np.maximum(sides[:, 0], sides[:, 1] * ratio)
        sides = np.stack((width, width / ratio), 1)
        pixels = np.empty((len(boxes), size[1], size[0], 3), np.uint8)
        for i, center in enumerate(centers):
            matrix = matrix_of_box(center, float(width[i]), 0.0, size)
            pixels[i] = warp(image, matrix, size)
        return Crops(pixels, centers, sides)

    def _finish(self, waiting: deque[_Waiting]) -> Iterator[Faces]:
        """The faces of the waiting images, which are then removed."""
        points = self._points([each.crops for each in waiting])
        second = [
            self.crop(each.image, landmark_bounds(found))
            for each, (found, _) in zip(waiting, points)
            if each.image is not None
        ]
        if second:
            points = self._points(second)
        for each, (keypoints, scores) in zip(waiting, points):
            order = np.argsort(-area(each.boxes[:, :4]), kind='stable')
            each.faces.extend(
                Face(
                    box=each.boxes[i, :4],
                    keypoints=keypoints[i],
                    scores=scores[i],
                    scheme=self.scheme,
                    box_score=float(each.boxes[i, 4]),
                )
                for i in order
            )
            yield each.faces
        waiting.clear()

    def _points(self, crops: Sequence[Crops]) -> list[tuple[Array, Array]]:
        """Points ``(N, K, 2)`` in pixels of the image and scores ``(N, K)``
        for the crops of each image."""
        if not crops:
            return []
        pixels, centers, sides = (np.concatenate(each) for each in zip(*crops))
        points, scores = self._run_network(pixels)
        size = np.array(self.network.input_size, points.dtype)
        points = points / size * sides[:, None] + (centers - 0.5 * sides)[:, None]
        ends = np.cumsum([len(each.centers) for each in crops])[:-1]
        return list(zip(np.split(points, ends), np.split(scores, ends)))

    def _run_network(self, pixels: Array) -> tuple[Array, Array]:
        """Points and scores of all crops, in batches of ``batch_size``."""
        k = self.scheme.num_points
        if not len(pixels):
            return np.empty((0, k, 2), np.float32), np.empty((0, k), np.float32)
        found = [
            self.network(pixels[i : i + self.batch_size])
            for i in range(0, len(pixels), self.batch_size)
        ]
        points, scores = zip(*found)
        return np.concatenate(points), np.concatenate(scores)


def _several(images: Any) -> Iterable[ImageLike] | None:
    """The images of a folder or a list; None for one image."""
    if isinstance(images, (str, os.PathLike)):
        return images_in(images) if Path(images).is_dir() else None
    single = isinstance(images, (bytes, bytearray, memoryview, np.ndarray))
    if single or hasattr(images, 'getexif') or not hasattr(images, '__iter__'):
        return None
    several: Iterable[ImageLike] = images
    return several


def _with_boxes(
    images: Iterable[ImageLike], boxes: Iterable[Boxes] | None
) -> Iterator[tuple[ImageLike, Boxes | None]]:
    """Each image with its boxes; ValueError if there are not as many arrays
    of boxes as images."""
    if boxes is None:
        for each in images:
            yield each, None
        return
    remaining, number = iter(boxes), 0
    for number, each in enumerate(images, 1):
        try:
            given = next(remaining)
        except StopIteration:
            raise ValueError(
                f'expected boxes for each image, got {number - 1}'
                f' arrays of boxes; {name_of(each)} has none'
            ) from None
        yield each, given
    for _ in remaining:
        raise ValueError(f'got more arrays of boxes than the {number} images')


def _check_boxes(boxes: Boxes, name: str) -> Array:
    """The boxes of a user with a score ``(N, 5)``; ValueError for others."""
    try:
        found = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f'{name}: expected boxes (N, 4) of numbers') from None
    if not found.size:
        return np.empty((0, 5))
    if found.ndim != 2 or found.shape[1] not in (4, 5):
        raise ValueError(
            f'{name}: expected boxes (N, 4), left, top, right and bottom, got '
            f'an array of shape {found.shape}'
        )
    wrong = ~(np.isfinite(found).all(1) & (found[:, 2:4] > found[:, :2]).all(1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f'{name}: box {row} is {found[row, :4].tolist()}, expected left < '
            'right and top < bottom'
        )
    if found.shape[1] == 4:
        return np.column_stack((found, np.ones(len(found))))
    return found
