# SPDX-License-Identifier: Apache-2.0
"""What holds for every config; one row of each kind that MMPose has too is
trained and tested in ``test_same_as_mmpose.py``."""

import re
from collections import Counter
from pathlib import Path

import pytest
import torch
from conftest import MMPOSE_CONFIGS, REPO, data_options
from mmengine.config import Config, DictAction
from mmpose.apis import init_model
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, VISUALIZERS
from zoo_rows import FIRST, ROWS, benchmark, make_benchmark

from mmpose_face.engine import FaceRunner

OTHERS = [path for path in ROWS if path not in FIRST]
each_row = pytest.mark.parametrize('path', ROWS, ids=lambda path: path.stem)


def load(path: Path, options=()) -> Config:
    # Formatting what the runner logs takes longer than the training.
    cfg = Config.fromfile(path, format_python_code=False)
    cfg.merge_from_dict(
        {k: DictAction._parse_iterable(v) for k, v in (o.split('=', 1) for o in options)}
    )
    return cfg


def small(path: Path, data_root: Path, work_dir: Path) -> Config:
    """The config on a small data set: a training step and a validation."""
    cfg = load(path, data_options(data_root))
    cfg.train_dataloader.dataset.indices = 2
    cfg.default_hooks.checkpoint = None
    cfg.val_dataloader.dataset.indices = 2
    cfg.test_dataloader.dataset.indices = 2
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    cfg.model.backbone.pop('init_cfg', None)
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    return cfg


@pytest.mark.parametrize('path', OTHERS, ids=lambda path: path.stem)
def test_trains_and_tests(path, tmp_path):
    name = benchmark(path)
    if name != 'synthetic':
        make_benchmark(name, tmp_path)
    data_root = tmp_path / name
    runner = FaceRunner.from_cfg(small(path, data_root, tmp_path))
    runner.train()
    assert runner.iter == 1
    assert runner.test()['NME'] > 0


@each_row
def test_dumped_config_is_the_config(path, tmp_path):
    cfg = load(path)
    cfg.dump(tmp_path / 'dumped.py')
    dumped = Config.fromfile(tmp_path / 'dumped.py')
    assert dumped.to_dict() == cfg.to_dict()


@each_row
def test_row_is_a_short_diff_and_says_its_command(path):
    lines = path.read_text().splitlines()
    assert len(lines) < 30
    assert any(f'mim train mmpose_face {path.name}' in line for line in lines)


def test_base_names_are_unique():
    """mim looks a config up by its base name, in the whole package."""
    configs = Counter(p.name for p in (REPO / 'configs').rglob('*.py'))
    assert [name for name, number in configs.items() if number > 1] == []
    others = {
        p.name
        for folder in ('mmpose_face', 'tools')
        for p in (REPO / folder).rglob('*.py')
        if '.mim' not in p.parts
    }
    assert not others & {p.name for p in ROWS}


def test_names_follow_mmpose():
    """{method}_{backbone}_{batch}-{epochs}e_{data}-{size}, as MMPose has."""
    pattern = r'td-(hm|reg)_[\w-]+[_-]\d+xb\d+-\d+e_[\w-]+-\d+x\d+'
    assert [p.stem for p in ROWS if not re.fullmatch(pattern, p.stem)] == []


def test_mmpose_data_sets_work_from_our_root(monkeypatch):
    """MMPose looks for its metainfo files in the working directory first, so
    no file of ours may have such a name."""
    monkeypatch.chdir(REPO)
    checked = 0
    for name, cls in DATASETS.module_dict.items():
        path = getattr(cls, 'METAINFO', {}).get('from_file', '')
        theirs = MMPOSE_CONFIGS / '_base_/datasets' / Path(path).name
        if theirs.is_file():
            assert not (REPO / path).exists(), f'{path} hides {name}'
            meta = parse_pose_metainfo(dict(from_file=path))
            expected = parse_pose_metainfo(dict(from_file=str(theirs)))
            assert meta['keypoint_id2name'] == expected['keypoint_id2name']
            checked += 1
    assert checked > 20


@each_row
def test_init_model_knows_the_points(path, monkeypatch):
    """Not COCO's, which MMPose falls back to without an error."""
    monkeypatch.setattr(
        'mmpose.apis.inference.build_pose_estimator', lambda cfg: torch.nn.Identity()
    )
    cfg = load(path)
    meta = init_model(cfg, None, device='cpu').dataset_meta
    names = {path.parent.name, benchmark(path)}
    assert meta['dataset_name'] in names
    head = cfg.model.head
    points = head.get('out_channels') or head.num_joints
    assert meta['num_keypoints'] == points


@pytest.fixture(autouse=True)
def no_visualizer_left():
    """Each runner makes the visualizer of its own config."""
    yield
    VISUALIZERS.module_dict['PoseLocalVisualizer']._instance_dict.clear()
