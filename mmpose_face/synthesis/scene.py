# SPDX-License-Identifier: Apache-2.0
"""Backgrounds, and things in front of the face.

Objects are drawn on a :class:`Canvas` from points in head space, so that they
turn with the head. Colours are BGR from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Callable

import cv2
import numpy as np

from .render import Camera, Light
from .subpixel import SHIFT, Color, fixed, octaves

_AHEAD = (0, 0, 1)


class Canvas:
    """An image, and a mask of what lies in front of the face.

    Args:
        image (np.ndarray): ``(size, size, 3)`` uint8, drawn on in place.
        light (Light): The light on it.
    """

    def __init__(self, image: np.ndarray, light: Light):
        self.image = image
        self.light = light
        self._ahead = light.on(_AHEAD)
        self.cover = np.zeros(image.shape[:2], np.uint8)

    def _color(self, color: Color, light: np.ndarray | None = None) -> Sequence[int]:
        light = self._ahead if light is None else light
        return np.clip(np.asarray(color) * light * 255, 0, 255).tolist()

    def polygon(self, points: np.ndarray, color: Color, light: np.ndarray | None = None) -> None:
        """Fill a polygon ``(n, >=2)`` of pixels; ``light`` has the factors of
        B, G and R if the polygon does not face the camera."""
        corners = [fixed(points)]
        cv2.fillPoly(self.image, corners, self._color(color, light), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(self.cover, corners, (255,), cv2.LINE_8, SHIFT)

    def line(self, points: np.ndarray, color: Color, width: float, closed: bool = False) -> None:
        """Draw a line through pixels ``(n, >=2)``."""
        width, corners = max(1, round(width)), [fixed(points)]
        cv2.polylines(self.image, corners, closed, self._color(color), width, cv2.LINE_AA, SHIFT)
        cv2.polylines(self.cover, corners, closed, (255,), width, cv2.LINE_8, SHIFT)

    def glaze(self, points: np.ndarray, color: Color, strength: float) -> None:
        """Draw a transparent polygon."""
        low = np.clip(points[:, :2].min(0), 0, len(self.image)).astype(int)
        high = np.clip(points[:, :2].max(0) + 2, 0, len(self.image))
        x, y = (slice(a, int(b)) for a, b in zip(low, high))
        part = self.image[y, x]
        if not part.size:
            return
        flat = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(flat, [fixed(points[:, :2] - low)], (int(255 * strength),), cv2.LINE_AA, SHIFT)
        alpha = flat[..., None] / np.float32(255)
        part[:] = part + (np.asarray(self._color(color), np.float32) - part) * alpha
        if strength > 0.5:
            np.maximum(self.cover[y, x], flat, out=self.cover[y, x])


_CLOUDS = 768  # side in pixels


@lru_cache(maxsize=1)
def _clouds() -> np.ndarray:
    """Smooth noise to crop backgrounds from."""
    weights = {256: 0.5, 96: 0.5, 32: 0.35, 10: 0.2, 3: 0.1}
    return octaves(np.random.default_rng(3), (_CLOUDS, _CLOUDS), weights)


def background(rng: np.random.Generator, size: int) -> np.ndarray:
    """A blurred background of colour, clouds, objects and edges, uint8."""
    small = max(16, size // 4)
    image: np.ndarray = np.empty((small, small, 3), np.float32)
    low, high = _muted(rng), _muted(rng)
    ramp = np.linspace(0, 1, small, dtype=np.float32)[:, None, None]
    image[:] = low + (high - low) * ramp * rng.uniform(0, 1)
    y, x = rng.integers(0, _CLOUDS - small, 2)
    clouds = _clouds()[y : y + small, x : x + small, None]
    image += clouds * rng.normal(0, 35, 3).astype(np.float32)
    for _ in range(rng.integers(0, 14)):
        _thing(rng, image)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.5))
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(image, 0, 255).astype(np.uint8)


def _muted(rng: np.random.Generator) -> np.ndarray:
    """A random colour up to 255, rarely a bright one."""
    gray = rng.uniform(0, 255)
    return gray + (rng.uniform(0, 255, 3) - gray) * rng.beta(1, 2)


def _thing(rng: np.random.Generator, image: np.ndarray) -> None:
    size = len(image)
    color = _muted(rng).tolist()
    x, y = rng.uniform(-0.1, 1.1, 2) * size
    if rng.random() < 0.5:
        angle, w, h = rng.uniform(0, 180), *rng.exponential(0.2, 2) * size
        corners = cv2.boxPoints(((x, y), (w + 1, h + 1), angle))
        cv2.fillPoly(image, [fixed(corners)], color, cv2.LINE_AA, SHIFT)
    elif rng.random() < 0.5:
        cv2.circle(
            image, (int(x), int(y)), int(rng.exponential(0.1) * size) + 1, color, -1, cv2.LINE_AA
        )
    else:
        end = rng.uniform(-0.2, 1.2, 2) * size
        cv2.line(
            image,
            (int(x), int(y)),
            tuple(end.astype(int).tolist()),
            color,
            int(rng.integers(1, 4)),
            cv2.LINE_AA,
        )


def body(canvas: Canvas, camera: Camera, skin: np.ndarray, rng: np.random.Generator) -> None:
    """Neck, shoulders and clothes."""
    wide, drop = rng.uniform(48, 62), rng.uniform(140, 175)
    neck = camera.project(
        np.asarray(
            [(-wide, 55, -25), (-wide, drop, -35), (wide, drop, -35), (wide, 55, -25)], np.float32
        )
    )
    shoulders = camera.project(
        np.asarray(
            [
                (-wide - 8, drop - 22, -40),
                (-150, drop + 20, -50),
                (-210, drop + 70, -50),
                (-210, 500, -50),
                (210, 500, -50),
                (210, drop + 70, -50),
                (150, drop + 20, -50),
                (wide + 8, drop - 22, -40),
                (0, drop + rng.uniform(0, 35), -10),
            ],
            np.float32,
        )
    )
    canvas.polygon(neck, skin * 0.62)
    canvas.polygon(neck * (0.98, 1, 1) + (0.01 * neck[:, :1].mean(), 6, 0), skin * 0.74)
    cloth = rng.uniform(0.05, 0.95, 3)
    canvas.polygon(shoulders, cloth)
    if rng.random() < 0.4:
        canvas.line(
            shoulders[[0, 8, 7]],
            cloth * rng.uniform(0.4, 1.3),
            canvas.image.shape[0] * rng.uniform(0.01, 0.04),
        )


def long_hair(canvas: Canvas, camera: Camera, color: np.ndarray, rng: np.random.Generator) -> None:
    """Hair behind the head, to the ears or to the shoulders."""
    wide, length = rng.uniform(84, 108), rng.uniform(40, 190)
    angle = np.linspace(np.pi, 2 * np.pi, 16)
    top = np.stack([wide * np.cos(angle), -8 + 108 * np.sin(angle)], 1)
    # Down one side, along the ends, up the other side; waves are mirrored.
    heights = np.linspace(0, 1, 7)[1:]
    waves = rng.normal(0, 3.5, 6).cumsum() + wide * rng.uniform(0.9, 1.1)
    side = np.stack([waves, heights * length], 1)
    ends = np.stack([np.linspace(waves[-1], -waves[-1], 9), length + rng.uniform(0, 14, 9)], 1)
    outline = np.concatenate([top, side, ends, side[::-1] * (-1, 1)])
    depth = np.full((len(outline), 1), -35.0)
    canvas.polygon(camera.project(np.concatenate([outline, depth], 1)), color * 0.55)
    for x in rng.uniform(-1, 1, 22):
        _strand(canvas, camera, color * rng.uniform(0.4, 1.05), rng, x * (wide - 6), length)


def _strand(
    canvas: Canvas,
    camera: Camera,
    color: np.ndarray,
    rng: np.random.Generator,
    x: float,
    length: float,
) -> None:
    path = np.stack(
        [
            x * np.linspace(0.75, 1, 6) + rng.normal(0, 2.5, 6).cumsum(),
            np.linspace(-85, length * rng.uniform(0.85, 1), 6),
            np.full(6, -34.0),
        ],
        1,
    )
    canvas.line(camera.project(path), color, rng.uniform(1, 4) * camera.scale)


def ear(canvas: Canvas, camera: Camera, sign: int, skin: np.ndarray) -> None:
    """One ear; ``sign`` is -1 at the viewer's left."""
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    up = np.array([0, 1, 0.2])
    out = np.array([sign * 0.5, 0, -1.0])
    center = np.array([sign * 75, 12, -14])
    light = canvas.light.on(_ear_normal(camera, sign))
    for size, shade in ((1, 0.95), (0.68, 0.65)):
        wide = np.where(np.sin(angle) < 0, 17, 12) * size
        ring = center + np.outer(np.sin(angle) * 31 * size, up)
        ring += np.outer(np.cos(angle) * wide, out)
        canvas.polygon(camera.project(ring), skin * shade, light)


