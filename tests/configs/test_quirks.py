# SPDX-License-Identifier: Apache-2.0
"""What is odd in MMPose's experiments is kept, and each can be switched off
by the option that the config's comment gives."""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import BASES
from mmengine.config import Config, DictAction
from mmpose.registry import KEYPOINT_CODECS, PARAM_SCHEDULERS, TRANSFORMS
from zoo_rows import THEIRS

ROWS = sorted(THEIRS)
COFW = next(p for p in ROWS if p.parent.name == 'cofw')

END = 'lr_steps.end=60'
NO_SHIFT = 'box_jitter.shift_prob=0'
NO_BORDER_SHIFT = 'codec.border_shift=False'

NARROW = [p for p in ROWS if p.parent.name in ('300w', 'cofw')]
SHIFTING = [p for p in ROWS if p.parent.name == 'coco_wholebody_face' or 'td-reg' in p.name]


def load(path: Path, *options: str) -> Config:
    """The config with ``--cfg-options``, as the scripts read them."""
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    cfg = Config.fromfile(path)
    if options:
        args = parser.parse_args(['--cfg-options', *options])
        cfg.merge_from_dict(args.cfg_options)
    return cfg


def said(path: Path, option: str) -> bool:
    """Whether the row, or its data set's base, gives the option."""
    base = BASES / f'datasets/face_{path.parent.name}.py'
    return any(f'--cfg-options {option}' in file.read_text() for file in (path, base))


def last_rate(cfg: Config) -> float:
    """The learning rate of the last epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    steps = dict(cfg.param_scheduler[1])
    assert steps['by_epoch']
    scheduler = PARAM_SCHEDULERS.build(dict(steps, optimizer=optimizer))
    for _ in range(cfg.train_cfg.max_epochs - 1):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]['lr']


def test_second_step_of_cofw():
    """At epoch 55, after the end of MMPose's schedule."""
    assert said(COFW, END)
    assert last_rate(load(COFW)) == pytest.approx(0.1)
    assert last_rate(load(COFW, END)) == pytest.approx(0.01)


@pytest.mark.parametrize('row', [p for p in ROWS if p != COFW], ids=lambda row: row.stem)
def test_both_steps_of_the_others(row):
    """Whatever ``end`` is."""
    assert last_rate(load(row)) == pytest.approx(0.01)


def moved(cfg: Config) -> float:
    """In how many of the samples the augmentation moves the box."""
    np.random.seed(0)
    transform = TRANSFORMS.build(cfg.train_dataloader.dataset.pipeline[3])
    center = np.array([[40.0, 50.0]])
    results = [
        transform(dict(bbox_center=center.copy(), bbox_scale=np.full((1, 2), 30.0)))
        for _ in range(400)
    ]
    return np.mean([(r['bbox_center'] != center).any() for r in results])


@pytest.mark.parametrize('row', SHIFTING, ids=lambda row: row.stem)
def test_box_shift(row):
    assert said(row, NO_SHIFT)
    assert moved(load(row)) == pytest.approx(0.3, abs=0.07)
    assert moved(load(row, NO_SHIFT)) == 0


@pytest.mark.parametrize('row', [p for p in ROWS if p not in SHIFTING], ids=lambda row: row.stem)
def test_no_box_shift(row):
    assert moved(load(row)) == 0


def drawn_at(cfg: Config) -> int:
    """The column on which a point of column 2 is drawn."""
    codec = KEYPOINT_CODECS.build(cfg.train_dataloader.dataset.pipeline[5].encoder)
    heatmaps = codec.encode(np.array([[[8.0, 80.0]]]))['heatmaps']
    return int(heatmaps[0, 20].argmax())


@pytest.mark.parametrize('row', NARROW, ids=lambda row: row.stem)
def test_border_shift(row):
    assert said(row, NO_BORDER_SHIFT)
    assert drawn_at(load(row)) == 3
    assert drawn_at(load(row, NO_BORDER_SHIFT)) == 2


@pytest.mark.parametrize(
    'row', [p for p in ROWS if p not in NARROW and 'td-hm' in p.name], ids=lambda row: row.stem
)
def test_no_border_shift(row):
    assert drawn_at(load(row)) == 2
