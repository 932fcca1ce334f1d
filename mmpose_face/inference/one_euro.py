# SPDX-License-Identifier: Apache-2.0
"""The One-Euro filter, on arrays; NumPy only.

Casiez, Roussel and Vogel, "1 EUR Filter: A Simple Speed-based Low-pass Filter
for Noisy Input in Interactive Systems", CHI 2012. With the time Te since the
last sample::

    α(fc) = 1 / (1 + τ / Te),  τ = 1 / (2 π fc)
    dx̂ = α(fc_d) (x - x̂_last) / Te + (1 - α(fc_d)) dx̂_last
    fc = fc_min + β |dx̂|
    x̂ = α(fc) x + (1 - α(fc)) x̂_last

so that what rests is smoothed much, and what moves lags little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OneEuro:
    """How much is smoothed.

    Args:
        min_cutoff (float): fc_min, the cutoff frequency of what rests, in Hz;
            lower is smoother.
        beta (float): β, by how many Hz it rises for each unit of size a
            second; higher is less lag.
        speed_cutoff (float): fc_d, that of the speed itself, in Hz. Defaults
            to 1, as in the paper.

    Raises:
        ValueError: If a cutoff is not positive, or β negative.
    """

    min_cutoff: float
    beta: float
    speed_cutoff: float = 1.0

    def __post_init__(self) -> None:
        cutoffs = self.min_cutoff > 0 and self.speed_cutoff > 0
        if not (cutoffs and self.beta >= 0):
            raise ValueError(f'expected positive cutoffs and a beta of 0 or more, got {self}')


class OneEuroFilter:
    """Smooths arrays of one shape, each number for itself.

    Points of a plane are complex numbers, so that their speed is that of the
    point and not of a coordinate.

    Args:
        settings (OneEuro): How much.
    """

    def __init__(self, settings: OneEuro) -> None:
        self.settings = settings
        self._time: float | None = None

    def __call__(self, values: np.ndarray, time: float, size: float = 1.0) -> np.ndarray:
        """The next sample, smoothed; the first one is returned as it is.

        Args:
            values (np.ndarray): Real or complex numbers.
            time (float): When they were, in seconds; later than the last.
            size (float): What speeds are measured by, in the unit of the
                values: with the size of a face, small and large faces are
                smoothed alike. Defaults to 1.

        Returns:
            np.ndarray: Of the shape of ``values``.

        Raises:
            ValueError: If time does not grow.
        """
        if self._time is None:
            self._speed = np.zeros_like(values)
            self._smooth = values
        else:
            since = time - self._time
            if not since > 0:
                raise ValueError(f'time must grow, got {time} s after {self._time} s')
            self._step(values, since, size)
        self._time = time
        return self._smooth

    def _step(self, values: np.ndarray, since: float, size: float) -> None:
        asked = self.settings
        speed = (values - self._smooth) / (since * size)
        share = smoothing_factor(asked.speed_cutoff, since)
        self._speed = share * speed + (1 - share) * self._speed
        cutoff = asked.min_cutoff + asked.beta * np.abs(self._speed)
        share = smoothing_factor(cutoff, since)
        self._smooth = share * values + (1 - share) * self._smooth


def smoothing_factor(cutoff: np.ndarray, since: float) -> np.ndarray:
    """The share of the new sample, α.

    Args:
        cutoff (np.ndarray): Cutoff frequencies in Hz, positive.
        since (float): Time since the last sample, in seconds.

    Returns:
        np.ndarray: Ratios.
    """
    return 1 / (1 + 1 / (2 * np.pi * cutoff * since))
