# SPDX-License-Identifier: Apache-2.0
"""From images to landmarks, whatever runs the network; NumPy and OpenCV
only."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import (
    Any,
    NamedTuple,
    Protocol,
)

import numpy as np

from ..images.boxes import area, landmark_bounds
from ..images.reading import Channels, ImageLike, images_in, name_of, read_image
from ..images.warps import matrix_of_box, warp
from ..landmarks import Scheme
from .detectors import Detector, get_detector
from .faces import Face, Faces


class Network(Protocol):
    """What finds points on crops of faces.

    Attributes:
        scheme (Scheme): What the points are.
        input_size (tuple[int, int]): Width and height of a crop in pixels.
        padding (float): How many times as wide as the face's box a crop is.
    """

    scheme: Scheme
    input_size: tuple[int, int]
    padding: float

    def __call__(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points of a batch.

        Args:
            crops (np.ndarray): BGR ``(B, H, W, 3)``, uint8; B is at least 1.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points ``(B, K, 2)`` in pixels of
            the crop and scores ``(B, K)``.
        """


class Crops(NamedTuple):
    """Parts of an image that the network sees.

    Attributes:
        pixels (np.ndarray): BGR ``(N, H, W, 3)``, uint8.
        centers (np.ndarray): Their middles on the image ``(N, 2)``, pixels.
        sides (np.ndarray): Their widths and heights there ``(N, 2)``, pixels.
    """

    pixels: np.ndarray
    centers: np.ndarray
    sides: np.ndarray


class _Waiting(NamedTuple):
    """An image whose faces wait for the network."""

    faces: Faces
    boxes: np.ndarray  # (N, 5)
    image: np.ndarray | None  # where it is looked at again
    crops: Crops


