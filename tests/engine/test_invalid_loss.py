# SPDX-License-Identifier: Apache-2.0
"""A training whose loss is no number ends, and its log says so."""

import math
from pathlib import Path

import pytest
from conftest import REPO, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import VISUALIZERS

from mmpose_face.engine import FaceRunner

STAR = (
    REPO
    / 'configs/face_2d_keypoint/topdown_regression/300w'
    / 'td-reg_res18_starloss_1xb16-20e_300w-128x128.py'
)


@pytest.fixture
def runner(tiny_300w, tmp_path):
    """Three iterations of two faces, each of them looked at."""
    cfg = Config.fromfile(STAR, format_python_code=False)
    options = dict(option.split('=') for option in data_options(tiny_300w))
    cfg.merge_from_dict({k: DictAction._parse_iterable(v) for k, v in options.items()})
    cfg.model.backbone.base_channels = 8
    cfg.model.head.update(in_channels=64, deconv_out_channels=(16, 16, 16))
    cfg.custom_hooks[1].interval = 1
    cfg.default_hooks.checkpoint = None
    cfg.train_cfg.update(max_epochs=1, val_begin=2)
    cfg.work_dir = str(tmp_path)
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    return FaceRunner.from_cfg(cfg)


@pytest.mark.parametrize('which, value', [(0, math.nan), (0, math.inf), (1, math.nan)])
def test_a_training_ends_where_its_loss_is_nan(runner, which, value):
    """Whether a heatmap or a target is at fault."""

    def spoil(loss, given):
        spoiled = [tensor.detach().clone() for tensor in given]
        spoiled[which][0, 2] = value
        return tuple(spoiled)

    runner.model.head.loss_module.register_forward_pre_hook(spoil)
    with pytest.raises(AssertionError):
        runner.train()
    (log,) = Path(runner.log_dir).glob('*.log')
    assert 'loss become infinite or NaN!' in log.read_text()
    assert runner.iter == 0
