# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from mmpose_face.datasets.annotations import (
    FaceRecord,
    center_and_scale,
    face_rect_bbox,
    face_rect_box,
    landmark_box,
    write_annotations,
    write_atomically,
)


def test_box_rule_by_hand():
    """x from floor(10.6) to ceil(50.2), y from floor(20) to ceil(90.01)."""
    points = np.array([[10.6, 20.0], [50.2, 40.0], [30.0, 90.01]])
    center, scale = center_and_scale(points)
    assert center == [(10 + 51) / 2, (20 + 91) / 2]
    assert scale == (91 - 20) / 200


def test_box_rule_equals_mmpose_files(face_data):
    path = face_data / 'mmpose_samples/300w/test_300w.json'
    content = json.loads(path.read_text())
    assert content['annotations']
    sizes = {i['id']: (i['width'], i['height']) for i in content['images']}
    for ann in content['annotations']:
        points = np.reshape(ann['keypoints'], (-1, 3))[:, :2]
        assert center_and_scale(points) == (ann['center'], ann['scale'])
        record = FaceRecord('a.png', sizes[ann['image_id']], points)
        fields = landmark_box(record)
        assert fields['bbox'] == pytest.approx(ann['bbox'])
        assert fields['bbox'][2] * fields['bbox'][3] == pytest.approx(ann['area'])


def test_bbox_is_clipped_to_the_image():
    record = FaceRecord('a.png', (100, 80), np.array([[0.0, 0], [100, 40]]))
    # 120 % of 100 x 40 about its middle is (-10, -4) to (110, 44).
    assert landmark_box(record)['bbox'] == [0, 0, 100, 44]


def test_boxes_from_the_face_rectangle():
    points = np.array([[20.0, 10], [60, 50]])
    record = FaceRecord('a.png', (100, 80), points, face_rect=(-4, 6, 90, 80))
    fields = face_rect_box(record)
    assert fields.pop('bbox') == pytest.approx([16, 6, 48, 48])
    assert fields == dict(center=[41, 46], scale=0.45, box_size=90)
    assert face_rect_bbox(record) == dict(bbox=[0, 6, 90, 80])


def test_layout(tmp_path):
    points = np.arange(10.0).reshape(5, 2)
    records = [
        FaceRecord('a.jpg', (30, 20), points, ('common', 'full')),
        FaceRecord('b.jpg', (30, 20), points),
        FaceRecord(
            'a.jpg',
            (30, 20),
            points + 1,
            occluded=np.array([0, 1, 0, 0, 0], bool),
            face_rect=(1, 2, 3, 4),
            visibility=np.array([2, 1, 2, 2, 2]),
        ),
    ]
    path = tmp_path / 'new' / 'x.json'
    write_annotations(path, records, dict(pixel_origin=1))
    content = json.loads(path.read_text())
    assert content['info'] == dict(pixel_origin=1)
    assert [i['file_name'] for i in content['images']] == ['a.jpg', 'b.jpg']
    assert [a['image_id'] for a in content['annotations']] == [1, 2, 1]
    assert [a['id'] for a in content['annotations']] == [1, 2, 3]
    first = content['annotations'][0]
    assert first['keypoints'][:6] == [0, 1, 1, 2, 3, 1]
    assert first['num_keypoints'] == 5
    assert first['subsets'] == ['common', 'full']
    assert first['area'] == first['bbox'][2] * first['bbox'][3]
    assert 'occluded' not in first and 'face_rect' not in first
    last = content['annotations'][2]
    assert last['occluded'] == [0, 1, 0, 0, 0]
    assert last['face_rect'] == [1, 2, 3, 4]
    assert last['keypoints'][:6] == [1, 2, 2, 3, 4, 1]
    once = path.read_bytes()
    write_annotations(path, records, dict(pixel_origin=1))
    assert path.read_bytes() == once


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'x.json'
    write_atomically(path, b'old')

    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError):
        write_atomically(path, b'new')
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]
