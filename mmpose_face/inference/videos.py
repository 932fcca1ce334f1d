# SPDX-License-Identifier: Apache-2.0
"""Frames read from video files and webcams, and written to video files; OpenCV
only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..arrays import Array
from ..files import PathLike, written_whole
from ..images.reading import read_image

# Suffixes of the files that are videos.
VIDEO_SUFFIXES = (
    '.avi',
    '.m4v',
    '.mjpeg',
    '.mkv',
    '.mov',
    '.mp4',
    '.mpeg',
    '.mpg',
    '.webm',
    '.wmv',
)

_DEFAULT_FPS = 25.0  # if a file or a camera gives none


@dataclass(frozen=True)
class Frame:
    """A frame of a video.

    Args:
        index (int): Number of the frame, from 0.
        time (float): Time of the frame in seconds; later than that of the
            frame before.
        image (np.ndarray): BGR ``(H, W, 3)``, uint8.
    """

    index: int
    time: float
    image: Array


class Video:
    """The frames of a file or of a webcam, to be read once.

    Args:
        source (str | PathLike | int): A video file, or the number of a
            webcam.

    Attributes:
        live (bool): Whether it is a webcam.
        name (str): The path of the file, or ``webcam`` and its number.
        fps (float): Frames a second according to the file or the camera; 25
            if it gives none.
        announced (int | None): Number of frames according to the file; None
            for a webcam, or if the file gives none.
        size (tuple[int, int]): Width and height according to the file or the
            camera, in pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If OpenCV cannot read it, or the webcam does not open.
    """

    def __init__(self, source: PathLike | int) -> None:
        self.live = isinstance(source, int)
        self.name = f'webcam {source}' if isinstance(source, int) else os.fspath(source)
        self._capture = _opened(source, self.name)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if np.isfinite(fps) and fps > 0 else _DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.announced = count if count > 0 and not self.live else None
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    def __iter__(self) -> Iterator[Frame]:
        """Read one frame after the other.

        Times are those of the file, or of the clock for a webcam. If a time
        of the file is not later than the one before, the frame comes
        ``1 / fps`` after it. If the size of the frames changes within a file,
        OpenCV usually scales them to the size of the first.

        Yields:
            Frame: The frames in turn.

        Raises:
            ValueError: If there is no frame.
        """
        index, last, started = 0, -1.0, time.monotonic()
        while True:
            found, image = self._capture.read()
            if not found:
                break
            now = (
                time.monotonic() - started
                if self.live
                else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            )
            # Bare streams have no times at all.
            if not (now >= 0 and now > last):
                now = last + 1 / self.fps if index else 0.0
            yield Frame(index, now, read_image(image, 'bgr'))
            index, last = index + 1, now
        if not index:
            raise ValueError(f'{self.name} has no frame that OpenCV can read')

    def close(self) -> None:
        """Close the file or the camera."""
        self._capture.release()

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(source: PathLike | int, name: str) -> cv2.VideoCapture:
    if isinstance(source, int):
        capture = cv2.VideoCapture(source)
        if not capture.isOpened():
            raise ValueError(
                f'{name} cannot be opened: expected the number '
                'of a camera that is there and not in use'
            )
        return capture
    if os.path.isdir(source):
        raise ValueError(f'{name} is a folder, not a video file')
    if not os.path.isfile(source):
        raise FileNotFoundError(f'video {name} not found')
    # FFmpeg only: other backends read numbers in a name as those of images.
    capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise ValueError(f'{name} is no video that OpenCV can read')
    return capture


class VideoFile:
    """A video that is being written; see :func:`video_file`.

    Attributes:
        size (tuple[int, int] | None): Width and height in pixels, those of
            the first frame; None before it.
        fitted (int): Number of frames of another size.
    """

    def __init__(self, path: str, fps: float) -> None:
        self._path, self._fps = path, fps
        self._writer: cv2.VideoWriter | None = None
        self.size: tuple[int, int] | None = None
        self.fitted = 0

    def write(self, image: Array) -> None:
        """Add a frame, BGR ``(H, W, 3)`` of uint8. A frame of another size
        than the first is scaled to fit into it, on black."""
        height, width = image.shape[:2]
        if self._writer is None or self.size is None:
            self.size = width, height
            self._writer = cv2.VideoWriter(
                self._path, cv2.VideoWriter.fourcc(*'mp4v'), self._fps, self.size
            )
            if not self._writer.isOpened():
                raise ValueError(
                    f'OpenCV {cv2.__version__} cannot write {self._path} of {self.size} pixels'
                )
        if (width, height) != self.size:
            # OpenCV would drop it silently.
            image = fit(image, self.size)
            self.fitted += 1
        self._writer.write(image)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()


@contextmanager
def video_file(path: PathLike, fps: float) -> Iterator[VideoFile]:
    """Write a video without sound, whole or not at all.

    Args:
        path (str | PathLike): The file, whose name ends in ``.mp4``.
        fps (float): Frames a second.

    Yields:
        VideoFile: Takes the frames.

    Raises:
        ValueError: If the name ends in anything else, there is no frame, or
            OpenCV cannot write the file.
    """
    if Path(path).suffix.lower() != '.mp4':
        raise ValueError(f'{path}: expected a name that ends in .mp4')
    with written_whole(path) as partial:
        # OpenCV takes the format from the suffix.
        draft = Path(f'{partial}.mp4')
        file = VideoFile(str(draft), fps)
        try:
            yield file
            file.close()
            if file.size is None:
                raise ValueError(f'{path}: no frame to write')
            os.replace(draft, partial)
        finally:
            file.close()
            draft.unlink(missing_ok=True)


def fit(image: Array, size: tuple[int, int]) -> Array:
    """An image scaled to fit into a frame, in the middle of it.

    Args:
        image (np.ndarray): ``(H, W, 3)``.
        size (tuple[int, int]): Width and height of the frame in pixels.

    Returns:
        np.ndarray: The frame, of that size, black beside the image.
    """
    height, width = image.shape[:2]
    factor = min(size[0] / width, size[1] / height)
    scaled = cv2.resize(
        image,
        [max(1, round(width * factor)), max(1, round(height * factor))],
        interpolation=cv2.INTER_AREA,
    )
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    h, w = scaled.shape[:2]
    y, x = (size[1] - h) // 2, (size[0] - w) // 2
    canvas[y : y + h, x : x + w] = scaled
    return canvas
