# SPDX-License-Identifier: Apache-2.0
"""Images that cost what photographs cost: their spectrum falls as theirs."""

import numpy as np

# Grey levels of a photograph: mean, and standard deviation of brightness and
# of each colour's distance from it.
_MEAN, _BRIGHTNESS, _COLOUR = 118.0, 55.0, 14.0
# With JPEG's usual quality of 75 it makes files of about 115 kB, 1024 pixels
# wide, as WIDER FACE's are, from which WFLW's images come.
_POWER = 1.45


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """An image whose spectrum falls as that of a photograph: amplitudes go
    with a power of the inverse frequency, about 1 in sharp pictures (Field,
    J. Opt. Soc. Am. A 4, 1987), more in what lenses and compression have
    softened.

    Its left border goes on at the right one, and the upper at the lower.

    Args:
        height (int): In pixels.
        width (int): In pixels.
        seed (int): Number of the image.

    Returns:
        np.ndarray: (height, width, 3), uint8.
    """
    rng = np.random.default_rng(seed)
    noise = _shaped(rng.standard_normal((4, height, width)))
    channels = _MEAN + _BRIGHTNESS * noise[:1] + _COLOUR * noise[1:]
    levels = np.clip(np.rint(channels), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


def _shaped(noise: np.ndarray) -> np.ndarray:
    """White noise (N, H, W) with another spectrum, of deviation 1."""
    height, width = noise.shape[1:]
    y, x = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    frequency = np.hypot(y, x)
    frequency[0, 0] = np.inf  # no mean
    spectrum = np.fft.rfft2(noise) / frequency**_POWER
    shaped = np.fft.irfft2(spectrum, (height, width))
    return shaped / shaped.std((1, 2), keepdims=True)
