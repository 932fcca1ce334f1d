# SPDX-License-Identifier: Apache-2.0
"""One synthetic face: identity, expression, pose, light, and its landmarks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..landmarks import WFLW98
from . import photo, scene
from .atlas import SIZE, grid_to_texture, uv_to_grid
from .painting import Painting, paint
from .render import Camera, View, normals, rotation, sample_grid, see, shade, turned
from .shape import Expression, Identity, deform
from .template import CENTER, GRID, template

# WFLW's attributes, and the probability of each in a random choice.
ATTRIBUTES = dict(
    pose=0.15, expression=0.15, illumination=0.2, makeup=0.15, occlusion=0.25, blur=0.15
)

_EYES = ('left', 'right')
_IRIS = 5.8  # radius in millimetres


@dataclass(frozen=True)
class SyntheticFace:
    """A picture of a face and its true landmarks.

    Args:
        image (np.ndarray): ``(size, size, 3)`` uint8, BGR.
        keypoints (np.ndarray): WFLW's points ``(98, 2)`` in pixels; the
            middle of the first pixel is (0, 0).
        occluded (np.ndarray): ``(98,)`` bool, hidden by the head itself or
            by something in front of it.
        attributes (tuple[str]): Its attributes, of :data:`ATTRIBUTES`.
    """

    image: np.ndarray
    keypoints: np.ndarray
    occluded: np.ndarray
    attributes: tuple[str, ...]


def render_face(
    seed: int, index: int, size: int = 256, attributes: Collection[str] | None = None
) -> SyntheticFace:
    """Render a face; the same arguments give the same face.

    Args:
        seed (int): Number of the collection.
        index (int): Number of the face in it.
        size (int): Width and height in pixels, from 16 to 2048.
        attributes (Collection[str], optional): Attributes of the face.
            Defaults to a random choice.

    Raises:
        ValueError: If the size is out of range, a number is negative or an
            attribute is not one of :data:`ATTRIBUTES`.
    """
    check(seed, size, attributes)
    if index < 0:
        raise ValueError(f'index must not be negative, got {index}')
    rng = np.random.default_rng((seed, index))
    chosen = {name for name, p in ATTRIBUTES.items() if rng.random() < p}
    return _render(rng, size, chosen if attributes is None else attributes)


def check(seed: int, size: int, attributes: Collection[str] | None) -> None:
    """Check the arguments of :func:`render_face`, and raise its errors."""
    if seed < 0:
        raise ValueError(f'seed must not be negative, got {seed}')
    if not 16 <= size <= 2048:
        raise ValueError(f'size must be from 16 to 2048 pixels, got {size}')
    unknown = set(attributes or ()) - set(ATTRIBUTES)
    if unknown:
        raise ValueError(
            f'unknown attribute {sorted(unknown)}; expected some of {list(ATTRIBUTES)}'
        )


def _render(rng: np.random.Generator, size: int, has: Collection[str]) -> SyntheticFace:
    expression = Expression.sample(rng, 'expression' in has)
    controls = deform(Identity.sample(rng), expression)
    surface = _surface(controls)
    pupils = _pupils(expression)
    painting = paint(rng, grid_to_texture(pupils), _iris_axes(controls), 'makeup' in has)
    surface = _with_hair(surface, painting.covered, rng.uniform(2, 14))
    places = np.concatenate([_grid_points()[:96], pupils])
    camera, seen = _place_in_picture(rng, surface, places, size, 'pose' in has)
    normal = turned(normals(surface), camera.rotation)
    view = see(seen, normal[..., 2] > -0.15, size)
    keypoints = _keypoints(seen, places, camera)

    light = photo.sample_light(rng, 'illumination' in has)
    canvas = _compose(rng, size, camera, painting, normal, view, light)
    if 'occlusion' in has:
        _occlude(rng, canvas, camera, painting, keypoints)
    image = canvas.image
    if 'illumination' in has and rng.random() < 0.35:
        image = photo.cast_shadow(image, rng)
    image = photo.expose(image, rng, 'illumination' in has)
    image = photo.defocus(image, rng, 'blur' in has)
    image = photo.store(image, rng)
    hidden = (
        _hidden_by_head(keypoints, view.depth)
        | _hidden_by_objects(keypoints, canvas.cover)
        | _hidden_by_hair(painting.covered, places)
    )
    names = tuple(name for name in ATTRIBUTES if name in has)
    return SyntheticFace(image, keypoints[:, :2].astype(np.float64), hidden, names)


@lru_cache(maxsize=1)
def _grid_points() -> np.ndarray:
    """Grid coordinates of the template's landmarks, ``(98, 2)``."""
    return uv_to_grid(template().uv[:98])