def _ear_normal(camera: Camera, sign: int) -> np.ndarray:
    return camera.rotation @ (sign * 0.9, 0, 0.45)


def ear_faces_camera(camera: Camera, sign: int) -> bool:
    """Whether the ear is in front of the head, not beside it."""
    return _ear_normal(camera, sign)[2] > 0.62


def glasses(canvas: Canvas, camera: Camera, rng: np.random.Generator, dark: bool) -> None:
    """Spectacles, or sunglasses."""
    wide, high = rng.uniform(21, 28), rng.uniform(14, 23)
    power = rng.uniform(0.55, 1)
    frame = rng.uniform(0, 0.3, 3) if rng.random() < 0.7 else rng.uniform(0.1, 0.9, 3)
    width = camera.scale * rng.uniform(0.8, 3.5)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    tint = frame * rng.uniform(0, 0.6) if dark else rng.uniform(0.6, 1, 3)
    strength = rng.uniform(0.7, 0.97) if dark else rng.uniform(0, 0.15)
    for sign in (-1, 1):
        x = sign * 32 + wide * np.sign(cos) * abs(cos) ** power
        y = 3 + high * np.sign(sin) * abs(sin) ** power
        ring = camera.project(np.stack([x, y, 93 - 0.009 * x**2], 1).astype(np.float32))
        canvas.glaze(ring, tint, strength)
        canvas.line(ring, frame, width, closed=True)
        if camera.rotation[2, 0] * sign > -0.25:
            arm = np.asarray([(sign * (32 + wide), 0, 62), (sign * 78, 0, 5)], np.float32)
            canvas.line(camera.project(arm), frame, width)
    bridge = np.asarray([(-32 + wide, 0, 92), (0, -3, 97), (32 - wide, 0, 92)], np.float32)
    canvas.line(camera.project(bridge), frame, width)


