# SPDX-License-Identifier: Apache-2.0
"""Smoothing of a face's landmarks in a video; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .one_euro import OneEuro, OneEuroFilter


@dataclass(frozen=True)
class Smoothing:
    """The settings for the motion and the shape of a face.

    The defaults were chosen on synthetic faces that move and talk
    (docs/en/video.md).

    Args:
        motion (OneEuro): For the position, the rotation in the plane and the
            size of the face.
        shape (OneEuro): For each point relative to the face.
    """

    motion: OneEuro = OneEuro(0.5, 25.0, 3.0)
    shape: OneEuro = OneEuro(0.5, 10.0)


class FaceSmoother:
    """A One-Euro filter for each point of a face, and one for the common
    motion of all points.

    Most of the jitter of a network is a motion of the whole face. But the
    mean of all points has little noise, so that its speed is known well: the
    face as a whole can be followed closely where it moves, while its points
    are smoothed much relative to it. Speeds are in sizes of the face a
    second, so that small and large faces are smoothed alike; the size is
    twice the root mean square of the points' distances from their middle.

    Args:
        smoothing (Smoothing): The settings.
    """

    def __init__(self, smoothing: Smoothing = Smoothing()) -> None:
        self._place = OneEuroFilter(smoothing.motion)
        self._turn = OneEuroFilter(smoothing.motion)
        self._points = OneEuroFilter(smoothing.shape)
        self._shape: Array | None = None  # relative to the face, complex

    def __call__(self, points: Array, time: float) -> Array:
        """The points of the next frame, smoothed.

        Args:
            points (np.ndarray): ``(K, 2)`` in pixels, finite and not all the
                same.
            time (float): Time of the frame in seconds; later than the last.

        Returns:
            np.ndarray: ``(K, 2)`` in pixels; the points of the first frame
            are not changed.

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


def similarity(source: Array, target: Array) -> tuple[complex, complex]:
    """The rotation, scale and shift between two sets of points, by least
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
