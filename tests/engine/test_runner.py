# SPDX-License-Identifier: Apache-2.0
import shutil
from functools import partial

import pytest
import torch
from conftest import NARROW, RES18_300W, data_options
from mmengine import fileio
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_face.compat.checkpoints import UNSAFE_SWITCH
from mmpose_face.engine import FaceRunner

NUMBER = iter(range(1000))


def runner_of(data_root, work_dir, cls=FaceRunner, depth=None, cfg_file=RES18_300W, **options):
    """A runner of a small model on the small data set."""
    cfg = Config.fromfile(cfg_file)
    cfg.merge_from_dict(dict(o.split('=', 1) for o in data_options(data_root) if 'root' in o))
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].update(batch_size=2, num_workers=0, persistent_workers=False)
    if cfg_file == RES18_300W:
        cfg.merge_from_dict(NARROW)
    if depth:
        cfg.model.backbone.depth = depth
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'runner_{next(NUMBER)}'
    cfg.merge_from_dict(options)
    return cls.from_cfg(cfg)


@pytest.fixture
def build(tiny_300w, tmp_path):
    return partial(runner_of, tiny_300w, tmp_path)


@pytest.fixture(scope='module')
def trained(tiny_300w, tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    runner_of(tiny_300w, folder).train()
    return folder / 'epoch_1.pth'


@pytest.fixture
def checkpoint(trained, tmp_path):
    return str(shutil.copy(trained, tmp_path))


def test_the_fault_without_us(build, checkpoint):
    """MMEngine tests another architecture's checkpoint on random weights."""
    assert build(Runner, depth=34, load_from=checkpoint).test()['NME'] > 0


def test_checkpoint_of_another_architecture(build, checkpoint):
    with pytest.raises(
        ValueError, match=r'(?s)epoch_1.pth does not fit the model.*missing keys'
    ) as raised:
        build(depth=34, load_from=checkpoint).test()
    assert len(str(raised.value)) < 3000


def test_checkpoint_with_another_number_of_points(build, checkpoint):
    saved = torch.load(checkpoint, weights_only=False)
    for name in ('weight', 'bias'):
        key = f'head.final_layer.{name}'
        saved['state_dict'][key] = torch.cat([saved['state_dict'][key]] * 2)
    torch.save(saved, checkpoint)
    with pytest.raises(ValueError, match='(?s)number of points.*136'):
        build(load_from=checkpoint).test()


def test_resuming_another_architecture(build, checkpoint):
    with pytest.raises(ValueError, match='epoch_1.pth does not fit'):
        build(depth=34, load_from=checkpoint, resume=True).train()


def test_fine_tuning_takes_what_fits(build, checkpoint):
    build(depth=34, load_from=checkpoint).train()


def test_resume_goes_on(build, checkpoint):
    runner = build(load_from=checkpoint, resume=True, **{'train_cfg.max_epochs': 2})
    runner.train()
    assert runner.epoch == 2


def test_resume_does_not_execute_the_config_in_the_file(build, checkpoint, tmp_path, monkeypatch):
    saved = torch.load(checkpoint, weights_only=False)
    made = tmp_path / 'made'
    saved['meta']['config'] = f'made = open({str(made)!r}, "w").close()'
    torch.save(saved, checkpoint)
    options = {'train_cfg.max_epochs': 2}
    build(Runner, load_from=checkpoint, resume=True, **options).train()
    assert not made.exists()
    # The fault, seen when MMEngine gets the file as it is.
    monkeypatch.setenv(UNSAFE_SWITCH, '1')
    build(Runner, load_from=checkpoint, resume=True, **options).train()
    assert made.exists()


def write_half(self, content, path):
    with open(path, 'wb') as file:
        file.write(content[: len(content) // 2])
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('cls,whole', [(Runner, False), (FaceRunner, True)])
def test_a_failed_write_leaves_the_last_checkpoint(
    build, checkpoint, tmp_path, monkeypatch, cls, whole
):
    """MMEngine writes under the final name; FaceRunner beside it."""
    with open(checkpoint, 'rb') as file:
        before = file.read()
    runner = build(cls, load_from=checkpoint)
    runner.train_loop  # built by a property
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    monkeypatch.setattr(fileio.LocalBackend, 'put', write_half)
    with pytest.raises(OSError, match='No space left'):
        runner.save_checkpoint(str(tmp_path), 'epoch_1.pth', save_param_scheduler=False)
    with open(checkpoint, 'rb') as file:
        assert (file.read() == before) == whole
    assert not list(tmp_path.glob('*.partial'))