def face_mask(canvas: Canvas, camera: Camera, rng: np.random.Generator) -> None:
    """A mask over mouth and nose."""
    top = rng.uniform(14, 44)
    half = np.asarray(
        [
            (0, top, 104 if top < 38 else 108),
            (22, top + 8, 90),
            (46, top + 16, 68),
            (64, 42, 34),
            (56, 84, 32),
            (36, 108, 58),
            (0, 120, 84),
        ],
        np.float32,
    )
    outline = np.concatenate([half, (half * (-1, 1, 1))[::-1]])
    seen = camera.project(outline.astype(np.float32))
    hull = cv2.convexHull(np.ascontiguousarray(seen[:, :2]))[:, 0]
    color = rng.uniform(0.6, 1, 3) if rng.random() < 0.6 else rng.uniform(0.05, 0.8, 3)
    canvas.polygon(hull, color)
    for height in (55, 72, 88):
        fold = np.asarray([(-52, height, 50), (0, height + 4, 101), (52, height, 50)], np.float32)
        canvas.line(camera.project(fold), color * 0.8, camera.scale * 1.5)


def hand(canvas: Canvas, camera: Camera, skin: np.ndarray, rng: np.random.Generator) -> None:
    """Four fingers over a part of the face."""
    tip = np.array([rng.uniform(-40, 40), rng.uniform(-15, 90), 110])
    angle = rng.uniform(-0.9, 0.9) + (np.pi if rng.random() < 0.25 else 0)
    along = np.array([np.sin(angle), np.cos(angle), 0])
    across = np.array([np.cos(angle), -np.sin(angle), 0])
    width = camera.scale * rng.uniform(13, 17)
    for i, length in enumerate((0, -9, -11, 3)):
        start = tip + across * (i - 1.5) * 17 + along * length
        finger = camera.project(
            np.asarray([start, start + along * 75, start + along * 170], np.float32)
        )
        canvas.line(finger, skin * 0.55, width + 2)
        canvas.line(finger, skin * 0.88, width - 1)
        canvas.line(finger[:2] + (-width * 0.12, -width * 0.1, 0), skin * 1.02, width * 0.4)


