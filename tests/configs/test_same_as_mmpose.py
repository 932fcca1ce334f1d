# SPDX-License-Identifier: Apache-2.0
"""Our rows are the experiments of MMPose's configs of the same names."""
from pathlib import Path
from typing import List, Tuple

import pytest
from conftest import HRNET_300W, MMPOSE_CONFIGS
from mmengine.config import Config
from mmengine.hooks import Hook

from mmpose_face.datasets.converters import convert_300w
from mmpose_face.engine import FaceRunner

TOLERANCE = 1e-5


class Recorder(Hook):
    """Keeps the loss of every iteration and the NME of the validation, a
    ratio."""

    def __init__(self):
        self.losses: List[float] = []
        self.nme = float('nan')

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.losses.append(float(outputs['loss']))

    def after_val_epoch(self, runner, metrics):
        # Ours has further columns, and is in per cent as the tables are.
        ours = 'common/NME' in metrics
        self.nme = metrics['NME'] / (100 if ours else 1)


def run(path: Path, data_root: Path,
        work_dir: Path) -> Tuple[List[float], float]:
    """Three iterations at batch 2 and one evaluation, from scratch."""
    cfg = Config.fromfile(path)
    cfg.model.backbone.init_cfg = None
    cfg.train_cfg.max_epochs = 1
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(data_root)
    cfg.train_dataloader.dataset.indices = 6
    cfg.val_dataloader.dataset.indices = 4
    cfg.randomness = dict(seed=0)
    cfg.work_dir = str(work_dir / 'work')
    cfg.experiment_name = f'{work_dir.name}_{path.parent.parts[-5]}'
    runner = FaceRunner.from_cfg(cfg)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert len(recorder.losses) == 3
    return recorder.losses, recorder.nme


def check_same(data_root: Path, tmp_path: Path) -> None:
    theirs = (
        MMPOSE_CONFIGS / 'face_2d_keypoint/topdown_heatmap/300w' /
        HRNET_300W.name)
    losses, nme = run(HRNET_300W, data_root, tmp_path / 'ours')
    expected, expected_nme = run(theirs, data_root, tmp_path / 'theirs')
    assert losses == pytest.approx(expected, abs=TOLERANCE)
    assert nme == pytest.approx(expected_nme, abs=TOLERANCE)
    # The training moved, so that equal figures mean something.
    assert len(set(losses)) == 3


def test_same_losses_and_nme(tiny_300w, tmp_path):
    check_same(tiny_300w, tmp_path)


def test_same_losses_and_nme_on_real_faces(face_data, tmp_path):
    convert_300w(face_data / '300w', tmp_path / '300w', partial=True)
    check_same(tmp_path / '300w', tmp_path)


def test_same_settings():
    """What three iterations do not show: schedule, scaling, flip test."""
    theirs = Config.fromfile(MMPOSE_CONFIGS /
                             'face_2d_keypoint/topdown_heatmap/300w' /
                             HRNET_300W.name)
    ours = Config.fromfile(HRNET_300W)
    ours = Config(plain(ours.to_dict()))
    for key in ('auto_scale_lr', 'model', 'codec', 'val_cfg', 'test_cfg',
                'log_processor', 'env_cfg'):
        assert short(ours[key]) == short(theirs[key]), key
    for key, value in theirs.train_cfg.items():
        assert ours.train_cfg[key] == value
    assert short(ours.optim_wrapper.optimizer) == short(
        theirs.optim_wrapper.optimizer)
    assert short(ours.param_scheduler) == short(theirs.param_scheduler)
    # Ours is MMEngine's and differs where a run is killed.
    theirs.default_hooks.checkpoint.type = 'SafeCheckpointHook'
    for name, hook in theirs.default_hooks.items():
        assert short(ours.default_hooks[name]) == short(hook), name
    # Our test takes the private set, a column of its own, in the same run.
    files = ours.test_dataloader.dataset.ann_file
    assert files[0] == theirs.test_dataloader.dataset.ann_file
    ours.test_dataloader.dataset.ann_file = files[0]
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert our_names(short(theirs[loader])) == short(ours[loader])


def our_names(loader: dict) -> dict:
    """MMPose's loader with our names of the classes that replace its."""
    names = dict(
        Face300WDataset='Face300W',
        LoadImage='LoadFaceImage',
        RandomFlip='RandomFaceFlip',
        PackPoseInputs='PackFaceInputs')
    dataset = loader['dataset']
    for part in (dataset, *dataset['pipeline']):
        part['type'] = names.get(part['type'], part['type'])
    return loader


def plain(value):
    """Classes in the ``type`` fields become their names."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(v) for v in value)
    return getattr(value, '__name__', value)


def short(value):
    """Without modules before the class names, and Pretrained by its class'
    name."""
    if isinstance(value, dict):
        return {k: short(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [short(v) for v in value]
    if isinstance(value, str) and value.startswith(('mm', 'torch.')):
        value = value.split('.')[-1]
    return 'Pretrained' if value == 'PretrainedInit' else value
