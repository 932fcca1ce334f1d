# SPDX-License-Identifier: Apache-2.0
"""What the head is painted with: skin, features, hair, make-up."""
from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from .atlas import (SIZE, Region, beard, forehead, hairiness, hollows, noise,
                    regions, strands)
from .drawing import SHIFT, fixed

# Skin from light to dark.
_SKIN = np.array([(.74, .82, .95), (.64, .74, .91), (.52, .64, .84),
                  (.42, .54, .74), (.32, .43, .62), (.22, .31, .48),
                  (.14, .19, .31)])
_HAIR = np.array([(.05, .05, .06), (.08, .10, .15), (.10, .16, .25),
                  (.18, .28, .42), (.35, .52, .68), (.55, .70, .82),
                  (.12, .22, .48), (.55, .56, .58), (.85, .86, .88)])
_IRIS = np.array([(.10, .16, .26), (.08, .22, .36), (.18, .34, .40),
                  (.55, .45, .32), (.42, .48, .40), (.06, .09, .13)])
_LIPSTICK = np.array([(.15, .08, .75), (.30, .10, .60), (.50, .25, .85),
                      (.12, .05, .35), (.20, .25, .85), (.45, .10, .55)])
_SHADOW = np.array([(.55, .25, .30), (.35, .30, .55), (.15, .12, .12),
                    (.60, .45, .15), (.30, .45, .25), (.25, .45, .65)])


def _cut(pool: np.ndarray,
         rng: np.random.Generator,
         size: Tuple[int, int] = SIZE) -> np.ndarray:
    y, x = rng.integers(0, np.array(pool.shape) - size)
    return pool[y:y + size[0], x:x + size[1]]


def _between(colors: np.ndarray, t: float) -> np.ndarray:
    """The colour at ``t`` from 0 to 1 of a ramp."""
    t = t * (len(colors) - 1)
    i = min(int(t), len(colors) - 2)
    return colors[i] + (colors[i + 1] - colors[i]) * (t - i)


@dataclass(frozen=True)
class Painting:
    """A painted head.

    Args:
        texture (np.ndarray): ``(3, *SIZE)``.
        skin (np.ndarray): Colour for what else shows skin.
        hair (np.ndarray): Colour for what else shows hair.
        covered (np.ndarray): ``SIZE``, how much hair or a cap covers.
    """

    texture: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    covered: np.ndarray


def paint(rng: np.random.Generator, pupils: np.ndarray, iris: np.ndarray,
          makeup: bool) -> Painting:
    """Paint a head.

    Args:
        rng (np.random.Generator): Decides on colours, hair and beard.
        pupils (np.ndarray): Left and right pupil, texture pixels ``(2, 2)``.
        iris (np.ndarray): Half axes of each iris ``(2, 2)``, texture pixels.
        makeup (bool): Whether the face wears strong make-up.
    """
    skin = _between(_SKIN, rng.beta(1.1, 1.6))
    skin = skin * rng.normal(1, .04, 3) * rng.uniform(.9, 1.05)
    hair_color = _HAIR[rng.integers(len(_HAIR))] * rng.uniform(.7, 1.2)
    texture = _skin(rng, skin)
    _paint_lines(texture, rng)
    if rng.random() < .3 and not makeup:
        _paint_beard(texture, rng, hair_color)
    _paint_lips(texture, rng, skin, makeup)
    if makeup:
        _paint_makeup(texture, rng)
    _paint_brows(texture, rng, hair_color, makeup)
    _paint_eyes(texture, rng, pupils, iris, makeup)
    covered = _cover(texture, rng, hair_color)
    return Painting(texture, skin, hair_color, covered)


def _mix(texture: np.ndarray, color: np.ndarray, grain: np.ndarray,
         alpha: np.ndarray) -> None:
    """Lay a grained colour over the whole texture, in place."""
    texture *= 1 - alpha
    shown = alpha * grain
    for plane, value in zip(texture, color):
        plane += shown * np.float32(value)


def _skin(rng: np.random.Generator, color: np.ndarray) -> np.ndarray:
    spots = np.float32(rng.uniform(.01, .06)) * _cut(noise(), rng)
    spots += 1
    texture = np.multiply.outer(color.astype(np.float32), spots * hollows())
    red = np.array([.75, .8, 1.05], np.float32)
    for side in ('left', 'right'):
        regions()[f'{side}_blush'].paint(texture, color * red,
                                         rng.uniform(0, .5))
    return texture