def thing(canvas: Canvas, camera: Camera, rng: np.random.Generator) -> None:
    """An object such as a telephone, cup or leaf: a polygon with a pattern."""
    center = np.array([rng.uniform(-45, 45), rng.uniform(-20, 90)])
    size, angle = rng.uniform(28, 62, 2), rng.uniform(0, np.pi)
    corners = rng.integers(3, 9)
    around = angle + np.linspace(0, 2 * np.pi, corners, endpoint=False)
    shape = center + np.stack([np.cos(around), np.sin(around)], 1) * size
    seen = camera.project(np.concatenate([shape, np.full((corners, 1), 115)], 1).astype(np.float32))
    color = rng.uniform(0, 1, 3)
    canvas.polygon(seen, color)
    middle = seen.mean(0)
    canvas.polygon(middle + (seen - middle) * rng.uniform(0.3, 0.9), rng.uniform(0, 1, 3))
    canvas.line(seen, color * 0.5, 1, closed=True)


def microphone(canvas: Canvas, camera: Camera, rng: np.random.Generator) -> None:
    """A microphone in front of the mouth."""
    head = np.array([rng.uniform(-25, 25), rng.uniform(70, 95), 120])
    foot = head + (rng.uniform(-90, 90), 150, 20)
    color = rng.uniform(0, 0.4, 3)
    canvas.line(camera.project(np.asarray([head, foot], np.float32)), color, camera.scale * 16)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ball = head + np.stack([np.cos(angle) * 21, np.sin(angle) * 23, np.zeros(20)], 1)
    seen = camera.project(ball.astype(np.float32))
    canvas.polygon(seen, color + 0.15)
    canvas.polygon(seen.mean(0) + (seen - seen.mean(0)) * 0.6, color + 0.3)


def locks(
    canvas: Canvas, camera: Camera, color: np.ndarray, rng: np.random.Generator, sign: int
) -> None:
    """Hair over a side of the face; ``sign`` is -1 at the viewer's left."""
    inner, bottom = rng.uniform(20, 52), rng.uniform(60, 170)
    path = np.asarray(
        [
            (8, -98, 62),
            (inner, -50, 80),
            (inner + 8, 0, 76),
            (inner + 10, bottom / 2, 62),
            (64, bottom, 30),
            (96, bottom, 10),
            (96, 0, 5),
            (70, -75, 30),
        ],
        np.float32,
    )
    seen = camera.project(path * np.asarray([sign, 1, 1], np.float32))
    canvas.polygon(seen, color * 0.7)
    front, back = seen[:5], seen[[7, 7, 6, 6, 5]]
    for t in np.linspace(0.05, 0.95, 8):
        canvas.line(front * (1 - t) + back * t, color * rng.uniform(0.5, 1.1), 1 + 2 * camera.scale)


def scarf(canvas: Canvas, camera: Camera, rng: np.random.Generator) -> None:
    """A scarf up to the chin or the nose."""
    top = rng.uniform(58, 98)
    edge = np.asarray(
        [
            (-105, top - 5, 0),
            (-60, top + rng.uniform(-8, 4), 55),
            (0, top + rng.uniform(0, 14), 108),
            (60, top + rng.uniform(-8, 4), 55),
            (105, top - 5, 0),
            (130, 230, 0),
            (-130, 230, 0),
        ],
        np.float32,
    )
    color = rng.uniform(0.05, 0.95, 3)
    seen = camera.project(edge)
    canvas.polygon(seen, color)
    for shift in (14, 34, 58):
        canvas.line(
            seen[:5] + (0, shift * camera.scale, 0), color * rng.uniform(0.5, 1.2), camera.scale * 4
        )


def occlude(
    canvas: Canvas, camera: Camera, skin: np.ndarray, hair: np.ndarray, rng: np.random.Generator
) -> None:
    """Draw a random object in front of the face."""
    ways: Sequence[Callable[[], None]] = (
        lambda: glasses(canvas, camera, rng, dark=True),
        lambda: face_mask(canvas, camera, rng),
        lambda: hand(canvas, camera, skin, rng),
        lambda: thing(canvas, camera, rng),
        lambda: microphone(canvas, camera, rng),
        lambda: locks(canvas, camera, hair, rng, rng.choice((-1, 1))),
        lambda: scarf(canvas, camera, rng),
    )
    ways[rng.integers(len(ways))]()
