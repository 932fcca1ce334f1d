# SPDX-License-Identifier: Apache-2.0
import numpy as np

from mmpose_face.images.boxes import area, iou, landmark_bounds, square


def test_bounds_and_square_by_hand():
    box = landmark_bounds(np.array([[10.5, 20], [40, 30], [12, 80]]))
    assert box.tolist() == [10.5, 20, 40, 80]
    center, side = square(box, margin=0.25)
    assert center.tolist() == [25.25, 50]
    assert side == 60 * 1.5


def test_iou_by_hand():
    a = [[0, 0, 10, 10], [0, 0, 0, 0]]
    b = [[5, 0, 15, 10], [0, 0, 10, 10], [20, 20, 30, 30], [0, 0, 0, 0]]
    np.testing.assert_allclose(iou(a, b), [[50 / 150, 1, 0, 0], [0, 0, 0, 0]])


def test_bounds_of_many_faces():
    faces = np.random.default_rng(0).normal(size=(3, 2, 5, 2))
    found = landmark_bounds(faces)
    assert found.shape == (3, 2, 4) and found.dtype == np.float64
    np.testing.assert_array_equal(found[2, 1], landmark_bounds(faces[2, 1]))
    assert landmark_bounds(np.empty((0, 5, 2), np.float32)).shape == (0, 4)


def test_area_by_hand():
    assert area(np.array([1.0, 2, 4, 6])) == 12
    assert area(np.array([[1.0, 2, 0, 6], [0, 0, 2, 2]])).tolist() == [0, 4]
