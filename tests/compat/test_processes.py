# SPDX-License-Identifier: Apache-2.0
"""The processes themselves are tested in tests/engine/test_launch.py."""

import sys

import pytest
import torch
from mmengine.config import Config

from mmpose_face import compat

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason='a GPU is there')


@without_gpu
@pytest.mark.parametrize('launcher', ['slurm', 'mpi'])
def test_launchers_that_need_gpus(launcher):
    with pytest.raises(ValueError, match=f'--launcher {launcher} needs GPUs'):
        with compat.cpu_processes(launcher):
            pass


def test_one_process_starts_no_group():
    with compat.cpu_processes('none'):
        assert not torch.distributed.is_initialized()


@without_gpu
def test_wrapper_keeps_the_configs_choice():
    wrapper = compat.cpu_model_wrapper(Config(dict()))
    assert wrapper['device_ids'] is None
    assert wrapper['find_unused_parameters'] is False
    cfg = Config(dict(find_unused_parameters=True))
    assert compat.cpu_model_wrapper(cfg)['find_unused_parameters'] is True


def test_applying_twice_changes_nothing():
    before = sys.modules['mmcv._ext'], sys.modules['xtcocotools']
    compat.apply()
    assert (sys.modules['mmcv._ext'], sys.modules['xtcocotools']) == before
