# SPDX-License-Identifier: Apache-2.0
"""What is found before anything is built."""

import copy

import pytest
import torch
from conftest import NARROW, RES18_300W, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import MODELS, VISUALIZERS

from mmpose_face.compat.config_references import brought_up_to_date
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.config_checks import check_config, check_heatmaps


def checked(cfg: Config, **options) -> Config:
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
    cfg = brought_up_to_date(cfg)
    check_config(cfg)
    return cfg


@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(input_size=(64, 96)),
        dict(codec__input_size=(64, 64)),
        dict(scheme='ibug68', num_points=68),
        dict(model__head__decoder__sigma=3),
        dict(codec__type='MSRAHeatmap'),
    ],
)
def test_what_fits(own_config, options):
    checked(own_config, **options)


@pytest.mark.parametrize(
    'options,names',
    [
        (
            dict(num_points=5),
            ('num_points is 5', 'train_dataloader.dataset (CustomFaces) has 2 points'),
        ),
        (dict(model__head__out_channels=5), ('model.head.out_channels is 5', 'has 2 points')),
        (dict(scheme='ibug68'), ('num_points is 2', 'has 68 points')),
        (
            dict(warp__input_size=(64, 64)),
            ('warp.input_size is (64, 64)', 'input_size is (128, 128)'),
        ),
        (
            dict(model__head__decoder__input_size=(64, 64)),
            ('model.head.decoder.input_size is (64, 64)', 'input_size is (128'),
        ),
        (
            dict(target__encoder__heatmap_size=(16, 16)),
            ('target.encoder.heatmap_size is (16, 16)', 'codec.heatmap_size is (32, 32)'),
        ),
        (
            dict(
                target__encoder=dict(type='RegressionLabel', input_size=(128, 128), _delete_=True)
            ),
            ('codec.type is FaceMSRAHeatmap', 'target.encoder.type is RegressionLabel'),
        ),
        (
            dict(val_dataloader__dataset__scheme=dict(points=['nose', 'chin'])),
            ('train_dataloader.dataset and val_dataloader.dataset have different',),
        ),
    ],
)
def test_what_disagrees(own_config, options, names):
    with pytest.raises(ValueError) as raised:
        checked(own_config, **options)
    assert '\n' not in str(raised.value)
    for name in names:
        assert name in str(raised.value)


def test_schemes_of_the_network(own_config):
    own_config.model.backbone = dict(type='AttentionHourglass', scheme='cofw29')
    with pytest.raises(ValueError, match='model.backbone.scheme and train_dataloader'):
        checked(own_config)


def test_points_that_a_pipeline_converts(own_config):
    step = dict(type='KeypointConverter', num_keypoints=5, mapping=[(0, 0)])
    own_config.train_dataloader.dataset.pipeline.append(step)
    with pytest.raises(ValueError, match=r'pipeline\.7\.num_keypoints is 5'):
        checked(own_config)
    step['num_keypoints'] = 2
    own_config.train_dataloader.dataset.pipeline[-1] = step
    checked(own_config)


def test_heatmaps_of_another_size(tiny_300w, tmp_path):
    """A network of fewer deconvolutions; the runner says so before it
    trains."""
    cfg = Config.fromfile(RES18_300W, format_python_code=False)
    cfg.merge_from_dict(
        {
            k: DictAction._parse_iterable(v)
            for k, v in (o.split('=', 1) for o in data_options(tiny_300w))
        }
    )
    cfg.merge_from_dict(
        {
            **NARROW,
            'model.head.deconv_out_channels': (16, 16),
            'model.head.deconv_kernel_sizes': (4, 4),
        }
    )
    cfg.work_dir = str(tmp_path)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    with pytest.raises(ValueError) as raised:
        FaceRunner.from_cfg(cfg)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    assert 'codec.heatmap_size is (32, 32)' in str(raised.value)
    assert 'gives (16, 16) for a crop of (128, 128)' in str(raised.value)


def test_the_check_leaves_the_model_as_it_was():
    cfg = Config.fromfile(RES18_300W)
    cfg.merge_from_dict({**NARROW, 'input_size': (64, 96)})
    model = MODELS.build(cfg.model)
    model.backbone.eval()
    before = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    check_heatmaps(model, cfg)
    assert model.training and not model.backbone.layer1.training
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
