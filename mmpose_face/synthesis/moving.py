# SPDX-License-Identifier: Apache-2.0
"""A synthetic face that moves and talks, with its exact landmarks in every
frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ..landmarks import WFLW98
from .face import SyntheticFace, render_face

_PICTURE = 320  # side of the face's picture in pixels, before it moves
_TURN, _GROW = 10.0, 0.12  # largest turn in degrees, and change of size
_WAY = 0.25, 0.12  # largest way from the middle, shares of the frame's sides
_SYLLABLES = 3.5  # per second
_OPENING = 0.035  # largest opening of the mouth, a share of the picture
_REACH = 0.11  # size of the part that moves with the lower lip, a share of the picture
_PERIOD = 4.0  # seconds from one rest of the face to the next


@dataclass(frozen=True)
class MovingFace:
    """Frames of one face with known motion.

    The picture of :func:`~.face.render_face` is moved, turned and scaled by
    slow sines, with rests between, and the lower lip opens and closes. Each
    frame has its own noise. The same arguments give the same frames.

    Args:
        seed (int): Number of the collection of faces.
        index (int): Number of the face in it.
        frames (int): Number of frames. Defaults to 200.
        fps (float): Frames per second. Defaults to 25.
        size (tuple[int, int]): Width and height of a frame in pixels.
            Defaults to (480, 360).
        speed (float): 1 for a calm head, which moves by up to one inter-ocular
            distance per second; 0 for a head at rest. Defaults to 1.
        talking (bool): Whether the mouth moves. Defaults to True.
        noise (float): Standard deviation of the noise in grey levels.
            Defaults to 5.

    Raises:
        ValueError: If a number is out of its range.
    """

    seed: int
    index: int
    frames: int = 200
    fps: float = 25.0
    size: tuple[int, int] = (480, 360)
    speed: float = 1.0
    talking: bool = True
    noise: float = 5.0

    def __post_init__(self) -> None:
        if self.frames < 1 or not self.fps > 0:
            raise ValueError(
                f'expected one or more frames at a positive rate, got {self.frames} and {self.fps}'
            )
        if self.speed < 0 or self.noise < 0:
            raise ValueError(
                f'speed and noise must not be negative, got {self.speed} and {self.noise}'
            )

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Render the frames.

        Yields:
            tuple[np.ndarray, np.ndarray]: The image, BGR ``(H, W, 3)`` of
            uint8, and WFLW's points ``(98, 2)`` on it in pixels.
        """
        face, lip = self._face()
        rng = np.random.default_rng((self.seed, self.index, 2))
        for truth, matrix, opening in zip(self.truth(), *self._motion()):
            image = _render_frame(face.image, matrix, lip, opening, self.size)
            yield _with_noise(image, self.noise, rng), truth

    def truth(self) -> np.ndarray:
        """The true points of all frames ``(T, 98, 2)`` in pixels, without
        their images."""
        face, lip = self._face()
        return np.stack(
            [
                _to_frame(face.keypoints, matrix, lip, opening)
                for matrix, opening in zip(*self._motion())
            ]
        )

    def _face(self) -> tuple[SyntheticFace, np.ndarray]:
        """The picture, and the place of its lower lip ``(2,)``."""
        face = render_face(self.seed, self.index, _PICTURE, ())
        return face, face.keypoints[WFLW98.index['lower_lip_inner']]

    def _motion(self) -> tuple[np.ndarray, np.ndarray]:
        """Matrices ``(T, 2, 3)`` from pixels of the picture to those of each
        frame, and the opening of the mouth in pixels of the picture ``(T, )``."""
        rng = np.random.default_rng((self.seed, self.index, 1))
        times = np.arange(self.frames) / self.fps
        pace = np.maximum(0, np.sin(2 * np.pi * (times / _PERIOD - 0.1)))
        way = 2 * np.pi * self.speed * np.cumsum(pace) / self.fps
        # Right, down, turn and size each have two sines.
        rates = rng.uniform(0.2, 0.5, (4, 2))
        phases = rng.uniform(0, 2 * np.pi, (4, 2))
        right, down, turn, grow = np.sin(rates[..., None] * way + phases[..., None]).mean(1)
        width, height = self.size
        angle = np.deg2rad(_TURN) * turn
        scale = min(self.size) / _PICTURE * (1 + _GROW * grow)
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        linear = np.stack((np.stack((cos, -sin), -1), np.stack((sin, cos), -1)), 1)
        middle = np.stack((width * (0.5 + _WAY[0] * right), height * (0.5 + _WAY[1] * down)), -1)
        offset = middle - linear @ np.full(2, _PICTURE / 2)
        # Each syllable opens and closes the mouth once; words have pauses between.
        said = np.sin(np.pi * _SYLLABLES * times) ** 2
        loud = np.sin(np.pi * times / _PERIOD) ** 2 * self.talking
        openings = _PICTURE * _OPENING * said * loud
        return np.concatenate((linear, offset[..., None]), 2), openings


def _lip_weight(points: np.ndarray, lip: np.ndarray) -> np.ndarray:
    """How far points ``(..., 2)`` of the picture follow the lip, from 0 to 1."""
    reach = _REACH * _PICTURE
    # The pull is centred below the lip, so that the upper lip stays.
    away = (points - lip - (0, reach)) / reach
    return np.exp(-(away**2).sum(-1))


def _to_frame(
    points: np.ndarray, matrix: np.ndarray, lip: np.ndarray, opening: float
) -> np.ndarray:
    """Map points of the picture to the frame."""
    points = points.copy()
    points[:, 1] += opening * _lip_weight(points, lip)
    return points @ matrix[:, :2].T + matrix[:, 2]


def _render_frame(
    picture: np.ndarray, matrix: np.ndarray, lip: np.ndarray, opening: float, size: tuple[int, int]
) -> np.ndarray:
    """Render a frame: look each of its pixels up in the picture."""
    back = np.linalg.inv(matrix[:, :2])
    grid = np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), -1)
    target = (grid - matrix[:, 2]) @ back.T
    # Find the source of each target by fixed-point iteration, which converges
    # since the pull changes more slowly than the place.
    source = target.copy()
    for _ in range(12 if opening else 0):
        source[..., 1] = target[..., 1] - opening * _lip_weight(source, lip)
    source = source.astype(np.float32)
    return cv2.remap(  # type: ignore[call-overload]  # OpenCV's stubs know no None here
        picture, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _with_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    noisy = image + rng.normal(0, sigma, image.shape)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)
