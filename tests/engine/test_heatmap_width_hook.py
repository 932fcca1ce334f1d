# SPDX-License-Identifier: Apache-2.0
"""How wide heatmaps are, in pixels of the crop."""

import json

import pytest
import torch
from conftest import REPO, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import VISUALIZERS

from mmpose_face.engine import FaceRunner
from mmpose_face.engine.heatmap_width_hook import widths

ROW = (
    REPO
    / 'configs/face_2d_keypoint/topdown_regression/300w'
    / 'td-reg_res18_starloss_1xb16-20e_300w-128x128.py'
)


def line(size: int, *points) -> torch.Tensor:
    """A heatmap with half of its mass at each of two cells (x, y)."""
    heatmap = torch.zeros(size, size)
    for x, y in points:
        heatmap[y, x] += 1 / len(points)
    return heatmap[None, None]


def test_two_cells():
    """Cells 5 and 11 of 17 lie 6 x 8 = 48 pixels apart on a crop of 128
    whose cells go from border to border: variance 24^2, unbiased of two
    values twice that; across the line there is none."""
    for heatmap in (line(17, (5, 3), (11, 3)), line(17, (3, 5), (3, 11))):
        major, minor = widths(heatmap, (128, 128))
        assert major.item() == pytest.approx(24 * 2**0.5, rel=1e-4)
        assert minor.item() == pytest.approx(0, abs=1e-3)


def test_crop_that_is_no_square():
    """The same cells across are half as far apart on half the width."""
    across = widths(line(17, (5, 3), (11, 3)), (64, 128))
    assert across[0].item() == pytest.approx(12 * 2**0.5, rel=1e-4)


def test_a_training_logs_them(tiny_300w, tmp_path):
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    cfg = Config.fromfile(ROW, format_python_code=False)
    options = dict(option.split('=') for option in data_options(tiny_300w))
    cfg.merge_from_dict({k: DictAction._parse_iterable(v) for k, v in options.items()})
    cfg.model.backbone.base_channels = 8
    cfg.model.head.update(in_channels=64, deconv_out_channels=(16, 16, 16))
    cfg.custom_hooks.append(dict(type='HeatmapWidthHook', interval=1))
    cfg.default_hooks.update(logger=dict(type='LoggerHook', interval=1), checkpoint=None)
    cfg.train_cfg.update(max_epochs=1, val_begin=2)
    cfg.work_dir = str(tmp_path)
    FaceRunner.from_cfg(cfg).train()
    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    logged = [json.loads(row) for row in scalars.read_text().splitlines()]
    assert len(logged) == 3  # 6 faces, 2 at a time
    for entry in logged:
        # A uniform map of 128 pixels has 128 / sqrt(12) = 37, a new network
        # something near it.
        assert 20 < entry['sigma_minor'] <= entry['sigma_major'] < 50