def _surface(controls: np.ndarray) -> np.ndarray:
    base = template()
    # Not by BLAS: its last bits depend on the number of threads.
    moved = np.einsum('nm,cm->nc', base.spread, np.ascontiguousarray((controls - base.controls).T))
    return base.surface + moved.reshape(*GRID, 3)


def _with_hair(surface: np.ndarray, covered: np.ndarray, thickness: float) -> np.ndarray:
    """Push the surface outwards where there is hair."""
    alpha = cv2.resize(covered, GRID[::-1])
    alpha = cv2.GaussianBlur(alpha, (0, 0), 1.5)[..., None]
    outward: np.ndarray = surface - CENTER.astype(np.float32)
    length = np.sqrt((outward**2).sum(-1, keepdims=True))
    return surface + outward / length * alpha * np.float32(thickness)


def _eye_extent(values: np.ndarray, side: str) -> np.ndarray:
    """Width and height of the eye opening, in the coordinates of ``values``."""
    index = WFLW98.index
    corners = [index[f'{side}_eye_{c}_corner'] for c in ('inner', 'outer')]
    lids = [index[f'{side}_eye_{c}_middle'] for c in ('upper', 'lower')]
    return np.array(
        [
            np.linalg.norm(values[corners[0]] - values[corners[1]]),
            np.linalg.norm(values[lids[0]] - values[lids[1]]),
        ]
    )


def _iris_axes(controls: np.ndarray) -> np.ndarray:
    """Half axes ``(2, 2)`` in texture pixels of irises that are round on the face."""
    axes = []
    for side in _EYES:
        texture = _eye_extent(grid_to_texture(_grid_points()), side)
        axes.append(_IRIS * texture / _eye_extent(controls, side))
    return np.minimum(axes, 60)


def _pupils(expression: Expression) -> np.ndarray:
    """Grid coordinates ``(2, 2)`` of the pupils."""
    points, gaze = _grid_points(), np.asarray(expression.gaze)
    pupils = []
    for side in _EYES:
        half = _eye_extent(points, side) / 2
        center = points[WFLW98.index[f'{side}_pupil']]
        pupils.append(center + gaze * half * (0.5, 0.55))
    return np.array(pupils)


def _place_in_picture(
    rng: np.random.Generator, surface: np.ndarray, places: np.ndarray, size: int, turned: bool
) -> tuple[Camera, np.ndarray]:
    """Choose the pose and the place in the picture; return the camera and the
    surface as projected by it."""
    yaw, pitch, roll = rng.normal(0, (16, 8, 8)).clip(-34, 34)
    if turned:
        yaw = rng.choice((-1, 1)) * rng.uniform(36, 62)
        if rng.random() < 0.2:
            yaw, pitch = rng.uniform(-25, 25), rng.choice((-1, 1)) * rng.uniform(22, 34)
    matrix = rotation(yaw, pitch, roll)
    distance = rng.uniform(450, 2000)
    seen = Camera(matrix, distance, 1.0, (0.0, 0.0)).project(surface)
    points = sample_grid(seen, places)[:, :2]
    low, high = points.min(0), points.max(0)
    scale = size * rng.uniform(0.5, 0.68) / (high - low).max()
    center = size * (0.5 + rng.normal(0, 0.03, 2)) - (low + high) / 2 * scale
    seen[..., :2] *= np.float32(scale)
    seen[..., :2] += np.asarray(center, np.float32)
    return Camera(matrix, distance, scale, tuple(center.tolist())), seen


def _compose(
    rng: np.random.Generator,
    size: int,
    camera: Camera,
    painting: Painting,
    normal: np.ndarray,
    view: View,
    light: photo.Light,
) -> scene.Canvas:
    canvas = scene.Canvas(scene.background(rng, size), light)
    scene.body(canvas, camera, painting.skin, rng)
    hangs = painting.covered.any() and rng.random() < 0.4
    if hangs:
        scene.long_hair(canvas, camera, painting.hair, rng)
    else:
        for sign in (-1, 1):
            scene.ear(canvas, camera, sign, painting.skin)
    _put_head(canvas, painting.texture, normal, view, light)
    for sign in (-1, 1):
        if not hangs and scene.ear_faces_camera(camera, sign):
            scene.ear(canvas, camera, sign, painting.skin)
    canvas.cover[:] = 0  # nothing so far hides a landmark
    if rng.random() < 0.13:
        scene.glasses(canvas, camera, rng, dark=False)
    return canvas


