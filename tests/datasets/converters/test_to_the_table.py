# SPDX-License-Identifier: Apache-2.0
"""From the raw format of each benchmark to a training step and its table."""

import json

import numpy as np
import pytest
from benchmark_files import RAW, make_benchmark
from conftest import BASES, NARROW, RES18_300W
from mmengine.config import Config
from mmpose.registry import VISUALIZERS

from mmpose_face.datasets import BENCHMARKS
from mmpose_face.engine import FaceRunner


def config(name: str, root, work_dir) -> Config:
    """The small 300-W model on another benchmark: its points, its data, its
    metric."""
    cfg = Config.fromfile(RES18_300W)
    base = Config.fromfile(BASES / f'datasets/face_{name}.py')
    cfg.merge_from_dict(NARROW)
    cfg.model.head.out_channels = BENCHMARKS[name].scheme.num_points
    for part in ('train', 'val', 'test'):
        key = f'{part}_dataloader'
        loader = base[key]
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.update(data_root=str(root), pipeline=cfg[key].dataset.pipeline)
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
def test_benchmark(name, tmp_path):
    columns = make_benchmark(name, tmp_path)
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
    assert {key: value['n'] for key, value in saved['subsets'].items()} == columns
    faces = json.loads((tmp_path / 'per_face.json').read_text())['faces']
    has_flags = name in ('cofw', 'aflw')
    assert all(('occluded' in face) == has_flags for face in faces)


@pytest.fixture(autouse=True)
def no_visualizer_left():
    """Each runner makes the visualizer of its own config."""
    yield
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
