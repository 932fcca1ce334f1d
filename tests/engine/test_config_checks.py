# SPDX-License-Identifier: Apache-2.0
"""What is found before anything is built."""
import pytest
import torch
from conftest import MMPOSE_CONFIGS, NARROW, RES18_300W, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import MODELS, VISUALIZERS

from mmpose_face.compat.config_references import brought_up_to_date
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.config_checks import (check_config, check_heatmaps,
                                              check_options)

CUSTOM = '''
from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_custom import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

scheme = dict(name='own2', points=['left_eye', 'right_eye'])
num_points = 2
'''


@pytest.fixture
def custom(tmp_path) -> Config:
    path = tmp_path / 'custom.py'
    path.write_text(CUSTOM)
    return Config.fromfile(path)


def checked(cfg: Config, **options) -> Config:
    cfg.merge_from_dict({
        key.replace('__', '.'): value
        for key, value in options.items()
    })
    cfg = brought_up_to_date(cfg)
    check_config(cfg)
    return cfg


@pytest.mark.parametrize('name', [
    'data_root', 'input_size', 'codec.sigma', 'codec', 'loss.loss_weight',
    'flip.prob', 'warp.use_udp', 'target.multilevel', 'max_epochs',
    'warmup.end', 'num_points', 'scheme', 'model.head.anything',
    'train_dataloader.dataset.pipeline.3.prob', 'work_dir', 'randomness.seed',
    'auto_scale_lr.enable', 'fast.warp', 'vis_backends'
])
def test_options_that_do_something(custom, name):
    before = custom.to_dict()
    value = (64, 64) if name == 'input_size' else 1
    check_options(custom, {name: value})
    assert custom.to_dict() == before


@pytest.mark.parametrize('name,hint', [
    ('data_rot', 'did you mean data_root'),
    ('backend_args', ''),
    ('augment.prob', ''),
    ('sigma', 'did you mean codec.sigma'),
])
def test_options_that_do_nothing(custom, name, hint):
    with pytest.raises(ValueError) as raised:
        check_options(custom, {name: 1})
    message = str(raised.value)
    assert message.startswith(f'--cfg-options {name} changes nothing: ')
    assert hint in message and '\n' not in message


def test_a_variable_that_nobody_follows_any_more(custom):
    """Its copies are named."""
    custom.train_dataloader.dataset.data_root = 'a/'
    check_options(custom, {'data_root': 'b/'})  # two loaders follow it
    for part in ('val', 'test'):
        custom[f'{part}_dataloader'].dataset.data_root = 'a/'
    with pytest.raises(ValueError, match='did you mean train_dataloader.data'):
        check_options(custom, {'data_root': 'b/'})
    # The augmentation of a pipeline that is not used.
    check_options(custom, {'flip.prob': 0.})
    custom.train_dataloader.dataset.pipeline = []
    with pytest.raises(ValueError, match='flip.prob changes nothing'):
        check_options(custom, {'flip.prob': 0.})


def test_a_config_of_copies():
    """MMPose's own: the variable is read by nobody."""
    cfg = Config.fromfile(MMPOSE_CONFIGS / 'face_2d_keypoint/topdown_heatmap/'
                          'wflw/td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256.py')
    with pytest.raises(
            ValueError, match='mean train_dataloader.dataset.data_root or'):
        check_options(cfg, {'data_root': 'x/'})
    check_options(cfg, {'train_dataloader.dataset.data_root': 'x/'})
    check_config(brought_up_to_date(cfg))


@pytest.mark.parametrize('options', [
    {},
    dict(input_size=(64, 96)),
    dict(codec__input_size=(64, 64)),
    dict(scheme='ibug68', num_points=68),
    dict(model__head__decoder__sigma=3),
    dict(codec__type='MSRAHeatmap'),
])
def test_what_fits(custom, options):
    checked(custom, **options)


@pytest.mark.parametrize('options,names', [
    (dict(num_points=5), ('num_points is 5', 'train_dataloader.dataset '
                          '(CustomFaces) has 2 points')),
    (dict(model__head__out_channels=5),
     ('model.head.out_channels is 5', 'has 2 points')),
    (dict(scheme='ibug68'), ('num_points is 2', 'has 68 points')),
    (dict(warp__input_size=(64, 64)),
     ('warp.input_size is (64, 64)', 'input_size is (128, 128)')),
    (dict(model__head__decoder__input_size=(64, 64)),
     ('model.head.decoder.input_size is (64, 64)', 'input_size is (128')),
    (dict(target__encoder__heatmap_size=(16, 16)),
     ('target.encoder.heatmap_size is (16, 16)',
      'codec.heatmap_size is (32, 32)')),
    (dict(target__encoder=dict(
        type='RegressionLabel', input_size=(128, 128), _delete_=True)),
     ('codec.type is FaceMSRAHeatmap',
      'target.encoder.type is RegressionLabel')),
    (dict(val_dataloader__dataset__scheme=dict(points=['nose', 'chin'])),
     ('train_dataloader.dataset and val_dataloader.dataset have different',)),
])  # yapf: disable
def test_what_disagrees(custom, options, names):
    with pytest.raises(ValueError) as raised:
        checked(custom, **options)
    assert '\n' not in str(raised.value)
    for name in names:
        assert name in str(raised.value)


def test_schemes_of_the_network(custom):
    custom.model.backbone = dict(type='AttentionHourglass', scheme='cofw29')
    with pytest.raises(
            ValueError, match='model.backbone.scheme and train_dataloader'):
        checked(custom)


def test_points_that_a_pipeline_converts(custom):
    step = dict(type='KeypointConverter', num_keypoints=5, mapping=[(0, 0)])
    custom.train_dataloader.dataset.pipeline.append(step)
    with pytest.raises(ValueError, match=r'pipeline\.7\.num_keypoints is 5'):
        checked(custom)
    step['num_keypoints'] = 2
    custom.train_dataloader.dataset.pipeline[-1] = step
    checked(custom)


def test_heatmaps_of_another_size(tiny_300w, tmp_path):
    """A network of fewer deconvolutions; the runner says so before it
    trains."""
    cfg = Config.fromfile(RES18_300W, format_python_code=False)
    cfg.merge_from_dict({
        k: DictAction._parse_iterable(v)
        for k, v in (o.split('=', 1) for o in data_options(tiny_300w))
    })
    cfg.merge_from_dict({
        **NARROW, 'model.head.deconv_out_channels': (16, 16),
        'model.head.deconv_kernel_sizes': (4, 4)
    })
    cfg.work_dir = str(tmp_path)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    with pytest.raises(ValueError) as raised:
        FaceRunner.from_cfg(cfg)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    assert 'codec.heatmap_size is (32, 32)' in str(raised.value)
    assert 'makes (16, 16) of a crop of (128, 128)' in str(raised.value)


def test_the_check_leaves_the_model_as_it_was():
    cfg = Config.fromfile(RES18_300W)
    cfg.merge_from_dict({**NARROW, 'input_size': (64, 96)})
    model = MODELS.build(cfg.model)
    model.backbone.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    check_heatmaps(model, cfg)
    assert model.training and not model.backbone.layer1.training
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
