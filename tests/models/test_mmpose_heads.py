# SPDX-License-Identifier: Apache-2.0
"""Heads and codecs of MMPose's own train and test on our data sets, crops and
metric."""

import pytest
from conftest import NARROW, RES18_300W
from mmengine.config import Config
from mmpose.registry import VISUALIZERS

from mmpose_face.engine import FaceRunner

MSE = dict(type='KeypointMSELoss', use_target_weight=True)
SMOOTH = dict(type='SmoothL1Loss', use_target_weight=True)
BINS = dict(type='KLDiscretLoss', use_target_weight=True)
UP = dict(in_channels=64, deconv_out_channels=(16, 16, 16), deconv_kernel_sizes=(4, 4, 4))
SIMCC = dict(
    in_channels=64,
    out_channels='${num_points}',
    input_size='${codec.input_size}',
    in_featuremap_size='${codec.input_size // 32}',
    simcc_split_ratio=2.0,
)
GAU = dict(
    hidden_dims=32,
    s=16,
    expansion_factor=2,
    dropout_rate=0.0,
    drop_path=0.0,
    act_fn='SiLU',
    use_rel_bias=False,
    pos_enc=False,
)
CELLS = '${codec.input_size // 4}'
POINTS = dict(num_joints='${num_points}', in_featuremap_size=(4, 4))

HEADS = {
    'UDP': (
        dict(type='HeatmapHead', out_channels='${num_points}', loss=MSE, **UP),
        dict(type='UDPHeatmap', heatmap_size=CELLS, sigma=2),
    ),
    'ViPNAS': (
        dict(
            type='ViPNASHead',
            out_channels='${num_points}',
            loss=MSE,
            deconv_num_groups=(16, 16, 16),
            **UP,
        ),
        dict(type='MSRAHeatmap', heatmap_size=CELLS, sigma=2),
    ),
    'SimCC': (
        dict(type='SimCCHead', deconv_out_channels=None, loss=BINS, **SIMCC),
        dict(type='SimCCLabel', sigma=6.0, simcc_split_ratio=2.0),
    ),
    'RTMPose': (
        dict(type='RTMCCHead', final_layer_kernel_size=3, gau_cfg=GAU, loss=BINS, **SIMCC),
        dict(type='SimCCLabel', sigma=(5.66, 5.66), simcc_split_ratio=2.0, normalize=False),
    ),
    'RLE': (
        dict(
            type='RLEHead',
            in_channels=64,
            num_joints='${num_points}',
            loss=dict(type='RLELoss', use_target_weight=True),
        ),
        dict(type='RegressionLabel'),
    ),
    'Integral': (
        dict(type='IntegralRegressionHead', loss=SMOOTH, **POINTS, **UP),
        dict(type='IntegralRegressionLabel', heatmap_size=CELLS, sigma=2.0),
    ),
    'DSNT': (
        dict(
            type='DSNTHead',
            **POINTS,
            **UP,
            loss=dict(
                type='MultipleLossWrapper',
                losses=[SMOOTH, dict(type='JSDiscretLoss', use_target_weight=True)],
            ),
        ),
        dict(type='IntegralRegressionLabel', heatmap_size=CELLS, sigma=2.0),
    ),
}


@pytest.mark.parametrize('name', HEADS)
def test_a_step_of_training_and_a_test(name, tiny_300w, tmp_path):
    head, codec = HEADS[name]
    cfg = Config.fromfile(RES18_300W, format_python_code=False)
    cfg.merge_from_dict(
        {
            'model.backbone.base_channels': NARROW['model.backbone.base_channels'],
            'model.head': dict(head, decoder='${codec}', _delete_=True),
            'codec': dict(codec, input_size='${input_size}', _delete_=True),
            'data_root': f'{tiny_300w}/',
            'max_epochs': 1,
        }
    )
    if name == 'RLE':
        cfg.model.neck = dict(type='GlobalAveragePooling')
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].update(batch_size=2, num_workers=0, persistent_workers=False)
    cfg.default_hooks.checkpoint = None
    cfg.work_dir = str(tmp_path)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    runner = FaceRunner.from_cfg(cfg)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    runner.train()
    assert runner.iter == 3
    table = runner.val_evaluator.metrics[0].table
    assert table.figures['full']['n'] == 5 and table.figures['full']['NME'] > 0
