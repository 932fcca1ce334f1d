# SPDX-License-Identifier: Apache-2.0
"""Painting of the head's texture: skin, features, hair, make-up."""

from dataclasses import dataclass

import cv2
import numpy as np

from .atlas import SIZE, Region, beard, forehead, hairiness, hollows, noise, regions, strands
from .subpixel import SHIFT, fixed

# Colours are BGR. Skin from light to dark.
_SKIN = np.array(
    [
        (0.74, 0.82, 0.95),
        (0.64, 0.74, 0.91),
        (0.52, 0.64, 0.84),
        (0.42, 0.54, 0.74),
        (0.32, 0.43, 0.62),
        (0.22, 0.31, 0.48),
        (0.14, 0.19, 0.31),
    ]
)
_HAIR = np.array(
    [
        (0.05, 0.05, 0.06),
        (0.08, 0.10, 0.15),
        (0.10, 0.16, 0.25),
        (0.18, 0.28, 0.42),
        (0.35, 0.52, 0.68),
        (0.55, 0.70, 0.82),
        (0.12, 0.22, 0.48),
        (0.55, 0.56, 0.58),
        (0.85, 0.86, 0.88),
    ]
)
_IRIS = np.array(
    [
        (0.10, 0.16, 0.26),
        (0.08, 0.22, 0.36),
        (0.18, 0.34, 0.40),
        (0.55, 0.45, 0.32),
        (0.42, 0.48, 0.40),
        (0.06, 0.09, 0.13),
    ]
)
_LIPSTICK = np.array(
    [
        (0.15, 0.08, 0.75),
        (0.30, 0.10, 0.60),
        (0.50, 0.25, 0.85),
        (0.12, 0.05, 0.35),
        (0.20, 0.25, 0.85),
        (0.45, 0.10, 0.55),
    ]
)
_SHADOW = np.array(
    [
        (0.55, 0.25, 0.30),
        (0.35, 0.30, 0.55),
        (0.15, 0.12, 0.12),
        (0.60, 0.45, 0.15),
        (0.30, 0.45, 0.25),
        (0.25, 0.45, 0.65),
    ]
)


def _random_crop(
    pool: np.ndarray, rng: np.random.Generator, size: tuple[int, ...] = SIZE
) -> np.ndarray:
    y, x = rng.integers(0, np.array(pool.shape) - size)
    return pool[y : y + size[0], x : x + size[1]]


def _ramp_color(colors: np.ndarray, t: float) -> np.ndarray:
    """The colour of a ramp at ``t``, from 0 to 1."""
    t = t * (len(colors) - 1)
    i = min(int(t), len(colors) - 2)
    return colors[i] + (colors[i + 1] - colors[i]) * (t - i)


@dataclass(frozen=True)
class Painting:
    """A painted head.

    Args:
        texture (np.ndarray): ``(3, *SIZE)``.
        skin (np.ndarray): Colour of other skin, such as the neck.
        hair (np.ndarray): Colour of other hair.
        covered (np.ndarray): ``SIZE``, cover by hair or a cap, 0 to 1.
    """

    texture: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    covered: np.ndarray


def paint(rng: np.random.Generator, pupils: np.ndarray, iris: np.ndarray, makeup: bool) -> Painting:
    """Paint a head.

    Args:
        rng (np.random.Generator): Source of colours, hair and beard.
        pupils (np.ndarray): Left and right pupil, texture pixels ``(2, 2)``.
        iris (np.ndarray): Half axes of each iris ``(2, 2)``, texture pixels.
        makeup (bool): Whether the face wears strong make-up.
    """
    skin = _ramp_color(_SKIN, rng.beta(1.1, 1.6))
    skin = skin * rng.normal(1, 0.04, 3) * rng.uniform(0.9, 1.05)
    hair_color = _HAIR[rng.integers(len(_HAIR))] * rng.uniform(0.7, 1.2)
    texture = _skin(rng, skin)
    _paint_lines(texture, rng)
    if rng.random() < 0.3 and not makeup:
        _paint_beard(texture, rng, hair_color)
    _paint_lips(texture, rng, skin, makeup)
    if makeup:
        _paint_makeup(texture, rng)
    _paint_brows(texture, rng, hair_color, makeup)
    _paint_eyes(texture, rng, pupils, iris, makeup)
    covered = _paint_hair(texture, rng, hair_color)
    return Painting(texture, skin, hair_color, covered)


