# SPDX-License-Identifier: Apache-2.0
"""A training that does not wait for its device, and logs what MMPose logs."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from conftest import NARROW, REPO, RES18_300W, data_options
from host_waits import HostWaits, no_waits
from mmengine.config import Config, DictAction
from mmengine.hooks import LoggerHook
from mmengine.runner import EpochBasedTrainLoop, LogProcessor
from mmpose.registry import VISUALIZERS

from mmpose_face.compat import checkpoints
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.runtime_info_hook import is_logged, is_smoothed

NUMBER = iter(range(1000))
STAR = (
    REPO
    / 'configs/face_2d_keypoint/topdown_regression/300w'
    / 'td-reg_res18_starloss_1xb16-20e_300w-128x128.py'
)
# MMEngine's hook, beside the rest of ours.
MMENGINES = {'default_hooks.runtime_info.type': 'RuntimeInfoHook'}
# The heads of the zoo on the narrow network, and STAR's.
HEADS = {
    'heatmaps': {},
    'stages': {
        'model.head.type': 'FaceCPMHead',
        'model.head.num_stages': 1,
        'model.head.deconv_kernel_sizes': (4, 4, 4),
    },
    'coordinates': {
        'model.neck': dict(type='GlobalAveragePooling'),
        'model.head': dict(
            _delete_=True,
            type='FaceRegressionHead',
            in_channels=64,
            num_joints=68,
            loss=dict(type='WingLoss', use_target_weight=True),
            decoder='${codec}',
        ),
        'codec': dict(_delete_=True, type='FaceRegressionLabel', input_size=(128, 128)),
    },
}


def runner_of(data_root, work_dir, path=RES18_300W, interval=2, **options):
    """Six iterations of one face each, of which each ``interval``-th is
    logged."""
    cfg = Config.fromfile(path, format_python_code=False)
    cfg.merge_from_dict(
        {
            k: DictAction._parse_iterable(v)
            for k, v in (o.split('=', 1) for o in data_options(data_root))
        }
    )
    cfg.merge_from_dict(NARROW)
    cfg.train_dataloader.batch_size = 1
    cfg.train_cfg.update(max_epochs=1, val_interval=2)
    cfg.default_hooks.logger.interval = interval
    cfg.log_processor.window_size = 3
    cfg.randomness = dict(seed=0)
    cfg.experiment_name = f'hook_{next(NUMBER)}'
    # A folder of its own: logs of the same second have one name.
    cfg.work_dir = str(work_dir / cfg.experiment_name)
    cfg.merge_from_dict(options)
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    return FaceRunner.from_cfg(cfg)


@pytest.fixture
def build(tiny_300w, tmp_path):
    yield partial(runner_of, tiny_300w, tmp_path)
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()


def guard(runner, monkeypatch, interval):
    """Raise where an iteration that is not logged waits for the device; gives
    those that were looked at. On a GPU the first one is not: some tables are
    copied to it once."""
    first = int(torch.cuda.is_available())
    run_iter = EpochBasedTrainLoop.run_iter
    guarded = []

    def is_host(tensor):
        """Adam counts its steps on the host."""
        states = runner.optim_wrapper.optimizer.state.values()
        return tensor.data_ptr() in {s['step'].data_ptr() for s in states}

    def run(loop, idx, data_batch):
        if idx < first or (idx + 1) % interval == 0:
            return run_iter(loop, idx, data_batch)
        guarded.append(idx)
        with no_waits(is_host):
            run_iter(loop, idx, data_batch)

    monkeypatch.setattr(EpochBasedTrainLoop, 'run_iter', run)
    return guarded


@pytest.mark.parametrize('head', HEADS)
@pytest.mark.parametrize('network', [{}, dict(amp=True, channels_last=True)])
def test_no_wait_between_logs(build, monkeypatch, head, network):
    runner = build(
        interval=3, **HEADS[head], **{f'model.network.{k}': v for k, v in network.items()}
    )
    guarded = guard(runner, monkeypatch, 3)
    runner.train()
    assert guarded in ([0, 1, 3, 4], [1, 3, 4])


def test_no_wait_between_logs_of_star(build, monkeypatch):
    runner = build(path=STAR, interval=3)
    guarded = guard(runner, monkeypatch, 3)
    runner.train()
    assert guarded in ([0, 1, 3, 4], [1, 3, 4])


def test_the_fault_of_mmpose(build, monkeypatch):
    runner = build(interval=3, fast=False)
    guard(runner, monkeypatch, 3)
    # torch's error, on a GPU.
    with pytest.raises((HostWaits, RuntimeError)):
        runner.train()


def logged(runner):
    """What was written to the log, but the times."""
    runner.train()
    path = Path(runner.log_dir) / 'vis_data/scalars.json'
    lines = map(json.loads, path.read_text().splitlines())
    return [{k: v for k, v in line.items() if 'time' not in k and k != 'memory'} for line in lines]


@pytest.mark.parametrize('interval', [2, 4, 50])
def test_log_is_mmposes(build, interval):
    """Losses as means over the window, the accuracy as the last one."""
    ours, theirs = (logged(build(interval=interval, **hook)) for hook in ({}, MMENGINES))
    assert ours == theirs
    *ours, validation = ours
    assert validation['NME'] > 0
    assert len(ours) == {2: 3, 4: 1, 50: 1}[interval]
    for line in ours:
        assert line.keys() == {'lr', 'loss', 'loss_kpt', 'acc_pose', 'epoch', 'iter', 'step'}


def test_checkpoint_holds_every_loss(build):
    """As MMEngine's buffers, in a file that needs no class of ours."""
    scalars = []
    for hook in ({}, MMENGINES):
        runner = build(interval=4, **hook)
        runner.train()
        saved = checkpoints.load(Path(runner.work_dir) / 'epoch_1.pth')
        scalars.append(saved['message_hub']['log_scalars'])
    found, expected = scalars
    for key in ('train/loss', 'train/loss_kpt'):
        assert type(found[key]) is type(expected[key])
        assert found[key].data[0].tolist() == expected[key].data[0].tolist()
    assert len(expected['train/acc_pose'].data[0]) == 6
    # Of iteration 4, and not of 6, the last of an epoch shorter than this.
    logged = found['train/acc_pose'].data[0].tolist()
    assert logged == expected['train/acc_pose'].data[0][[3]].tolist()


