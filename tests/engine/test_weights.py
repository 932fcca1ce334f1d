# SPDX-License-Identifier: Apache-2.0
"""Backbones that start from pretrained weights."""

import sys
from itertools import count
from typing import Callable

import pytest
import torch
from conftest import BASES, HRNET_300W, RES18_300W, data_options
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn

from mmpose_face.downloads import DownloadError
from mmpose_face.engine import launch
from mmpose_face.engine.weights import misfit_explained, missing_start_explained

NUMBER = count()
HRNET = 'open-mmlab://msra/hrnetv2_w18'
MODEL_PARTS = BASES / 'models'
# What each backbone starts from, and the name of its file.
STARTS = {
    'hrnetv2_w18_heatmap': ('HRNet', HRNET, 'hrnetv2_w18-00eb2006.pth'),
    'res50_heatmap': ('ResNet', 'torchvision://resnet50', 'resnet50-0676ba61.pth'),
    'res50_regression': ('ResNet', 'torchvision://resnet50', 'resnet50-0676ba61.pth'),
    'mobilenetv2_heatmap': (
        'MobileNetV2',
        'mmcls://mobilenet_v2',
        'mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth',
    ),
    'scnet50_heatmap': (
        'SCNet',
        'https://download.openmmlab.com/mmpose/pretrain_models/scnet50-7ef0a199.pth',
        'scnet50-7ef0a199.pth',
    ),
}
each = pytest.mark.parametrize('part', STARTS)


def test_the_list_is_complete():
    found = [path.stem for path in MODEL_PARTS.glob('*.py') if 'init_cfg' in path.read_text()]
    assert sorted(found) == sorted(STARTS)


def backbone(part: str) -> nn.Module:
    cfg = Config.fromfile(MODEL_PARTS / f'{part}.py').model.backbone
    return MODELS.build(cfg)


@each
def test_weights_put_into_the_cache_by_hand(part, offline):
    """They are loaded, and nothing changes them after."""
    model = backbone(part)
    prefix = 'backbone.' if part == 'mobilenetv2_heatmap' else ''
    weights = {
        prefix + key: torch.full_like(value, 2 + i)
        for i, (key, value) in enumerate(model.state_dict().items())
    }
    offline.mkdir(parents=True)
    torch.save(weights, offline / STARTS[part][2])
    model.init_weights()
    for key, value in model.state_dict().items():
        assert torch.equal(value, weights[prefix + key]), key


@each
def test_they_are_not_to_be_had(part, offline):
    kind, weights, file = STARTS[part]
    model = nn.Module()
    model.backbone = backbone(part)
    with pytest.raises(DownloadError) as raised:
        with missing_start_explained(model):
            model.backbone.init_weights()
    message = str(raised.value)
    assert f'weights {weights} of model.backbone ({kind}) cannot' in message
    assert 'could not download https://download.' in message
    assert f'/{file}: ' in message and 'refused' in message
    assert f'{offline}/' in message and not list(offline.iterdir())


def test_a_local_file_that_is_not_there():
    start = dict(type='Pretrained', checkpoint='nowhere.pth')
    cfg = Config.fromfile(HRNET_300W).model
    cfg.backbone.init_cfg = [dict(type='Normal', layer='Conv2d'), start]
    model = MODELS.build(cfg)
    with pytest.raises(FileNotFoundError, match=r'nowhere.pth of model.backbone \(HRNet\)'):
        with missing_start_explained(model):
            model.init_weights()


def test_errors_of_others_pass():
    with pytest.raises(FileNotFoundError, match='^of others$'):
        with missing_start_explained(nn.Linear(1, 1)):
            raise FileNotFoundError('of others')


@pytest.fixture
def tool(tiny_300w, offline, tmp_path, monkeypatch) -> Callable[..., None]:
    """Runs what a script does, with the options of a small run that starts
    from HRNet's weights and others."""

    def run(main: Callable[[], None], *args: str) -> None:
        monkeypatch.setattr(
            sys,
            'argv',
            [
                'tool',
                *map(str, args[:-1]),
                '--work-dir',
                str(tmp_path),
                '--cfg-options',
                *data_options(tiny_300w),
                'train_cfg.max_epochs=1',
                'model.backbone.init_cfg.type=Pretrained',
                f'model.backbone.init_cfg.checkpoint={HRNET}',
                args[-1],
                f'experiment_name=weights_{next(NUMBER)}',
            ],
        )
        main()

    return run


def test_scripts_without_a_network(tool, tmp_path):
    """Training says in one line what is missing, and what it tells to do
    helps; a test fetches nothing."""
    more = 'randomness.seed=0'
    with pytest.raises(SystemExit, match='^error: the pretrained') as raised:
        tool(launch.train, RES18_300W, more)
    scratch = 'model.backbone.init_cfg=None'
    assert raised.value.code.endswith(f'scratch: --cfg-options {scratch}')

    tool(launch.train, RES18_300W, scratch)
    tool(lambda: launch.test(None, None), RES18_300W, tmp_path / 'epoch_1.pth', more)


def test_a_checkpoint_that_cannot_be_fetched(tool):
    with pytest.raises(SystemExit, match='^error: could not download https:'):
        tool(
            lambda: launch.test(None, None),
            RES18_300W,
            'https://download.openmmlab.com/mmpose/a.pth',
            'launcher=none',
        )


def test_how_many_keys_do_not_fit():
    keys = [f'backbone.layer{i}.weight' for i in range(312)]
    with pytest.raises(ValueError) as raised:
        with misfit_explained('weights.pth'):
            raise RuntimeError(
                'unexpected key in source state_dict: a, b\n\n'
                'missing keys in source state_dict: ' + ', '.join(keys)
            )
    lines = str(raised.value).splitlines()
    assert lines[0].startswith('weights.pth does not fit the model')
    assert lines[0].endswith('unexpected key in source state_dict: a, b')
    assert lines[1] == (
        'missing keys in source state_dict: ' + ', '.join(keys[:10]) + ', ... (312 in all)'
    )
