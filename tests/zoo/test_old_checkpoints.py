# SPDX-License-Identifier: Apache-2.0
"""The checkpoints of MMPose 0.x fit the rows whose weights they are.

Made here by the rules of MMPose 0.x: its keys, its ``meta``, no more. Each
tensor is filled with a number of its own, so that one that went elsewhere
shows, and stored as that number once, so that the files are small.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Callable

import pytest
import torch
from conftest import serving
from mmengine.config import Config
from mmengine.runner import TestLoop
from torch import nn

from mmpose_face.engine import FaceRunner
from mmpose_face.zoo import Row, get_model, read_rows
from mmpose_face.zoo import lookup as models

ROWS = [row for row in read_rows() if row.weights]
HRNET = ROWS[0]
NUMBER = count()

_BATCH_NORM = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')
# Keys of the heads in MMPose 0.x, below keypoint_head, and in 1.x, below
# head.
_CONVS = {
    'final_layer.0.weight': 'conv_layers.0.weight',
    'final_layer.0.bias': 'conv_layers.0.bias',
    **{f'final_layer.1.{k}': f'conv_layers.1.{k}' for k in _BATCH_NORM},
    'final_layer.3.weight': 'final_layer.weight',
    'final_layer.3.bias': 'final_layer.bias',
}
_DECONVS = {
    key: key
    for key in (
        *(f'deconv_layers.{i}.weight' for i in (0, 3, 6)),
        *(f'deconv_layers.{i}.{k}' for i in (1, 4, 7) for k in _BATCH_NORM),
        'final_layer.weight',
        'final_layer.bias',
    )
}
_STAGES = {key: key for key in ('multi_final_layers.0.weight', 'multi_final_layers.0.bias')}
_LINEAR = {key: key for key in ('fc.weight', 'fc.bias')}


def old_head(row) -> dict[str, str]:
    if 'hrnetv2' in row.name:
        return _CONVS
    if 'hourglass' in row.name:
        return _STAGES
    return _LINEAR if row.name.startswith('td-reg') else _DECONVS


def old_keys(row, new: Iterable[str]) -> dict[str, str]:
    """From the old key to the new one, of all that a model has."""
    backbone = [k for k in new if k.startswith('backbone.')]
    return {
        **{key: key for key in backbone},
        **{f'keypoint_head.{old}': f'head.{new}' for old, new in old_head(row).items()},
    }


def old_state(row) -> tuple[OrderedDict, dict[str, int]]:
    """What a checkpoint holds, and the number that each key of the model is
    to be filled with."""
    new = get_model(row.name, pretrained=False).state_dict()
    keys = old_keys(row, new)
    assert sorted(keys.values()) == sorted(new)
    state = OrderedDict(
        (old, torch.tensor(i, dtype=new[key].dtype).expand(new[key].shape))
        for i, (old, key) in enumerate(keys.items())
    )
    return state, {key: i for i, key in enumerate(keys.values())}


def save_old(row, state: OrderedDict, path: Path) -> None:
    # MMCV kept the versions of the modules; those of 0.x are 1.
    state._metadata = {name: dict(version=1) for name in ('', 'backbone', 'keypoint_head')}
    meta = dict(
        mmpose_version='0.18.0',
        mmcv_version='1.3.8',
        config=f'evaluation = dict(interval=1)  # {row.name}',
        env_info='sys.platform: linux',
        epoch=60,
        iter=7200,
        seed=None,
        time='Tue Jan 26 00:00:00 2021',
    )
    torch.save(dict(meta=meta, state_dict=state), path)


@pytest.fixture
def release(tmp_path, monkeypatch) -> Iterator[Callable]:
    """Puts weights of a row where the model zoo finds them, under the
    released name with the right hash."""
    folder = tmp_path / 'released'
    folder.mkdir()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))

    def put(row, state: OrderedDict) -> Row:
        made = tmp_path / 'made.pth'
        save_old(row, state, made)
        sha256 = hashlib.sha256(made.read_bytes()).hexdigest()[:8]
        name = Path(row.weights).name.replace(row.sha256, sha256)
        made.rename(folder / name)
        row = replace(row, weights=f'{url}/{name}')
        monkeypatch.setattr(models, 'read_rows', lambda: (row,))
        return row

    with serving(folder) as url:
        yield put


@pytest.fixture
def run_test(tmp_path, monkeypatch) -> Callable[[Row], nn.Module]:
    """Does what tools/test.py does with the address, up to the first face;
    gives the model."""

    def test(row: Row) -> nn.Module:
        cfg = Config.fromfile(row.config, format_python_code=False)
        cfg.test_dataloader.dataset = dict(
            type='SyntheticFaces',
            num_faces=1,
            seed=0,
            test_mode=True,
            metainfo=cfg.test_dataloader.dataset.type.METAINFO,
        )
        cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.load_from = row.weights
        cfg.work_dir = str(tmp_path / 'work')
        cfg.experiment_name = f'old_{next(NUMBER)}'
        runner = FaceRunner.from_cfg(cfg)
        runner.test()
        return runner.model

    monkeypatch.setattr(TestLoop, 'run', lambda self: {})
    return test


def assert_filled(model: nn.Module, numbers: dict[str, int]) -> None:
    state = model.state_dict()
    assert state.keys() == numbers.keys()
    wrong = [k for k, value in state.items() if (value != numbers[k]).any()]
    assert not wrong


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.alias)
def test_fits(row, release, run_test, tmp_path):
    state, numbers = old_state(row)
    row = release(row, state)
    model = get_model(row.alias)
    assert_filled(model, numbers)
    assert model.dataset_meta['dataset_name'] == row.benchmark.key
    assert_filled(run_test(row), numbers)
    # Fetched once, and nothing else was.
    cache = tmp_path / 'torch/hub/checkpoints'
    assert [path.name for path in cache.iterdir()] == [Path(row.weights).name]


@pytest.fixture(scope='module')
def hrnet() -> OrderedDict:
    return old_state(HRNET)[0]


def errors(row, run_test) -> Iterator[str]:
    for load in (lambda: get_model(row.alias), lambda: run_test(row)):
        with pytest.raises(ValueError, match='does not fit') as raised:
            load()
        assert Path(row.weights).name in str(raised.value)
        assert len(str(raised.value)) < 2000
        yield str(raised.value)


def test_missing_key(hrnet, release, run_test):
    state = OrderedDict(hrnet)
    del state['keypoint_head.final_layer.3.bias']
    for message in errors(release(HRNET, state), run_test):
        assert 'missing keys in source state_dict: head.final_layer.bias' in (message)
        assert 'unexpected' not in message


def test_unexpected_key(hrnet, release, run_test):
    state = OrderedDict(hrnet, **{'keypoint_head.paf.weight': torch.ones(2)})
    for message in errors(release(HRNET, state), run_test):
        assert 'unexpected key in source state_dict: head.paf.wei' in message
        assert 'missing' not in message


def test_of_another_architecture(hrnet, release, run_test):
    state = OrderedDict((k.replace('stage', 'layer'), v) for k, v in hrnet.items())
    for message in errors(release(HRNET, state), run_test):
        assert 'unexpected key in source state_dict: backbone.l' in message
        assert 'missing keys in source state_dict: backbone.stage' in message


def test_of_another_number_of_points(hrnet, release, run_test):
    state = OrderedDict(hrnet)
    state['keypoint_head.final_layer.3.bias'] = torch.ones(98)
    for message in errors(release(HRNET, state), run_test):
        assert 'head.final_layer.bias' in message and '98' in message
