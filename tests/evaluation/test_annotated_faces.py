# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.datasets.annotations import FaceRecord, face_rect_box, write_annotations
from mmpose_face.evaluation.annotated_faces import AnnotatedFaces

POINTS = np.arange(38.0).reshape(19, 2)


@pytest.fixture
def annotated(tmp_path):
    """Two images of one name; the second has two faces."""
    records = [
        FaceRecord('a/0.jpg', (99, 99), POINTS, ('full',), POINTS[:, 0] < 4, (0.0, 0.0, 30.0, 40)),
        FaceRecord('b/0.jpg', (99, 99), POINTS + 1, ('full', 'frontal'), None, (0.0, 0.0, 50, 20)),
        FaceRecord('b/0.jpg', (99, 99), POINTS + 9, (), None, (0.0, 0.0, 10.0, 10)),
    ]
    write_annotations(tmp_path / 'aflw.json', records, {}, face_rect_box)
    return AnnotatedFaces(str(tmp_path / 'aflw.json'), 'aflw')


def sample(path: str, points: np.ndarray) -> dict:
    return dict(img_path=path, gt_instances=dict(keypoints=points[None]))


def test_what_the_file_says(annotated):
    first = annotated.of_sample(sample('/data/a/0.jpg', POINTS))
    assert first.pop('occluded').tolist() == [True] * 2 + [False] * 17
    assert first == dict(subsets=('full',), box_size=40)
    second = annotated.of_sample(sample('b/0.jpg', POINTS + 1))
    assert second == dict(subsets=('full', 'frontal'), box_size=50)
    assert annotated.of_sample(sample('b/0.jpg', POINTS + 9)) == dict(subsets=(), box_size=10)


def test_a_hundredth_of_a_pixel_is_the_same(annotated):
    moved = POINTS.astype(np.float32)
    moved[0, 0] += 0.01
    assert annotated.of_sample(sample('a/0.jpg', moved))['box_size'] == 40


@pytest.mark.parametrize(
    'path, points',
    [
        ('a/0.jpg', POINTS + 1),  # that of the other image
        ('b/0.jpg', POINTS),
        ('0.jpg', POINTS),
        ('a/0.jpg', np.where(POINTS == 7, 7.02, POINTS)),  # one coordinate
        ('a/0.jpg', POINTS[:18]),
        ('a/1.jpg', POINTS),
    ],
)
def test_faces_that_are_not_in_the_file(annotated, path, points):
    with pytest.raises(ValueError, match=f'has no face in {path} with the points of the sample'):
        annotated.of_sample(sample(path, points))