def _mix(texture: np.ndarray, color: np.ndarray, grain: np.ndarray, alpha: np.ndarray) -> None:
    """Mix a grained colour into the whole texture, in place."""
    texture *= 1 - alpha
    shown = alpha * grain
    for plane, value in zip(texture, color):
        plane += shown * np.float32(value)


def _skin(rng: np.random.Generator, color: np.ndarray) -> np.ndarray:
    spots = np.float32(rng.uniform(0.01, 0.06)) * _random_crop(noise(), rng)
    spots += 1
    texture = np.multiply.outer(color.astype(np.float32), spots * hollows())
    red = np.array([0.75, 0.8, 1.05], np.float32)
    for side in ('left', 'right'):
        regions()[f'{side}_blush'].paint(texture, color * red, rng.uniform(0, 0.5))
    return texture


def _paint_lines(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Folds and wrinkles, darker with age."""
    age = rng.beta(1.2, 2.5)
    parts = regions()
    for name, most in (('fold', 0.55), ('bag', 0.45), ('wing', 0.5)):
        strength = most * (0.25 + age) * rng.uniform(0.5, 1)
        for side in ('left', 'right'):
            region = parts[f'{side}_{name}']
            region.darken(texture, 0.55, strength)
    for i in range(3):
        region = parts[f'wrinkle_{i}']
        region.darken(texture, 0.65, max(0, age - 0.35) * rng.uniform(0.3, 1))
    for side in ('left', 'right'):
        region = parts[f'{side}_nostril']
        region.darken(texture, 0.22, 0.95)


def _paint_beard(texture: np.ndarray, rng: np.random.Generator, color: np.ndarray) -> None:
    whiskers, moustache = beard()
    kind = rng.choice(3, p=(0.5, 0.25, 0.25))
    alpha = (whiskers + moustache, moustache, whiskers)[kind]
    density = rng.uniform(0.15, 0.95)
    grain = 1 + np.float32(0.5) * _random_crop(strands(), rng)
    alpha = np.clip(alpha * np.float32(density) * grain, 0, 1)
    _mix(texture, color, np.ones_like(alpha), alpha)


def _paint_lips(
    texture: np.ndarray, rng: np.random.Generator, skin: np.ndarray, makeup: bool
) -> None:
    parts = regions()
    natural = skin * (0.72, 0.66, 0.92) * rng.uniform(0.85, 1.1)
    if makeup:
        color = _LIPSTICK[rng.integers(len(_LIPSTICK))]
        parts['lips'].paint(texture, color * rng.uniform(0.7, 1.2), rng.uniform(0.7, 0.95))
    else:
        parts['lips'].paint(texture, natural, rng.uniform(0.4, 0.95))
    parts['lip_line'].paint(texture, skin * 0.55, rng.uniform(0, 0.4))
    parts['mouth'].paint(texture, (0.06, 0.05, 0.16 + rng.uniform(0, 0.1)))
    if rng.random() < 0.8:
        parts['teeth'].paint(texture, np.array((0.72, 0.84, 0.88)) * rng.uniform(0.7, 1.1))
    parts['mouth_line'].paint(texture, skin * (0.2, 0.18, 0.3), 0.8)


def _paint_makeup(texture: np.ndarray, rng: np.random.Generator) -> None:
    parts = regions()
    shadow = _SHADOW[rng.integers(len(_SHADOW))]
    shadow_strength, blush = rng.uniform(0.35, 0.85), rng.uniform(0.2, 0.6)
    liner = rng.uniform(0.5, 1)
    for side in ('left', 'right'):
        parts[f'{side}_shadow'].paint(texture, shadow, shadow_strength)
        parts[f'{side}_blush'].paint(texture, (0.45, 0.40, 0.80), blush)
        parts[f'{side}_liner'].paint(texture, (0.04, 0.04, 0.05), liner)


def _paint_brows(
    texture: np.ndarray, rng: np.random.Generator, color: np.ndarray, makeup: bool
) -> None:
    density = rng.uniform(0.75, 1) if makeup else rng.uniform(0.35, 0.98)
    color = color * rng.uniform(0.5, 0.9)
    for side in ('left', 'right'):
        region = regions()[f'{side}_brow']
        grain = _random_crop(strands(), rng, region.alpha.shape)
        region.paint(texture, color, np.clip(density * (1 + 0.3 * grain), 0, 1))


def _paint_eyes(
    texture: np.ndarray,
    rng: np.random.Generator,
    pupils: np.ndarray,
    iris: np.ndarray,
    makeup: bool,
) -> None:
    parts = regions()
    color = _IRIS[rng.integers(len(_IRIS))] * rng.uniform(0.7, 1.2)
    white = np.array((0.80, 0.84, 0.88)) * rng.uniform(0.75, 1.08)
    pupil_size = rng.uniform(0.35, 0.6)
    lashes = 0.95 if makeup else rng.uniform(0.5, 0.9)
    crease = rng.uniform(0, 0.6)
    glint = rng.uniform(-0.45, 0.45, 2) - (0, 0.2)
    for i, side in enumerate(('left', 'right')):
        eye = parts[f'{side}_eye']
        ball = np.empty((*eye.alpha.shape, 3), np.float32)
        ball[:] = white
        _draw_iris(ball, pupils[i] - _corner(eye), iris[i], color, pupil_size, glint)
        eye.paint(texture, ball.transpose(2, 0, 1))
        region = parts[f'{side}_crease']
        region.darken(texture, 0.5, crease)
        parts[f'{side}_lid_shade'].paint(texture, (0.10, 0.10, 0.14), 0.3)
        parts[f'{side}_upper_lid'].paint(texture, (0.05, 0.05, 0.07), lashes)
        region = parts[f'{side}_lower_lid']
        region.darken(texture, 0.35, lashes * 0.6)


def _corner(region: Region) -> tuple[int, int]:
    rows, columns = region.window
    return columns.start, rows.start


def _draw_iris(
    ball: np.ndarray,
    center: np.ndarray,
    axes: np.ndarray,
    color: np.ndarray,
    pupil: float,
    glint: np.ndarray,
) -> None:
    for size, shade in ((1.0, color * 0.45), (0.88, color), (pupil, color * 0.08)):
        _ellipse(ball, center, axes * size, shade)
    _ellipse(ball, center + axes * glint, np.maximum(axes * 0.2, 0.5), np.ones(3))


def _ellipse(image: np.ndarray, center: np.ndarray, axes: np.ndarray, color: np.ndarray) -> None:
    cv2.ellipse(
        image,
        tuple(fixed(center).tolist()),
        tuple(fixed(axes).tolist()),
        0,
        0,
        360,
        tuple(color.tolist()),
        -1,
        cv2.LINE_AA,
        SHIFT,
    )


def _paint_hair(texture: np.ndarray, rng: np.random.Generator, hair: np.ndarray) -> np.ndarray:
    """Paint hair or a cap; return its cover, ``SIZE``, 0 to 1."""
    kind = rng.choice(('bald', 'cap', 'fringe', 'hair'), p=(0.08, 0.1, 0.17, 0.65))
    if kind == 'bald':
        return np.zeros(SIZE, np.float32)
    lower = rng.normal(4, 9) + (kind == 'fringe') * rng.uniform(20, 48)
    edge = hairiness() + np.float32(lower) * forehead()
    if kind == 'cap':
        alpha = np.clip(edge + 0.5, 0, 1)
        _mix(texture, rng.uniform(0.05, 0.95, 3), np.ones_like(alpha), alpha)
        return alpha
    edge += np.float32(rng.uniform(2, 7)) * _random_crop(strands(), rng)
    alpha = np.clip(edge / np.float32(rng.uniform(3, 9)) + 0.5, 0, 1)
    alpha *= np.float32(rng.uniform(0.85, 1))
    _mix(texture, hair, 1 + np.float32(0.35) * _random_crop(strands(), rng), alpha)
    return alpha
