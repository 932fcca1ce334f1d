# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from mmpose.datasets.datasets import WFLWDataset
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from mmpose_face.datasets import (
    FaceWFLW,
    LoadFaceImage,
    PackFaceInputs,
    SyntheticFaces,
    SyntheticFaces68,
)
from mmpose_face.datasets.converters import write_synthetic
from mmpose_face.landmarks import IBUG68, WFLW98

PIPELINE = [dict(type=LoadFaceImage), dict(type=PackFaceInputs)]
KEYS = ('bbox', 'bbox_center', 'bbox_scale', 'bbox_score', 'keypoints', 'keypoints_visible')


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp('synthetic')
    counts = write_synthetic(root, train=3, test=12, seed=5, size=64)
    return root, counts


def from_files(cls, root, part, **kwargs):
    return cls(
        ann_file=f'annotations/face_landmarks_wflw_{part}.json',
        data_root=str(root),
        data_prefix=dict(img='images/'),
        **kwargs,
    )


def test_it_is_registered_and_needs_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = DATASETS.build(dict(type='SyntheticFaces', num_faces=3, size=64, pipeline=PIPELINE))
    assert len(data) == 3
    sample = data[1]
    assert sample['inputs'].shape == (3, 64, 64)
    assert sample['data_samples'].gt_instances.keypoints.shape == (1, 98, 2)
    assert sample['data_samples'].subsets[0] == 'test'
    assert not list(tmp_path.iterdir())


def test_workers_and_order_change_nothing():
    data = SyntheticFaces(num_faces=6, size=64, pipeline=PIPELINE)
    alone = [data[i]['inputs'] for i in (5, 3, 1, 0, 2, 4)]
    for workers in (1, 2):
        loader = DataLoader(data, 2, num_workers=workers, collate_fn=pseudo_collate)
        got = [image for batch in loader for image in batch['inputs']]
        for place, i in enumerate((5, 3, 1, 0, 2, 4)):
            assert (got[i] == alone[place]).all()


def test_seeds_give_other_faces():
    images = [
        SyntheticFaces(num_faces=1, seed=seed, size=64).get_data_info(0)['img'] for seed in (0, 1)
    ]
    assert (images[0] != images[1]).mean() > 0.5


def test_ibug_points_are_the_exact_map():
    wflw = SyntheticFaces(num_faces=2, size=64).get_data_info(1)
    ibug = SyntheticFaces68(num_faces=2, size=64)
    info = ibug.get_data_info(1)
    chosen = list(WFLW98.map_to(IBUG68))
    assert np.array_equal(info['keypoints'], wflw['keypoints'][:, chosen])
    assert np.array_equal(info['occluded'], wflw['occluded'][:, chosen])
    assert tuple(ibug.metainfo['keypoint_id2name'].values()) == IBUG68.points


def test_attributes_of_all_faces():
    data = SyntheticFaces(num_faces=2, size=64, attributes=['blur', 'pose'])
    for i in range(2):
        assert data.get_data_info(i)['subsets'] == ('test', 'pose', 'blur')


def test_wrong_arguments():
    for arguments, message in (
        (dict(num_faces=0), 'num_faces must be'),
        (dict(seed=-1), 'seed must not be'),
        (dict(size=8), 'size must be from 16'),
        (dict(attributes=['hat']), "'hat'"),
    ):
        with pytest.raises(ValueError, match=message):
            SyntheticFaces(**{'num_faces': 1, **arguments})


def test_files_give_the_same_samples(written):
    root, counts = written
    assert counts['face_landmarks_wflw_train.json'] == 3
    for part, seed, number in (('train', 5, 3), ('test', 6, 12)):
        ours = SyntheticFaces(num_faces=number, seed=seed, size=64)
        files = from_files(FaceWFLW, root, part, pipeline=[PIPELINE[0]])
        assert len(files) == number
        for i in range(number):
            drawn, read = ours.get_data_info(i), files[i]
            assert np.array_equal(drawn['img'], read['img'])
            assert drawn['subsets'] == read['subsets']
            for key in KEYS:
                assert read[key] == pytest.approx(drawn[key], abs=1e-4), key


def test_mmpose_reads_the_files(written):
    root, _ = written
    theirs = from_files(WFLWDataset, root, 'test')
    assert len(theirs) == 12
    drawn = SyntheticFaces(num_faces=12, seed=6, size=64).get_data_info(7)
    assert theirs.get_data_info(7)['keypoints'] == pytest.approx(drawn['keypoints'], abs=1e-4)


def test_subset_files_hold_the_faces_of_the_subset(written):
    root, counts = written
    whole = from_files(FaceWFLW, root, 'test')
    for name in ('largepose', 'expression', 'illumination', 'makeup', 'occlusion', 'blur'):
        column = 'pose' if name == 'largepose' else name
        expected = [
            whole.get_data_info(i)['img_path']
            for i in range(12)
            if column in whole.get_data_info(i)['subsets']
        ]
        part = f'face_landmarks_wflw_test_{name}.json'
        assert counts.get(part, 0) == len(expected)
        if not expected:
            assert not (root / 'annotations' / part).exists()
            continue
        if expected:
            part = from_files(FaceWFLW, root, f'test_{name}')
            assert [part.get_data_info(i)['img_path'] for i in range(len(part))] == expected


def test_writing_over_other_data_is_refused(tmp_path):
    path = tmp_path / 'annotations/face_landmarks_wflw_test.json'
    path.parent.mkdir()
    path.write_text('{"info": {}, "images": []}')
    with pytest.raises(ValueError, match=f'{path} exists and was not made'):
        write_synthetic(tmp_path, train=1, test=1)
    assert not (tmp_path / 'images').exists()


def test_writing_again_is_not(written):
    root, counts = written
    assert write_synthetic(root, train=3, test=12, seed=5, size=64) == counts


def test_wflw_without_subsets_to_train_on(written, tmp_path):
    """As in MMPose's own files."""
    root, _ = written
    path = root / 'annotations/face_landmarks_wflw_train.json'
    content = json.loads(path.read_text())
    for annotation in content['annotations']:
        del annotation['subsets']
    (tmp_path / 'a.json').write_text(json.dumps(content))
    data = FaceWFLW(ann_file=str(tmp_path / 'a.json'), data_prefix=dict(img=str(root / 'images')))
    assert 'subsets' not in data.get_data_info(0)


def test_missing_wflw(tmp_path):
    with pytest.raises(FileNotFoundError, match='(?s)a.json.*prepare_data.py wflw'):
        FaceWFLW(ann_file='a.json', data_root=str(tmp_path))


def test_writing_refuses_nothing_to_write(tmp_path):
    with pytest.raises(ValueError, match='expected at least one face'):
        write_synthetic(tmp_path, train=0)
    assert not list(tmp_path.iterdir())
