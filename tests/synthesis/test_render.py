# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis.atlas import SIZE, grid_to_texture, uv_to_grid
from mmpose_face.synthesis.render import Camera, Light, normals, rotation, sample_grid, see, shade
from mmpose_face.synthesis.template import GRID, template


def look(yaw=0.0, pitch=0.0, size=256, distance=800.0):
    camera = Camera(rotation(yaw, pitch, 0), distance, size / 256, (size / 2, size / 2))
    surface = template().surface
    seen = camera.project(surface)
    normal = normals(surface) @ camera.rotation.T.astype(np.float32)
    return seen, normal, see(seen, normal[..., 2] > -0.15, size)


def test_pinhole_by_hand():
    """100 mm before the centre at 1 px/mm from 800 mm: 800/700 px/mm."""
    camera = Camera(np.eye(3), 800.0, 1.0, (50.0, 60.0))
    at = camera.project(np.array([[0.0, 0, 0], [70, -35, 100]]))
    assert at[0] == pytest.approx([50, 60, 0])
    assert at[1] == pytest.approx([50 + 80, 60 - 40, 100])


def test_rotations_turn_as_named():
    nose = np.array([0, 0, 1.0])
    assert (rotation(30, 0, 0) @ nose)[0] == pytest.approx(0.5)  # to the right
    assert (rotation(0, 30, 0) @ nose)[1] == pytest.approx(0.5)  # down
    crown = np.array([0, -1.0, 0])
    assert (rotation(0, 0, 30) @ crown)[0] == pytest.approx(0.5)  # clockwise
    matrix = rotation(20, -30, 40)
    assert matrix @ matrix.T == pytest.approx(np.eye(3))


def test_normals_of_a_sphere_point_outwards():
    u, v = np.meshgrid(np.linspace(-2, 2, 60), np.linspace(-1.2, 1.2, 50))
    sphere = np.stack([np.sin(u) * np.cos(v), np.sin(v), np.cos(u) * np.cos(v)], -1).astype(
        np.float32
    )
    inner = normals(sphere)[2:-2, 2:-2]
    assert (inner * sphere[2:-2, 2:-2]).sum(-1).min() > 0.999


def test_sample_grid_by_hand():
    grid = np.arange(12.0).reshape(3, 4, 1)  # 4 * row + column
    at = np.array([[0.0, 0], [2.5, 1.25], [3, 2]])
    assert sample_grid(grid, at)[:, 0] == pytest.approx([0, 7.5, 11])


@pytest.mark.parametrize('yaw,pitch', [(0, 0), (35, 10), (-60, -15)])
@pytest.mark.parametrize('size', [128, 256, 301])
def test_the_picture_is_where_the_landmarks_are(yaw, pitch, size):
    """A dot painted at a visible landmark appears at its coordinates."""
    seen, normal, view = look(yaw, pitch, size)
    places = uv_to_grid(template().uv[:98])
    points = sample_grid(seen, places)
    facing = sample_grid(normal, places)[:, 2]
    x, y = np.rint(points[:, :2]).astype(int).clip(0, size - 1).T
    visible = np.flatnonzero((facing > 0.45) & (view.depth[y, x] < points[:, 2] + 4))
    assert len(visible) > 40
    at = grid_to_texture(view.texture).astype(np.float32)
    errors = []
    for i in visible:
        column, row = grid_to_texture(places[i])
        dx, dy = np.meshgrid(np.arange(SIZE[1]) - column, np.arange(SIZE[0]) - row)
        dot = np.exp(-(dx**2 + dy**2) / (2 * 2.5**2)).astype(np.float32)
        drawn = cv2.remap(dot, at, None, cv2.INTER_LINEAR) * view.alpha
        drawn[drawn < 0.2] = 0
        axes = np.meshgrid(np.arange(size), np.arange(size))
        middle = [(drawn * axis).sum() / drawn.sum() for axis in axes]
        errors.append(middle - points[i, :2])
    # Pixels. On a slope the dot is not round and its middle is a bit off, to
    # all sides; half a pixel to one side would be a mistake.
    assert np.median(np.hypot(*np.transpose(errors))) < 0.35
    if yaw == 0:
        assert np.abs(np.mean(errors, 0)).max() < 0.1


def test_what_is_behind_is_not_seen():
    """Turned by 75 degrees the far cheek is hidden."""
    seen, _, view = look(yaw=75)
    index = WFLW98.index
    places = uv_to_grid(template().uv[:98])
    points = sample_grid(seen, places)

    def behind(name):
        x, y, z = points[index[name]]
        return view.depth[int(round(y)), int(round(x))] - z

    assert behind('right_eye_outer_corner') > 7  # millimetres
    assert behind('left_eye_outer_corner') < 3


@pytest.mark.parametrize('size', [100, 256, 512, 1500])
def test_a_head_has_no_holes(size):
    for yaw in (-70, 0, 50):
        view = look(yaw, size=size)[2]
        alpha = view.alpha > 0.5
        inner = cv2.erode(alpha.astype(np.uint8), np.ones((9, 9))) > 0
        depth = np.maximum(view.depth, -200)  # millimetres
        step = cv2.dilate(depth, np.ones((3, 3))) - depth
        assert step[inner & (depth > 60)].max() < 60
        count, _, stats, _ = cv2.connectedComponentsWithStats((~alpha).astype(np.uint8))
        assert count == 2  # the background and the head
        assert alpha.mean() > 0.3


def test_light_by_hand():
    """Facing the light 1, at a right angle 0.2, away from it 0."""
    light = Light(np.array([0.0, 0, 1]), np.ones(3), np.ones(3), 0.5, 0.1)
    normal = np.array([[0.0, 0, 1], [1, 0, 0], [0, 0, -1]], np.float32)
    key, ambient, shine = shade(normal, light)
    assert key == pytest.approx([1, 0.2, 0])
    assert ambient == pytest.approx([0.75, 0.75, 0.75])
    assert shine == pytest.approx([0.1, 0, 0], abs=1e-3)
    up, down = shade(np.array([[0.0, -1, 0], [0, 1, 0]], np.float32), light)[1]
    assert (up, down) == (1, 0.5)


def test_the_lit_side_is_bright():
    """Light from the right: the right cheek gets more of it."""
    normal = normals(template().surface)
    light = Light(np.array([0.8, 0, 0.6]), np.ones(3), np.ones(3), 0, 0)
    key = shade(normal, light)[0]
    middle = GRID[1] // 2
    assert key[:, middle + 15].mean() > 2 * key[:, middle - 15].mean()