class Landmarker:
    """Finds faces and their landmarks.

    Args:
        network (Network): What finds points on crops.
        detector (str | Detector): What finds faces, as
            :func:`~.detectors.get_detector` takes it. Defaults to
            ``'haar'``, which needs no download.
        batch_size (int): Faces that go through the network together, of one
            or of several images. Defaults to 32.
        second_pass (bool): Whether to look at each face again, in the box of
            the landmarks that were found first. Defaults to False.

    Raises:
        ValueError: If ``batch_size`` is not positive.
    """

    def __init__(
        self,
        network: Network,
        detector: str | Detector = 'haar',
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
        """What the points are."""
        return self.network.scheme

    @property
    def detector(self) -> Detector:
        """What finds faces; made when it is first needed."""
        if isinstance(self._detector, (str, os.PathLike)):
            self._detector = self._get_detector(self._detector)
        return self._detector

    def _get_detector(self, name: str) -> Detector:
        return get_detector(name)

    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        boxes: Sequence | None = None,
        channels: Channels | None = None,
    ) -> Faces | list[Faces]:
        """Find the landmarks of an image or of many.

        Args:
            images (ImageLike | Iterable[ImageLike]): A file, the content of
                one, an array, an image of Pillow; a list of these; or a
                folder, whose images are taken in the order of their names.
            boxes (Sequence, optional): The boxes of the faces ``(N, 4)``,
                left, top, right and bottom in pixels, about as the smallest
                that hold the landmarks; of several images one such array
                each. Defaults to those that the detector finds.
            channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
                array's channels.

        Returns:
            Faces | list[Faces]: The faces of the image, or of each image. An
            image without a face has an empty list.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If an image cannot be read or boxes are not of the
                form; the message names it.
        """
        several = _several(images)
        if several is None:
            return next(self.stream([images], None if boxes is None else [boxes], channels))
        return list(self.stream(several, boxes, channels))

    def stream(
        self,
        images: Iterable[ImageLike],
        boxes: Iterable[Sequence] | None = None,
        channels: Channels | None = None,
    ) -> Iterator[Faces]:
        """As calling it with many images, one after the other.

        Images are read as they are needed, and faces of several images go
        through the network together.

        Args:
            images, boxes, channels: As calling it takes them; any iterables.

        Yields:
            Faces: Of each image in turn.
        """
        waiting: deque[_Waiting] = deque()
        number = 0
        for each, given in _with_boxes(images, boxes):
            waiting.append(self._prepare(each, given, channels))
            number += len(waiting[-1].boxes)
            # Images without a face do not wait for ever either.
            if max(number, len(waiting)) >= self.batch_size:
                yield from self._found(waiting)
                number = 0
        yield from self._found(waiting)

    def _prepare(
        self, source: ImageLike, boxes: Sequence | None, channels: Channels | None
    ) -> _Waiting:
        image = read_image(source, channels)
        if boxes is None:
            found = self.detector(image)
            squares = self.detector.mapping(found[:, :4])
        else:
            found = _checked(boxes, name_of(source))
            squares = found[:, :4]
        faces = Faces((), source, image.shape[1::-1], channels)
        return _Waiting(
            faces, found, image if self.second_pass else None, self.crop(image, squares)
        )

    def points_in(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The landmarks in boxes, all in one batch or as few as there can be;
        no face is looked for.

        Args:
            image (np.ndarray): BGR ``(H, W, 3)``, uint8.
            boxes (np.ndarray): Boxes of landmarks ``(N, 4)``, left, top,
                right and bottom in pixels; N may be 0.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points ``(N, K, 2)`` in pixels of
            the image and scores ``(N, K)``.
        """
        return self._points([self.crop(image, boxes)])[0]

    def crop(self, image: np.ndarray, boxes: np.ndarray) -> Crops:
        """The parts of an image that the network sees, as in a test of the
        model.

        Args:
            image (np.ndarray): BGR ``(H, W, 3)``, uint8.
            boxes (np.ndarray): Boxes of landmarks ``(N, 4)``, pixels.
        """
        size = self.network.input_size
        boxes = boxes.astype(np.float32)
        low, high = boxes[:, :2], boxes[:, 2:]
        centers = (low + high) * 0.5
        sides = (high - low) * np.float32(self.network.padding)
        # The smallest of the crop's form that holds the box.
        ratio = np.float32(size[0] / size[1])
        width = np.maximum(sides[:, 0], sides[:, 1] * ratio)
        sides = np.stack((width, width / ratio), 1)
        pixels = np.empty((len(boxes), size[1], size[0], 3), np.uint8)
        for i, center in enumerate(centers):
            matrix = matrix_of_box(center, float(width[i]), 0.0, size)
            pixels[i] = warp(image, matrix, size)
        return Crops(pixels, centers, sides)

    def _found(self, waiting: deque[_Waiting]) -> Iterator[Faces]:
        """The faces of the images that wait, which are then forgotten."""
        points = self._points([each.crops for each in waiting])
        if self.second_pass and points:
            points = self._points(
                [
                    self.crop(each.image, landmark_bounds(found))
                    for each, (found, _) in zip(waiting, points)
                ]
            )
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

    def _points(self, crops: Sequence[Crops]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Points ``(N, K, 2)`` in pixels of the image and scores ``(N, K)``
        for the crops of each image."""
        if not crops:
            return []
        pixels, centers, sides = (np.concatenate(each) for each in zip(*crops))
        points, scores = self._batches(pixels)
        size = np.array(self.network.input_size, points.dtype)
        points = points / size * sides[:, None] + (centers - 0.5 * sides)[:, None]
        ends = np.cumsum([len(each.centers) for each in crops])[:-1]
        return list(zip(np.split(points, ends), np.split(scores, ends)))

    def _batches(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
    """The images of a folder or a list; None if it is one image."""
    if isinstance(images, (str, os.PathLike)):
        return images_in(images) if Path(images).is_dir() else None
    single = isinstance(images, (bytes, bytearray, memoryview, np.ndarray))
    if single or hasattr(images, 'getexif') or not hasattr(images, '__iter__'):
        return None
    return images


_NO_MORE = object()


def _with_boxes(
    images: Iterable[ImageLike], boxes: Iterable[Sequence] | None
) -> Iterator[tuple[ImageLike, Sequence | None]]:
    if boxes is None:
        for each in images:
            yield each, None
        return
    boxes, number = iter(boxes), 0
    for number, each in enumerate(images, 1):
        given = next(boxes, _NO_MORE)
        if given is _NO_MORE:
            raise ValueError(
                f'expected boxes for each image, got {number - 1}'
                f' arrays of boxes; {name_of(each)} has none'
            )
        yield each, given
    if next(boxes, _NO_MORE) is not _NO_MORE:
        raise ValueError(f'got more arrays of boxes than the {number} images')


def _checked(boxes: Sequence, name: str) -> np.ndarray:
    """Boxes of the user with a score ``(N, 5)``."""
    try:
        boxes = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f'{name}: expected boxes (N, 4) of numbers') from None
    if not boxes.size:
        return np.empty((0, 5))
    if boxes.ndim != 2 or boxes.shape[1] not in (4, 5):
        raise ValueError(
            f'{name}: expected boxes (N, 4), left, top, right and bottom, got '
            f'an array of shape {boxes.shape}'
        )
    wrong = ~(np.isfinite(boxes).all(1) & (boxes[:, 2:4] > boxes[:, :2]).all(1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f'{name}: box {row} is {boxes[row, :4].tolist()}, expected left < '
            'right and top < bottom'
        )
    if boxes.shape[1] == 4:
        boxes = np.column_stack((boxes, np.ones(len(boxes))))
    return boxes
