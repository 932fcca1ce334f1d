# SPDX-License-Identifier: Apache-2.0
"""Effects of light and camera on a picture."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Callable

import cv2
import numpy as np

from .render import Light


def sample_light(rng: np.random.Generator, harsh: bool) -> Light:
    """Sample light as in most photographs, or difficult light.

    Args:
        rng (np.random.Generator): Source of the choices.
        harsh (bool): Whether the light is strong and from the side, above or
            below.
    """
    if harsh:
        side = rng.choice((-1, 1))
        toward = np.array(
            [side * rng.uniform(0.5, 1.2), rng.uniform(-0.8, 0.9), rng.uniform(-0.2, 0.5)]
        )
        key, ambient = rng.uniform(1, 1.7), rng.uniform(0.1, 0.3)
    else:
        toward = np.array([rng.normal(0, 0.6), rng.normal(-0.5, 0.4), 1])
        key, ambient = rng.uniform(0.25, 0.85), rng.uniform(0.35, 0.75)
    warmth = rng.normal(0, 0.16 if harsh else 0.05)
    tint = np.array([1 - warmth, 1, 1 + warmth])
    return Light(
        toward / np.linalg.norm(toward),
        key * tint,
        ambient * (2 - tint),
        rng.uniform(0, 0.4),
        rng.uniform(0, 0.22),
    )


def expose(image: np.ndarray, rng: np.random.Generator, harsh: bool) -> np.ndarray:
    """Change exposure, contrast and colour of a picture, uint8."""
    gamma = np.exp(rng.normal(0, 0.15))
    gain = np.exp(rng.normal(0, 0.12, 3) * (1, 0.6, 1))
    if harsh:
        kind = rng.integers(3)
        gain = gain * (rng.uniform(0.35, 0.7), rng.uniform(1.5, 2.4), 1)[kind]
    levels = np.arange(256)[:, None] / 255
    curve = np.clip(levels**gamma * gain, 0, 1) * 255
    image = cv2.LUT(image, curve.astype(np.uint8)[:, None])
    if rng.random() < 0.06:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    return image


def cast_shadow(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the shadow of something outside the picture, with a straight edge."""
    size = len(image)
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.75)
    x, y = np.ogrid[:size, :size]
    offset = rng.uniform(-0.2, 0.2) * size
    distance = (x - size / 2) * np.cos(angle) + (y - size / 2) * np.sin(angle) + offset
    soft = np.clip(distance / rng.uniform(2, size / 10) + 0.5, 0, 1)
    factor = (1 - strength * soft).astype(np.float32)[..., None]
    return (image * factor).astype(np.uint8)


def defocus(image: np.ndarray, rng: np.random.Generator, strong: bool) -> np.ndarray:
    """Blur by defocus; if strong, by defocus, motion or a low resolution."""
    unit = len(image) / 256
    if not strong:
        sigma = abs(rng.normal(0, 0.7)) * unit
        return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.3 else image
    ways: Sequence[Callable[[], np.ndarray]] = (
        lambda: cv2.GaussianBlur(image, (0, 0), rng.uniform(2.5, 5) * unit),
        lambda: _motion_blur(image, rng.uniform(11, 24) * unit, rng.uniform(0, np.pi)),
        lambda: _lower_resolution(image, rng.uniform(4.5, 8) * unit),
    )
    return ways[rng.integers(len(ways))]()


def _motion_blur(image: np.ndarray, length: float, angle: float) -> np.ndarray:
    size = int(length) | 1
    kernel = np.zeros((size, size), np.float32)
    arm = np.array([np.cos(angle), np.sin(angle)]) * size / 2
    start, end = size // 2 - arm, size // 2 + arm
    cv2.line(
        kernel,
        tuple(np.rint(start).astype(int).tolist()),
        tuple(np.rint(end).astype(int).tolist()),
        (1,),
    )
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _lower_resolution(image: np.ndarray, factor: float) -> np.ndarray:
    size = max(8, int(len(image) / factor))
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1])


@lru_cache(maxsize=1)
def _grain() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 1, (1 << 20) + (1 << 16)).astype(np.float32)


def store(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add sensor noise and, in half of the pictures, JPEG artefacts."""
    strength = rng.exponential(3)
    if strength > 1:
        start = rng.integers(1 << 16)
        # Repeated if the image is larger than the stored noise.
        grain = np.resize(_grain()[start : start + image.size], image.shape)
        image = cv2.addWeighted(image, 1, grain, min(strength, 14), 0, dtype=cv2.CV_8U)
    if rng.random() < 0.5:
        quality = int(rng.uniform(25, 95))
        _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image
