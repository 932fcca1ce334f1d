# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from conftest import RES18_300W, data_options
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_face.engine import FaceRunner

NUMBER = iter(range(1000))


@pytest.fixture
def build(tiny_300w, tmp_path):
    """Make a runner of the small model on the small data set."""

    def build(cls=FaceRunner, depth=18, **options):
        cfg = Config.fromfile(RES18_300W)
        cfg.merge_from_dict(
            dict(
                o.split('=', 1) for o in data_options(tiny_300w)
                if 'root' in o))
        for name in ('train', 'val', 'test'):
            cfg[f'{name}_dataloader'].update(
                batch_size=2, num_workers=0, persistent_workers=False)
        cfg.model.backbone.depth = depth
        cfg.train_cfg.update(max_epochs=1, val_interval=1)
        cfg.work_dir = str(tmp_path)
        cfg.experiment_name = f'runner_{next(NUMBER)}'
        cfg.merge_from_dict(options)
        return cls.from_cfg(cfg)

    return build


@pytest.fixture
def checkpoint(build, tmp_path):
    build().train()
    return str(tmp_path / 'epoch_1.pth')


def test_the_fault_without_us(build, checkpoint):
    """MMEngine tests another architecture's checkpoint on random weights."""
    assert build(Runner, depth=34, load_from=checkpoint).test()['NME'] > 0


def test_checkpoint_of_another_architecture(build, checkpoint):
    with pytest.raises(
            ValueError,
            match=r'(?s)epoch_1.pth does not fit the model.*missing keys'):
        build(depth=34, load_from=checkpoint).test()


def test_checkpoint_with_another_number_of_points(build, checkpoint):
    options = {'load_from': checkpoint, 'model.head.out_channels': 98}
    with pytest.raises(ValueError, match='(?s)number of points.*98'):
        build(**options).test()


def test_resuming_another_architecture(build, checkpoint):
    with pytest.raises(ValueError, match='epoch_1.pth does not fit'):
        build(depth=34, load_from=checkpoint, resume=True).train()


def test_fine_tuning_takes_what_fits(build, checkpoint):
    build(depth=34, load_from=checkpoint).train()


def test_resume_goes_on(build, checkpoint):
    runner = build(
        load_from=checkpoint, resume=True, **{'train_cfg.max_epochs': 2})
    runner.train()
    assert runner.epoch == 2


def test_resume_does_not_execute_the_config_in_the_file(
        build, checkpoint, tmp_path):
    saved = torch.load(checkpoint, weights_only=False)
    made = tmp_path / 'made'
    saved['meta']['config'] = f'made = open({str(made)!r}, "w").close()'
    torch.save(saved, checkpoint)
    options = {'train_cfg.max_epochs': 2}
    build(Runner, load_from=checkpoint, resume=True, **options).train()
    assert made.exists()  # the fault: MMEngine executes it
    made.unlink()
    build(load_from=checkpoint, resume=True, **options).train()
    assert not made.exists()
