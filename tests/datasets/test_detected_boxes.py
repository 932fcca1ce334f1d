# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmpose_face.datasets.detected_boxes import DetectedBoxes, match
from mmpose_face.images.boxes import iou

boxes = st.lists(
    st.tuples(*[st.floats(-1e3, 1e3)] * 2, *[st.floats(0, 1e3)] * 2), min_size=1, max_size=5
).map(lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows]))


@given(a=boxes, b=boxes)
def test_iou_properties(a, b):
    overlap = iou(a, b)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()
    np.testing.assert_allclose(overlap, iou(b, a).T)
    np.testing.assert_allclose(overlap, iou(2 * a, 2 * b), atol=1e-6)


@given(truth=boxes, detected=boxes)
def test_every_box_is_given_once(truth, detected):
    given_ = match(truth, detected, 0.3)
    used = [j for j in given_ if j >= 0]
    assert len(given_) == len(truth) and len(set(used)) == len(used)
    overlap = iou(truth, detected)
    assert all(overlap[i, j] >= 0.3 for i, j in enumerate(given_) if j >= 0)


def test_the_best_pairs_together_are_found():
    """The first face overlaps both boxes; the second only the better one of
    the first."""
    truth = np.array([[0, 0, 10, 10], [4, 0, 14, 10]])
    detected = np.array([[2, 0, 12, 10], [-3, 0, 7, 10]])
    assert match(truth, detected, 0.3) == [1, 0]


def write(path, content) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def face(name, box, **kwargs) -> dict:
    x0, y0, x1, y1 = box
    return dict(
        file_name=name,
        img_id=kwargs.get('img_id', 0),
        keypoints=np.array([[[x0, y0], [x1, y1], [9999, 9999]]], np.float32),
        keypoints_visible=np.array([[1, 1, 0]], np.float32),
    )


def test_detected_boxes(tmp_path):
    path = write(
        tmp_path / 'dets.json',
        [
            dict(file_name='a.jpg', bbox=[0, 0, 50, 60], score=0.9),
            dict(file_name='a.jpg', bbox=[100, 0, 50, 50], score=0.8),
            dict(file_name='a.jpg', bbox=[0, 0, 48, 48], score=0.7, category_id=2),
            dict(image_id=7, bbox=[10, 10, 20, 20], score=0.6),
        ],
    )
    faces = [
        face('a.jpg', (105, 5, 150, 50)),
        face('b.jpg', (10, 10, 30, 30), img_id=7),
        face('a.jpg', (0, 0, 48, 48)),
        face('a.jpg', (300, 300, 348, 348)),
        face('c.jpg', (0, 0, 48, 48), img_id=1),
    ]
    boxes = DetectedBoxes(path, 0.3)
    assert boxes.by_id
    found = boxes.put_into(faces, 'test.json')
    assert [f['file_name'] for f in found] == ['a.jpg', 'b.jpg', 'a.jpg']
    assert [f['detected_box'].tolist() for f in found] == [
        [100, 0, 150, 50],
        [10, 10, 30, 30],
        [0, 0, 50, 60],
    ]
    assert [f['bbox_score'].item() for f in found] == pytest.approx([0.8, 0.6, 0.9])
    assert 'detected_box' not in faces[0]


@pytest.mark.parametrize(
    'entry',
    [
        dict(bbox=[0, 0, 1, 1], score=1),
        dict(file_name='a', bbox=[0, 0, 1], score=1),
        dict(file_name='a', bbox=[0, 0, 1, float('nan')], score=1),
        dict(file_name='a', bbox=[0, 0, 1, 1]),
        dict(file_name='a', bbox='none', score=1),
        'a.jpg',
    ],
)
def test_entries_that_are_no_boxes(tmp_path, entry):
    path = write(tmp_path / 'dets.json', [dict(file_name='a', bbox=[0, 0, 1, 1], score=1), entry])
    with pytest.raises(ValueError, match='dets.json: entry 1 is not a box'):
        DetectedBoxes(path, 0.3)


def test_files_that_are_no_boxes(tmp_path):
    with pytest.raises(ValueError, match='dets.json: expected a list'):
        DetectedBoxes(write(tmp_path / 'dets.json', dict(a=1)), 0.3)
    (tmp_path / 'dets.json').write_bytes(b'\xff[')
    with pytest.raises(ValueError, match='dets.json is not a JSON file'):
        DetectedBoxes(str(tmp_path / 'dets.json'), 0.3)
    with pytest.raises(FileNotFoundError, match='none.json'):
        DetectedBoxes(str(tmp_path / 'none.json'), 0.3)


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('boxes') / 'dets.json'


values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(['file_name', 'image_id', 'bbox', 'score']), inner)
    ),
    max_leaves=8,
)


@given(content=st.binary() | st.lists(values, max_size=3).map(json.dumps).map(str.encode))
@example(content=b'[' * 200000)
@example(content=b'[{"image_id": [], "bbox": [0, 0, 1, 1], "score": 1}]')
@example(content=b'[{"image_id": 1, "bbox": [0, 0, 1, 1%s], "score": 1}]' % (b'0' * 400))
def test_any_bytes_give_boxes_or_a_value_error(scratch, content):
    scratch.write_bytes(content)
    try:
        DetectedBoxes(str(scratch), 0.3)
    except ValueError as error:
        assert str(error).startswith(str(scratch))
