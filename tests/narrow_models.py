# SPDX-License-Identifier: Apache-2.0
"""A narrow model for each kind of head in the zoo."""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from conftest import NARROW, REPO
from mmengine.config import Config
from peaked_heatmaps import add_peaks, give_peaks, give_weights
from torch import nn

from mmpose_face.models import IntegralHeatmapHead
from mmpose_face.zoo import build_model

_CONFIGS = REPO / 'configs/face_2d_keypoint'
_RES18 = 'topdown_heatmap/300w/td-hm_res18_dark-1xb16-20e_300w-128x128.py'


class Narrow(NamedTuple):
    """A row, and the options that make its network narrow."""

    config: str
    options: dict[str, object]
    input_size: tuple[int, int] = (128, 128)


KINDS = {
    'dark': Narrow(_RES18, NARROW),
    'plain': Narrow(_RES18, {**NARROW, 'model.head.decoder.unbiased': False}),
    'stages': Narrow(
        'topdown_heatmap/coco_wholebody_face/'
        'td-hm_hourglass52_8xb32-60e_coco-wholebody-face-256x256.py',
        {
            'model.backbone.num_stacks': 2,
            'model.backbone.downsample_times': 1,
            'model.backbone.stage_channels': (256, 32),
            'model.backbone.stage_blocks': (1, 1),
            'model.backbone.feat_channel': 32,
            'model.head.in_channels': 32,
            'model.head.num_stages': 2,
            'model.head.decoder.heatmap_size': (16, 16),
        },
        (64, 64),
    ),
    'integral': Narrow(
        'topdown_regression/300w/td-reg_res18_starloss_1xb16-20e_300w-128x128.py', NARROW
    ),
    'regression': Narrow(
        'topdown_regression/wflw/td-reg_res50_wingloss_8xb64-210e_wflw-256x256.py',
        {'model.backbone.base_channels': 8, 'model.head.in_channels': 256},
        (128, 128),
    ),
    'star': Narrow(
        'topdown_regression/cofw/td-reg_star-hourglass_4xb32-500e_cofw-256x256.py',
        {'model.backbone.num_stacks': 2, 'model.backbone.levels': 2, 'model.backbone.channels': 16},
        (64, 64),
    ),
}


def narrow_model(kind: str) -> nn.Module:
    """A model with random weights, whose points depend on the image and are
    spread over it.

    Args:
        kind (str): One of :data:`KINDS`.
    """
    row = KINDS[kind]
    cfg = Config.fromfile(_CONFIGS / row.config)
    cfg.merge_from_dict({'model.head.decoder.input_size': row.input_size, **row.options})
    for step in cfg.test_dataloader.dataset.pipeline:
        if 'input_size' in step:
            step.input_size = row.input_size
    return drawn_model(cfg)


def drawn_model(cfg: Config) -> nn.Module:
    """The model of a config, with random weights.

    Args:
        cfg (Config): A row of the zoo.
    """
    model = build_model(cfg)
    images = _images(cfg.model.head.decoder['input_size'])
    give_weights(model, images)
    give_peaks(model.head)
    for stack in getattr(model.backbone, 'stacks', ()):  # those of STAR
        add_peaks(stack.heatmaps[0])
    if isinstance(model.head, IntegralHeatmapHead):  # a softmax is flat
        model.head.final_layer.register_forward_hook(_times_ten)
    with torch.no_grad():  # the peaks are drawn
        model.head(model.extract_feat(images[:1]))
    return model


def _times_ten(layer, inputs, heatmaps):
    return heatmaps * 10


def _images(size) -> torch.Tensor:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(8, *size[::-1], 3)).astype(np.float32)
    blurred = [cv2.GaussianBlur(each, (0, 0), 4) for each in noise]
    images = torch.from_numpy(np.stack(blurred)).permute(0, 3, 1, 2)
    return images / images.std()
