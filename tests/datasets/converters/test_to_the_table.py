# SPDX-License-Identifier: Apache-2.0
"""From the raw format of each benchmark to a training step and its table."""
import json
from typing import Dict

import coco_files
import numpy as np
import pytest
import wflw_files
from conftest import REPO, RES18_300W, make_release
from matlab_files import aflw_rows, write_aflw, write_cofw
from mmengine.config import Config
from mmpose.registry import VISUALIZERS

from mmpose_face.datasets import BENCHMARKS, converters
from mmpose_face.datasets.converters import aflw
from mmpose_face.engine import FaceRunner

BASES = REPO / 'configs/_base_/datasets'


def raw_300w(root):
    make_release(
        root, {
            'afw': 4,
            'helen/testset': 2,
            'lfpw/testset': 1,
            'ibug': 1,
            '300W/01_Indoor': 2
        })
    return dict(full=4, common=3, challenge=1, test=2)


def raw_wflw(root):
    line = wflw_files.line
    wflw_files.make_release(
        root,
        train=[line(seed=i) for i in range(4)],
        test=[
            line('1--H/b.jpg', 4, flags='100010'),
            line('1--H/b.jpg', 5, flags='000010'),
            line('1--H/c.jpg', 6, flags='000000')
        ])
    return dict(
        test=3,
        pose=1,
        illumination=0,
        occlusion=2,
        blur=0,
        makeup=0,
        expression=0)


def raw_cofw(root):
    write_cofw(root / 'COFW_train_color.mat', 'Tr', 4)
    write_cofw(root / 'COFW_test_color.mat', 'T', 2)
    return dict(test=2)


def raw_aflw(root):
    """Six of the ten faces are trained on; see below."""
    write_aflw(root, aflw_rows(10))
    return dict(full=4, frontal=2)


def raw_coco(root):
    person = coco_files.person
    coco_files.make_release(
        root,
        train=[person(i) for i in range(1, 5)],
        val=[person(5), person(6, face_valid=False),
             person(7, 2)])
    return dict(val=2)


RAW = {
    '300w': (raw_300w, converters.convert_300w),
    'wflw': (raw_wflw, converters.convert_wflw),
    'cofw': (raw_cofw, converters.convert_cofw),
    'aflw': (raw_aflw, converters.convert_aflw),
    'coco_wholebody_face': (raw_coco, converters.convert_coco_wholebody_face)
}


def config(name: str, root, work_dir) -> Config:
    """The small 300-W model on another benchmark: its points, its data, its
    metric."""
    cfg = Config.fromfile(RES18_300W)
    base = Config.fromfile(BASES / f'face_{name}.py')
    cfg.model.head.out_channels = len(
        BENCHMARKS[name].METAINFO['keypoint_info'])
    for part in ('train', 'val', 'test'):
        key = f'{part}_dataloader'
        loader = base[key]
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.update(
            data_root=str(root), pipeline=cfg[key].dataset.pipeline)
        cfg[key] = loader
    cfg.val_evaluator = base.val_evaluator
    base.test_evaluator.out_dir = str(work_dir)
    cfg.test_evaluator = base.test_evaluator
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.train_dataloader.dataset.indices = 4
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    return cfg


@pytest.mark.parametrize('name', RAW)
def test_benchmark(name, tmp_path, monkeypatch):
    monkeypatch.setattr(aflw, 'TRAIN_FACES', 6)
    make, convert = RAW[name]
    columns: Dict[str, int] = make(tmp_path / 'raw')
    convert(tmp_path / 'raw', tmp_path / name, partial=True)
    runner = FaceRunner.from_cfg(config(name, tmp_path / name, tmp_path))
    runner.train()
    assert runner.iter == 2
    metrics = runner.test()
    table = runner.test_evaluator.metrics[0]
    assert table.subsets == tuple(columns)
    for column, number in columns.items():
        prefix = '' if column == table.subsets[0] else f'{column}/'
        assert np.isfinite(metrics[f'{prefix}NME']) == bool(number)
    saved = json.loads((tmp_path / 'metrics.json').read_text())
    assert {
        key: value['n']
        for key, value in saved['subsets'].items()
    } == columns
    faces = json.loads((tmp_path / 'per_face.json').read_text())['faces']
    has_flags = name in ('cofw', 'aflw')
    assert all(('occluded' in face) == has_flags for face in faces)


@pytest.fixture(autouse=True)
def no_visualizer_left():
    """Each runner makes the visualizer of its own config."""
    yield
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
