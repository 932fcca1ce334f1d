# SPDX-License-Identifier: Apache-2.0
"""The One-Euro filter for arrays; NumPy only.

Casiez, Roussel and Vogel, "1 EUR Filter: A Simple Speed-based Low-pass Filter
for Noisy Input in Interactive Systems", CHI 2012. With the time Te since the
last sample::

    α(fc) = 1 / (1 + τ / Te),  τ = 1 / (2 π fc)
    dx̂ = α(fc_d) (x - x̂_last) / Te + (1 - α(fc_d)) dx̂_last
    fc = fc_min + β |dx̂|
    x̂ = α(fc) x + (1 - α(fc)) x̂_last

so that points at rest are smoothed much, and moving points lag little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..arrays import Array


@dataclass(frozen=True)
class OneEuro:
    """The settings of a filter.

    Args:
        min_cutoff (float): fc_min, the cutoff frequency at rest, in Hz; a
            lower one smooths more.
        beta (float): β, the rise of the cutoff frequency with the speed, in
            Hz per unit of size a second; a higher one lags less.
        speed_cutoff (float): fc_d, the cutoff frequency of the speed itself,
            in Hz. Defaults to 1, as in the paper.

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
    """A filter that smooths each number of an array separately.

    Points of a plane are given as complex numbers, so that their speed is
    that of the point and not of one coordinate.

    Args:
        settings (OneEuro): The settings.
    """

    def __init__(self, settings: OneEuro) -> None:
        self.settings = settings
        self._time: float | None = None
        self._speed: Any
        self._smooth: Any

    def __call__(self, values: Array | complex, time: float, size: float = 1.0) -> Any:
        """The next sample, smoothed; the first one is returned as it is.

        Args:
            values (np.ndarray | complex): Real or complex numbers.
            time (float): Time of the sample in seconds; later than the last.
            size (float): Unit of size for the speed, in the unit of the
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

    def _step(self, values: Array | complex, since: float, size: float) -> None:
        settings = self.settings
        speed = (values - self._smooth) / (since * size)
        share = smoothing_factor(settings.speed_cutoff, since)
        self._speed = share * speed + (1 - share) * self._speed
        cutoff = settings.min_cutoff + settings.beta * np.abs(self._speed)
        shares = smoothing_factor(cutoff, since)
        self._smooth = shares * values + (1 - shares) * self._smooth


_Cutoff = TypeVar('_Cutoff', float, Array)


def smoothing_factor(cutoff: _Cutoff, since: float) -> _Cutoff:
    """The weight of the new sample, α.

    Args:
        cutoff (float | np.ndarray): Cutoff frequencies in Hz, positive.
        since (float): Time since the last sample, in seconds.

    Returns:
        float | np.ndarray: Ratios.
    """
    return 1 / (1 + 1 / (2 * np.pi * cutoff * since))
