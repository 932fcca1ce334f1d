# SPDX-License-Identifier: Apache-2.0
"""Crops, batches and the way back to the image, with a network whose answer
is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmpose_face.inference.face_boxes import BoxMapping
from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.landmarks import Curve, Scheme

EYES = Scheme('eyes', (Curve('eyes', ('left_eye', 'right_eye')),), ('left_eye', 'right_eye'))


class BrightSpots:
    """Finds the middles of what is pure blue and pure red."""

    scheme = EYES
    padding = 1.25

    def __init__(self, input_size=(64, 64)):
        self.input_size = input_size
        self.sizes = []

    def __call__(self, crops):
        self.sizes.append(len(crops))
        points = np.zeros((len(crops), 2, 2), np.float32)
        for crop, found in zip(crops.astype(float), points):
            for k, channel in enumerate((0, 2)):
                weights = crop[..., channel]
                for axis in (0, 1):
                    places = np.arange(crop.shape[1 - axis])
                    found[k, axis] = (weights.sum(axis) * places).sum() / max(weights.sum(), 1)
        return points, np.full((len(crops), 2), 0.5, np.float32)


class Boxes:
    """Gives the same boxes for every image."""

    def __init__(self, *boxes, mapping=BoxMapping()):
        self.boxes, self.mapping = np.array(boxes, float), mapping
        self.boxes = self.boxes.reshape(-1, 5)

    def __call__(self, image):
        return self.boxes


def face(left=(40, 50), right=(60, 54), size=(120, 100)):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    cv2.circle(image, left, 3, (255, 0, 0), -1)
    cv2.circle(image, right, 3, (0, 0, 255), -1)
    return image


BOX = [30.0, 40, 70, 64]


def landmarker(*boxes, network=None, **options):
    return Landmarker(network or BrightSpots(), Boxes(*(boxes or [(*BOX, 0.9)])), **options)


@pytest.mark.parametrize('input_size', [(64, 64), (96, 64), (48, 80)])
def test_points_come_back_to_the_image(input_size):
    found = landmarker(network=BrightSpots(input_size))(face(), channels='bgr')
    assert found.size == (120, 100) and len(found) == 1
    np.testing.assert_allclose(found[0].keypoints, [(40, 50), (60, 54)], atol=0.3)
    assert found[0].box.tolist() == BOX and found[0].box_score == 0.9
    assert found[0].scheme is EYES and found[0].score == 0.5


@given(st.floats(0, 30), st.floats(30, 45), st.floats(40, 90), st.floats(25, 60))
def test_any_box_that_holds_the_face(x, y, width, height):
    """The points do not depend on the box."""
    box = [x, y, x + max(width, 66 - x), y + max(height, 60 - y)]
    found = landmarker()(face(), [box], 'bgr')
    np.testing.assert_allclose(found[0].keypoints, [(40, 50), (60, 54)], atol=0.6)


def test_detected_boxes_are_mapped_and_given_ones_are_not():
    """A detector that sees half of the face, to the left of it."""
    off = [0.0, 40, 20, 60, 1]
    mapping = BoxMapping(right=2.0, scale=2.0)
    network = BrightSpots()
    found = Landmarker(network, Boxes(off, mapping=mapping))(face(), channels='bgr')
    np.testing.assert_allclose(found[0].keypoints, [(40, 50), (60, 54)], atol=0.3)
    assert found[0].box.tolist() == off[:4]
    found = Landmarker(network, Boxes(mapping=mapping))(face(), [BOX], 'bgr')
    np.testing.assert_allclose(found[0].keypoints, [(40, 50), (60, 54)], atol=0.3)


def test_second_pass_looks_into_the_landmarks_box():
    """The spots are 20 pixels apart: the second crop is 25 wide."""
    seen = []

    class Recording(BrightSpots):
        def __call__(self, crops):
            seen.append(crops)
            return super().__call__(crops)

    first = landmarker(network=Recording())(face(), channels='bgr')
    again = landmarker(network=Recording(), second_pass=True)(face(), channels='bgr')
    assert len(seen) == 3
    assert (seen[2] > 128).sum() > 2 * (seen[0] > 128).sum()
    np.testing.assert_allclose(again[0].keypoints, first[0].keypoints, atol=0.5)


def test_no_face_is_an_empty_list():
    empty = Landmarker(BrightSpots(), Boxes())
    found = empty(face(), channels='bgr')
    assert found == [] and found.size == (120, 100)
    assert landmarker()(face(), [], 'bgr') == []
    assert empty([face(), face()], channels='bgr') == [[], []]
    assert empty([], channels='bgr') == []
    assert Landmarker(BrightSpots(), Boxes(), second_pass=True)(face(), channels='bgr') == []


@pytest.mark.parametrize('second_pass', [False, True])
@pytest.mark.parametrize('batch_size, sizes', [(1, [1] * 6), (4, [4, 2]), (100, [6])])
def test_faces_of_several_images_go_together(batch_size, sizes, second_pass):
    """An image without one and one with two among them; each gets its own."""
    network = BrightSpots()
    images = [face((40 + i, 50)) for i in range(5)]
    boxes = [[BOX], [], [BOX, [20, 30, 90, 80]], [BOX], [BOX, BOX]]
    found = landmarker(network=network, batch_size=batch_size, second_pass=second_pass)(
        images, boxes, 'bgr'
    )
    assert [len(each) for each in found] == [1, 0, 2, 1, 2]
    for i, faces in enumerate(found):
        for each in faces:
            np.testing.assert_allclose(each.keypoints[0], (40 + i, 50), atol=1)
    assert sum(network.sizes) == 6 * (1 + second_pass)
    assert max(network.sizes) == max(sizes)
    if not second_pass:
        assert network.sizes == sizes


def test_larger_faces_first():
    small, large = [30.0, 40, 70, 64, 0.1], [20.0, 30, 90, 80, 0.2]
    found = landmarker(small, large)(face(), channels='bgr')
    assert [each.box_score for each in found] == [0.2, 0.1]


def test_images_are_read_when_they_are_needed(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), face())
    results = landmarker(batch_size=1).stream([tmp_path / 'a.png', tmp_path / 'none.png'])
    assert len(next(results)) == 1
    with pytest.raises(FileNotFoundError, match='none.png'):
        next(results)


def test_one_image_or_many(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), face())
    data = (tmp_path / 'a.png').read_bytes()
    one = landmarker()
    expected = one(tmp_path / 'a.png')[0].keypoints
    for source in (str(tmp_path / 'a.png'), data, bytearray(data), Image.open(tmp_path / 'a.png')):
        np.testing.assert_array_equal(one(source)[0].keypoints, expected)
    (folder,) = one(tmp_path)
    assert folder.name == str(tmp_path / 'a.png')
    for several in ([data], (data,), iter([data])):
        (found,) = one(several)
        np.testing.assert_array_equal(found[0].keypoints, expected)


@pytest.mark.parametrize(
    'boxes, message',
    [
        ([1, 2, 3, 4], r'expected boxes \(N, 4\).*shape \(4,\)'),
        ([[1, 2, 3]], r'got an array of shape \(1, 3\)'),
        ([[0, 0, 9, 9], [5, 5, 5, 9]], r'box 1 is \[5.0, 5.0, 5.0, 9.0\]'),
        ([[0, 0, float('nan'), 9]], 'box 0 is'),
        ([['a', 0, 1, 1]], 'of numbers'),
        ([[0, 0, 1, 1], [0, 0, 1]], 'of numbers'),
    ],
)
def test_bad_boxes_name_image_and_row(boxes, message, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), face())
    with pytest.raises(ValueError, match='a.png: .*' + message):
        landmarker()(tmp_path / 'a.png', boxes)


def test_boxes_for_each_image():
    with pytest.raises(ValueError, match='got 1 arrays of boxes; <array'):
        landmarker()([face(), face()], [[BOX]], 'bgr')
    with pytest.raises(ValueError, match='more arrays of boxes than the 1'):
        landmarker()([face()], [[BOX], [BOX]], 'bgr')


def test_no_batch():
    with pytest.raises(ValueError, match='batch_size must be positive, got 0'):
        landmarker(batch_size=0)
