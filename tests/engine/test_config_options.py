# SPDX-License-Identifier: Apache-2.0
import pytest
from conftest import MMPOSE_CONFIGS
from mmengine.config import Config

from mmpose_face.compat.config_references import brought_up_to_date
from mmpose_face.engine.config_checks import check_config
from mmpose_face.engine.config_options import check_options


@pytest.mark.parametrize(
    'name',
    [
        'data_root',
        'input_size',
        'codec.sigma',
        'codec',
        'loss.loss_weight',
        'flip.prob',
        'warp.use_udp',
        'target.multilevel',
        'max_epochs',
        'warmup.end',
        'num_points',
        'scheme',
        'model.head.anything',
        'train_dataloader.dataset.pipeline.3.prob',
        'work_dir',
        'randomness.seed',
        'auto_scale_lr.enable',
        'fast',
        'vis_backends',
    ],
)
def test_options_that_do_something(own_config, name):
    before = own_config.to_dict()
    value = (64, 64) if name == 'input_size' else 1
    check_options(own_config, {name: value})
    assert own_config.to_dict() == before


@pytest.mark.parametrize(
    'name,hint',
    [
        ('data_rot', 'did you mean data_root'),
        ('backend_args', ''),
        ('augment.prob', ''),
        ('sigma', 'did you mean codec.sigma'),
    ],
)
def test_options_that_do_nothing(own_config, name, hint):
    with pytest.raises(ValueError) as raised:
        check_options(own_config, {name: 1})
    message = str(raised.value)
    assert message.startswith(f'--cfg-options {name} changes nothing: ')
    assert hint in message and '\n' not in message


def test_parts_of_fast_are_gone(own_config):
    with pytest.raises(ValueError, match="fast is {'warp': False}, expected True, or False"):
        check_options(own_config, {'fast.warp': False})


def test_a_variable_that_nobody_follows_any_more(own_config):
    """Its copies are named."""
    own_config.train_dataloader.dataset.data_root = 'a/'
    check_options(own_config, {'data_root': 'b/'})  # two loaders follow it
    for part in ('val', 'test'):
        own_config[f'{part}_dataloader'].dataset.data_root = 'a/'
    with pytest.raises(ValueError, match='did you mean train_dataloader.data'):
        check_options(own_config, {'data_root': 'b/'})
    # The augmentation of a pipeline that is not used.
    check_options(own_config, {'flip.prob': 0.0})
    own_config.train_dataloader.dataset.pipeline = []
    with pytest.raises(ValueError, match='flip.prob changes nothing'):
        check_options(own_config, {'flip.prob': 0.0})


def test_a_config_of_copies():
    """MMPose's own: the variable is read by nobody."""
    cfg = Config.fromfile(
        MMPOSE_CONFIGS / 'face_2d_keypoint/topdown_heatmap/'
        'wflw/td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256.py'
    )
    with pytest.raises(ValueError, match='mean train_dataloader.dataset.data_root or'):
        check_options(cfg, {'data_root': 'x/'})
    check_options(cfg, {'train_dataloader.dataset.data_root': 'x/'})
    check_config(brought_up_to_date(cfg))