def test_accuracy_of_every_iteration_where_a_mean_is_logged(build):
    runner = build(
        **{
            'log_processor.custom_cfg': [
                dict(data_src='acc_pose', method_name='mean', window_size=3)
            ]
        }
    )
    runner.train()
    assert len(runner.message_hub.get_scalar('train/acc_pose').data[0]) == 6


@pytest.mark.parametrize(
    'options,expected',
    [
        ({}, False),
        (dict(mean_pattern='.*(loss|acc).*'), True),
        (dict(custom_cfg=[dict(data_src='acc_pose', method_name='max')]), True),
        (dict(custom_cfg=[dict(data_src='loss', method_name='max')]), False),
    ],
)
def test_is_smoothed(options, expected):
    assert is_smoothed(LogProcessor(**options)) is expected


class OtherHook(LoggerHook):
    def after_train_iter(self, *args, **kwargs):
        pass


@pytest.mark.parametrize(
    'hook,lines',
    [
        (LoggerHook(interval=2), [1, 3]),
        (LoggerHook(interval=2, ignore_last=False), [1, 3, 4]),
        (LoggerHook(interval=9), [4]),
        (OtherHook(interval=9), [0, 1, 2, 3, 4]),
    ],
)
def test_is_logged(hook, lines):
    """Of an epoch of 5 iterations."""

    class FiveIterations:
        train_dataloader = range(5)

    assert [i for i in range(5) if is_logged(hook, FiveIterations, i)] == lines