_MIN_HIDDEN, _TRIES = 8, 5  # points to hide, and how often to try


def _occlude(
    rng: np.random.Generator,
    canvas: scene.Canvas,
    camera: Camera,
    painting: Painting,
    keypoints: np.ndarray,
) -> None:
    """Put objects in front of the face until they hide some of its points."""
    for _ in range(_TRIES):
        scene.occlude(canvas, camera, painting.skin, painting.hair, rng)
        if _hidden_by_objects(keypoints, canvas.cover).sum() >= _MIN_HIDDEN:
            break


def _put_head(
    canvas: scene.Canvas, texture: np.ndarray, normal: np.ndarray, view: View, light: photo.Light
) -> None:
    key, ambient, shine = (cv2.resize(part, SIZE[::-1]) for part in shade(normal, light))
    lit = cv2.merge(
        [
            plane * (key * np.float32(k) + ambient * np.float32(a)) + shine
            for plane, k, a in zip(texture, light.key, light.ambient)
        ]
    )
    at = grid_to_texture(view.texture).astype(np.float32)
    # OpenCV's stubs know neither None nor a number here.
    head = cv2.remap(lit, at, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
    cv2.multiply(head, 255, head)  # type: ignore[call-overload]
    head = cv2.convertScaleAbs(np.clip(head, 0, 1e3, out=head))
    canvas.image[:] = cv2.blendLinear(head, canvas.image, view.alpha, 1 - view.alpha)


_JAW = np.array(WFLW98.groups['jaw'])
_MARCH = np.linspace(0.3, 1, 20)


def _keypoints(seen: np.ndarray, places: np.ndarray, camera: Camera) -> np.ndarray:
    """Landmarks ``(98, 3)`` as annotators place them: a hidden point of the jaw
    moves along its row of the surface to the visible outline."""
    points = sample_grid(seen, places)
    middle = (GRID[1] - 1) / 2
    marched = np.repeat(places[_JAW][:, None], len(_MARCH), 1)
    marched[..., 0] = middle + (marched[..., 0] - middle) * _MARCH
    candidates = sample_grid(seen, marched.reshape(-1, 2))
    candidates = candidates.reshape(len(_JAW), len(_MARCH), 3)
    across = camera.rotation[:2, 0] / np.linalg.norm(camera.rotation[:2, 0])
    side = np.sign(places[_JAW, 0] - middle).round()
    outward = (candidates[..., 0] * across[0] + candidates[..., 1] * across[1]) * side[:, None]
    best = candidates[np.arange(len(_JAW)), outward.argmax(1)]
    points[_JAW] = np.where(side[:, None] == 0, points[_JAW], best)
    return points


_HIDDEN_BY = 7.0  # millimetres of the head in front of a point


def _pixels(keypoints: np.ndarray, size: int) -> tuple[np.ndarray, ...]:
    """Row and column of each point's pixel; outside the image, of the nearest."""
    x, y = np.rint(keypoints[:, :2]).astype(int).clip(0, size - 1).T
    return y, x


def _hidden_by_head(keypoints: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Which points ``(98,)`` the head itself hides."""
    # The least depth around a point: next to the outline, it is the background's.
    side = 2 * round(len(depth) / 128) + 1
    least = cv2.erode(depth, np.ones((side, side), np.uint8))
    return least[_pixels(keypoints, len(depth))] > (keypoints[:, 2] + _HIDDEN_BY)


def _hidden_by_objects(keypoints: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Which points ``(98,)`` something in front of the head hides."""
    return cover[_pixels(keypoints, len(cover))] > 127


def _hidden_by_hair(covered: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which points ``(98,)`` lie below hair or a cap."""
    alpha = sample_grid(covered[..., None], grid_to_texture(places))[:, 0]
    hidden = alpha > 0.6
    hidden[_JAW] = False  # the ends of the jaw lie beside the sideburns
    return hidden
