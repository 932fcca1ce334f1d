# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from conftest import assert_same_samples, make_release
from mmpose.datasets.datasets import Face300WDataset

from mmpose_face.datasets import Face300W, open_benchmark
from mmpose_face.datasets.converters import convert_300w
from mmpose_face.landmarks import IBUG68


def open_300w(cls, root, part='train', **kwargs):
    return cls(
        data_root=str(root),
        ann_file=f'annotations/face_landmarks_300w_{part}.json',
        data_prefix=dict(img='images/'),
        **kwargs,
    )


@pytest.mark.parametrize('part', ['train', 'valid', 'valid_challenge'])
def test_same_samples_as_mmpose(tiny_300w, part):
    assert_same_samples(
        open_300w(Face300W, tiny_300w, part), open_300w(Face300WDataset, tiny_300w, part)
    )


def test_metainfo_is_the_scheme(tiny_300w):
    meta = open_300w(Face300W, tiny_300w).metainfo
    assert meta['dataset_name'] == '300w'
    assert tuple(meta['flip_indices']) == IBUG68.mirror
    assert meta['keypoint_id2name'][36] == 'left_eye_outer_corner'


def subsets(dataset):
    return [set(dataset.get_data_info(i)['subsets']) for i in range(len(dataset))]


def test_subsets(tiny_300w):
    assert subsets(open_300w(Face300W, tiny_300w)) == [set()] * 6
    assert subsets(open_300w(Face300W, tiny_300w, 'valid')) == (
        [{'common', 'full'}] * 3 + [{'challenge', 'full'}] * 2
    )


def test_subsets_of_a_file_that_does_not_say_them(tiny_300w, tmp_path):
    """Such as those that MMPose offers; the folder of the image says it."""
    path = tiny_300w / 'annotations/face_landmarks_300w_valid.json'
    content = json.loads(path.read_text())
    for annotation in content['annotations']:
        del annotation['subsets']
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / path.name).write_text(json.dumps(content))
    assert subsets(open_300w(Face300W, tmp_path, 'valid')) == subsets(
        open_300w(Face300W, tiny_300w, 'valid')
    )


def test_one_test_covers_the_public_and_the_private_faces(tmp_path):
    raw = make_release(tmp_path / 'raw', {'helen/testset': 3, 'ibug': 2, '300W/01_Indoor': 1})
    convert_300w(raw, tmp_path / '300w', partial=True)
    faces = open_benchmark('300w', tmp_path / '300w', 'test')
    assert subsets(faces) == ([{'common', 'full'}] * 3 + [{'challenge', 'full'}] * 2 + [{'test'}])


def test_missing_annotations(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match='face_landmarks_300w_train.json not found.*\n.*prepare_data.py 300w',
    ):
        open_300w(Face300W, tmp_path)


@pytest.mark.parametrize(
    'path, subsets',
    [
        ('/home/ibug/300w/images/lfpw/testset/image_0001.png', ('common', 'full')),
        ('data/300w/images/ibug/image_003_1.jpg', ('challenge', 'full')),
        ('Test/02_Outdoor/outdoor_001.png', ('test',)),
        ('/home/ibug/300w/images/afw/1.jpg', ()),
        ('data/300w/testset/1.jpg', None),
    ],
)
def test_subsets_of_a_path(path, subsets):
    assert Face300W.subsets_of_path(path) == subsets
