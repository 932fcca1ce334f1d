# SPDX-License-Identifier: Apache-2.0
"""Subsets of files that do not say them, such as MMPose's."""

import json

import numpy as np
import pytest

from mmpose_face.datasets import FaceAFLW, FaceWFLW
from mmpose_face.datasets.converters.wflw import SUBSET_FILES, read_list


def annotation_file(path, faces, first_id=1):
    """As MMPose's, without subsets.

    Args:
        faces (list[tuple[str, np.ndarray]]): Image and points.
    """
    names = list(dict.fromkeys(name for name, _ in faces))
    images = [
        dict(id=i, file_name=name, width=99, height=99)
        for i, name in enumerate(names, start=first_id)
    ]
    annotations = [
        dict(
            id=i,
            image_id=names.index(name) + first_id,
            category_id=1,
            keypoints=np.column_stack([points, np.ones(len(points))]).ravel().tolist(),
            num_keypoints=len(points),
            iscrowd=0,
            center=[50, 50],
            scale=0.2,
            box_size=40,
        )
        for i, (name, points) in enumerate(faces, first_id)
    ]
    path.write_text(
        json.dumps(
            dict(images=images, annotations=annotations, categories=[dict(id=1, name='face')])
        )
    )


def random_faces(number, points=98):
    rng = np.random.default_rng(0)
    return [(f'{i // 2}.jpg', rng.uniform(1, 90, (points, 2))) for i in range(number)]


def subsets(dataset):
    return [dataset.get_data_info(i)['subsets'] for i in range(len(dataset))]


@pytest.fixture
def wflw(tmp_path):
    """Five faces on three images; each subset has other ids."""
    faces = random_faces(5)
    annotation_file(tmp_path / 'face_landmarks_wflw_test.json', faces)
    for i, name in enumerate(SUBSET_FILES.values()):
        chosen = faces[:2] if 'blur' in name else faces[i % 5 : i % 5 + 1]
        annotation_file(tmp_path / name, chosen, first_id=100)
    return tmp_path


def open_wflw(folder, name='face_landmarks_wflw_test.json', test_mode=True):
    return FaceWFLW(ann_file=str(folder / name), test_mode=test_mode)


def test_wflw_joins_the_six_files(wflw):
    assert list(SUBSET_FILES)[:5] == ['pose', 'expression', 'illumination', 'makeup', 'occlusion']
    assert subsets(open_wflw(wflw)) == [
        ('test', 'pose', 'blur'),
        ('test', 'expression', 'blur'),
        ('test', 'illumination'),
        ('test', 'makeup'),
        ('test', 'occlusion'),
    ]


def test_a_subset_file_itself(wflw):
    assert subsets(open_wflw(wflw, 'face_landmarks_wflw_test_blur.json')) == [
        ('test', 'pose', 'blur'),
        ('test', 'expression', 'blur'),
    ]


def test_faces_to_train_on_are_not_joined(wflw):
    faces = open_wflw(wflw, test_mode=False)
    assert 'subsets' not in faces.get_data_info(0)


def test_rounded_points_are_the_same_face_others_are_not(wflw):
    faces = random_faces(5)
    near = [(name, points.round(2)) for name, points in faces[:1]]
    far = [(name, points + 0.02) for name, points in faces[1:2]]
    annotation_file(wflw / SUBSET_FILES['pose'], near + far)
    joined = subsets(open_wflw(wflw))
    assert 'pose' in joined[0] and 'pose' not in joined[1]


def test_missing_and_foreign_subset_files_are_said(wflw, logged):
    (wflw / SUBSET_FILES['pose']).unlink()
    annotation_file(wflw / SUBSET_FILES['blur'], [('7.jpg', np.ones((98, 2)))])
    open_wflw(wflw)
    assert 'there is no face_landmarks_wflw_test_largepose.json' in logged.text
    assert '1 faces of face_landmarks_wflw_test_blur.json are not in' in (logged.text)


def test_a_subset_file_that_is_none(wflw):
    (wflw / SUBSET_FILES['pose']).write_text('{}')
    with pytest.raises(ValueError, match='largepose.json is not an annot'):
        open_wflw(wflw)


def test_a_subset_file_of_other_points(wflw):
    annotation_file(wflw / SUBSET_FILES['pose'], random_faces(1, points=68))
    with pytest.raises(ValueError, match='largepose.json beside .*68 points'):
        open_wflw(wflw)


def test_a_face_that_is_listed_twice(wflw, logged):
    faces = random_faces(5)
    annotation_file(wflw / 'face_landmarks_wflw_test.json', faces + faces[:1])
    annotation_file(wflw / SUBSET_FILES['pose'], faces[:1] * 2)
    assert subsets(open_wflw(wflw))[0] == ('test', 'pose', 'blur')
    assert 'are not in' not in logged.text


def test_aflw_joins_the_frontal_file(tmp_path):
    faces = random_faces(3, points=19)
    annotation_file(tmp_path / 'face_landmarks_aflw_test.json', faces)
    annotation_file(tmp_path / 'face_landmarks_aflw_test_frontal.json', faces[1:2], 50)
    faces = FaceAFLW(ann_file=str(tmp_path / 'face_landmarks_aflw_test.json'), test_mode=True)
    assert subsets(faces) == [('full',), ('full', 'frontal'), ('full',)]
    assert faces.get_data_info(0)['box_size'] == 40


def test_official_lists_agree_with_the_attributes(face_data, tmp_path):
    """The owner's six lists, joined like MMPose's files, give each of the
    1970 rows at hand the subsets that its attributes say."""
    folder = face_data / 'wflw_annotations'
    rows = read_list(folder / 'list_98pt_rect_attr_test_1970of2500.txt')
    annotation_file(
        tmp_path / 'face_landmarks_wflw_test.json', [(row.file_name, row.points) for row in rows]
    )
    sizes = {}
    for name, file_name in SUBSET_FILES.items():
        listed = (
            folder
            / 'list_98pt_test'
            / file_name.replace('face_landmarks_wflw_test', 'list_98pt_test').replace('json', 'txt')
        )
        lines = [line.split() for line in listed.read_text().splitlines()]
        sizes[name] = len(lines)
        annotation_file(
            tmp_path / file_name,
            [(line[-1], np.array(line[:-1], float).reshape(98, 2)) for line in lines],
        )
    assert sizes == dict(
        pose=326, expression=314, illumination=698, makeup=206, occlusion=736, blur=773
    )
    joined = subsets(open_wflw(tmp_path))
    assert len(joined) == 1970
    by_face = {(row.file_name, row.points.tobytes()): row.attributes for row in rows}
    assert len(by_face) == 1970
    faces = open_wflw(tmp_path)
    expected = {row.points.astype(np.float32).tobytes(): row.attributes for row in rows}
    for i, found in enumerate(joined):
        points = faces.get_data_info(i)['keypoints'][0]
        assert found == ('test', *expected[points.tobytes()])
