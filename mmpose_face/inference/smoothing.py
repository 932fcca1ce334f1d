# SPDX-License-Identifier: Apache-2.0
"""The landmarks of a face in a video without their jitter; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .one_euro import OneEuro, OneEuroFilter


@dataclass(frozen=True)
class Smoothing:
    """How much a face's motion and its shape are smoothed.

    The defaults were chosen on synthetic faces that move and talk
    (docs/en/video.md).

    Args:
        motion (OneEuro): Of where the face is, how it is turned in the plane
            and how large it is.
        shape (OneEuro): Of each point on the face.
    """

    motion: OneEuro = OneEuro(0.5, 25.0, 3.0)
    shape: OneEuro = OneEuro(0.5, 10.0)


class FaceSmoother:
    """A One-Euro filter for each point of a face, and one for the motion that
    all points share.

    The jitter of a network is for the larger part one of the whole face, but
    the mean of all points has little noise, so that its speed is known well:
    the face as a whole can be followed closely where it moves, while its
    points are smoothed much relative to it. Speeds are in sizes of the face a
    second, so that small and large faces are smoothed alike; the size is
    twice the root mean square of the points' distances from their middle.

    Args:
        smoothing (Smoothing): How much.
    """

    def __init__(self, smoothing: Smoothing = Smoothing()) -> None:
        self._place = OneEuroFilter(smoothing.motion)
        self._turn = OneEuroFilter(smoothing.motion)
        self._points = OneEuroFilter(smoothing.shape)
        self._shape: np.ndarray | None = None

    def __call__(self, points: np.ndarray, time: float) -> np.ndarray:
        """The points of the next frame, smoothed.

        Args:
            points (np.ndarray): ``(K, 2)`` in pixels, finite and not all the
                same.
            time (float): When the frame was, in seconds; later than the last.

        Returns:
            np.ndarray: ``(K, 2)`` in pixels; those of the first frame as they
            are.

        Raises:
            ValueError: If time does not grow.
        """
        places = points[:, 0] + 1j * points[:, 1]
        if self._shape is None:
            centred = places - places.mean()
            self._shape = centred / (2 * (np.abs(centred) ** 2).mean() ** 0.5)
        turn, place = similarity(self._shape, places)
        shape = (places - place) / turn
        self._shape = self._points(shape, time)
        turn = self._turn(turn, time, abs(turn))
        place = self._place(place, time, abs(turn))
        smooth = turn * self._shape + place
        return np.stack((smooth.real, smooth.imag), 1)


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[complex, complex]:
    """The turn, scale and shift that take points closest to others, by least
    squares.

    Args:
        source (np.ndarray): ``(K, )``, complex, not all the same.
        target (np.ndarray): ``(K, )``, complex.

    Returns:
        tuple[complex, complex]: a and b of ``target ≈ a * source + b``.
    """
    from_middle = source - source.mean()
    turn = np.vdot(from_middle, target) / np.vdot(from_middle, from_middle).real
    return turn, target.mean() - turn * source.mean()