def _paint_lines(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Folds and wrinkles, darker with age."""
    age = rng.beta(1.2, 2.5)
    parts = regions()
    for name, most in (('fold', .55), ('bag', .45), ('wing', .5)):
        strength = most * (.25 + age) * rng.uniform(.5, 1)
        for side in ('left', 'right'):
            region = parts[f'{side}_{name}']
            region.darken(texture, .55, strength)
    for i in range(3):
        region = parts[f'wrinkle_{i}']
        region.darken(texture, .65, max(0, age - .35) * rng.uniform(.3, 1))
    for side in ('left', 'right'):
        region = parts[f'{side}_nostril']
        region.darken(texture, .22, .95)


def _paint_beard(texture: np.ndarray, rng: np.random.Generator,
                 color: np.ndarray) -> None:
    whiskers, moustache = beard()
    kind = rng.choice(3, p=(.5, .25, .25))
    alpha = (whiskers + moustache, moustache, whiskers)[kind]
    density = rng.uniform(.15, .95)
    grain = 1 + np.float32(.5) * _cut(strands(), rng)
    alpha = np.clip(alpha * np.float32(density) * grain, 0, 1)
    _mix(texture, color, np.ones_like(alpha), alpha)


def _paint_lips(texture: np.ndarray, rng: np.random.Generator,
                skin: np.ndarray, makeup: bool) -> None:
    parts = regions()
    natural = skin * (.72, .66, .92) * rng.uniform(.85, 1.1)
    if makeup:
        color = _LIPSTICK[rng.integers(len(_LIPSTICK))]
        parts['lips'].paint(texture, color * rng.uniform(.7, 1.2),
                            rng.uniform(.7, .95))
    else:
        parts['lips'].paint(texture, natural, rng.uniform(.4, .95))
    parts['lip_line'].paint(texture, skin * .55, rng.uniform(0, .4))
    parts['mouth'].paint(texture, (.06, .05, .16 + rng.uniform(0, .1)))
    if rng.random() < .8:
        parts['teeth'].paint(texture,
                             np.array((.72, .84, .88)) * rng.uniform(.7, 1.1))
    parts['mouth_line'].paint(texture, skin * (.2, .18, .3), .8)


def _paint_makeup(texture: np.ndarray, rng: np.random.Generator) -> None:
    parts = regions()
    shadow = _SHADOW[rng.integers(len(_SHADOW))]
    shadow_strength, blush = rng.uniform(.35, .85), rng.uniform(.2, .6)
    liner = rng.uniform(.5, 1)
    for side in ('left', 'right'):
        parts[f'{side}_shadow'].paint(texture, shadow, shadow_strength)
        parts[f'{side}_blush'].paint(texture, (.45, .40, .80), blush)
        parts[f'{side}_liner'].paint(texture, (.04, .04, .05), liner)


def _paint_brows(texture: np.ndarray, rng: np.random.Generator,
                 color: np.ndarray, makeup: bool) -> None:
    density = rng.uniform(.75, 1) if makeup else rng.uniform(.35, .98)
    color = color * rng.uniform(.5, .9)
    for side in ('left', 'right'):
        region = regions()[f'{side}_brow']
        grain = _cut(strands(), rng, region.alpha.shape)
        region.paint(texture, color, np.clip(density * (1 + .3 * grain), 0, 1))


def _paint_eyes(texture: np.ndarray, rng: np.random.Generator,
                pupils: np.ndarray, iris: np.ndarray, makeup: bool) -> None:
    parts = regions()
    color = _IRIS[rng.integers(len(_IRIS))] * rng.uniform(.7, 1.2)
    white = np.array((.80, .84, .88)) * rng.uniform(.75, 1.08)
    pupil_size = rng.uniform(.35, .6)
    lashes = .95 if makeup else rng.uniform(.5, .9)
    crease = rng.uniform(0, .6)
    glint = rng.uniform(-.45, .45, 2) - (0, .2)
    for i, side in enumerate(('left', 'right')):
        eye = parts[f'{side}_eye']
        ball = np.empty((*eye.alpha.shape, 3), np.float32)
        ball[:] = white
        _draw_iris(ball, pupils[i] - _corner(eye), iris[i], color, pupil_size,
                   glint)
        eye.paint(texture, ball.transpose(2, 0, 1))
        region = parts[f'{side}_crease']
        region.darken(texture, .5, crease)
        parts[f'{side}_lid_shade'].paint(texture, (.10, .10, .14), .3)
        parts[f'{side}_upper_lid'].paint(texture, (.05, .05, .07), lashes)
        region = parts[f'{side}_lower_lid']
        region.darken(texture, .35, lashes * .6)


def _corner(region: Region) -> Tuple[int, int]:
    rows, columns = region.window
    return columns.start, rows.start


def _draw_iris(ball: np.ndarray, center: np.ndarray, axes: np.ndarray,
               color: np.ndarray, pupil: float, glint: np.ndarray) -> None:
    for size, shade in ((1., color * .45), (.88, color), (pupil, color * .08)):
        _ellipse(ball, center, axes * size, shade)
    _ellipse(ball, center + axes * glint, np.maximum(axes * .2, .5),
             np.ones(3))


def _ellipse(image: np.ndarray, center: np.ndarray, axes: np.ndarray,
             color: np.ndarray) -> None:
    cv2.ellipse(image, tuple(fixed(center).tolist()),
                tuple(fixed(axes).tolist()), 0, 0, 360, tuple(color.tolist()),
                -1, cv2.LINE_AA, SHIFT)


def _cover(texture: np.ndarray, rng: np.random.Generator,
           hair: np.ndarray) -> np.ndarray:
    """Paint hair or a cap; returns how much it covers, ``SIZE``."""
    kind = rng.choice(('bald', 'cap', 'fringe', 'hair'), p=(.08, .1, .17, .65))
    if kind == 'bald':
        return np.zeros(SIZE, np.float32)
    lower = rng.normal(4, 9) + (kind == 'fringe') * rng.uniform(20, 48)
    edge = hairiness() + np.float32(lower) * forehead()
    if kind == 'cap':
        alpha = np.clip(edge + .5, 0, 1)
        _mix(texture, rng.uniform(.05, .95, 3), np.ones_like(alpha), alpha)
        return alpha
    edge += np.float32(rng.uniform(2, 7)) * _cut(strands(), rng)
    alpha = np.clip(edge / np.float32(rng.uniform(3, 9)) + .5, 0, 1)
    alpha *= np.float32(rng.uniform(.85, 1))
    _mix(texture, hair, 1 + np.float32(.35) * _cut(strands(), rng), alpha)
    return alpha
