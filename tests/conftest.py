# SPDX-License-Identifier: Apache-2.0
"""Small data in the real formats, and the real faces if they are available."""

import fcntl
import http.server
import importlib.util
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Callable

import cv2
import mmpose
import numpy as np
import pytest
import torch
from forked_scripts import run_forked
from hypothesis import settings
from mmengine.config import Config

import mmpose_face  # noqa: F401  registers classes, and makes mmpose importable
from mmpose_face.datasets.converters import convert_300w

# Examples may be slow on a busy machine.
settings.register_profile('any-machine', deadline=None, max_examples=60)
settings.load_profile('any-machine')

# The workers of pytest-xdist and their child processes share the cores.
IN_A_WORKER = 'PYTEST_XDIST_WORKER' in os.environ
if IN_A_WORKER:
    os.environ['OMP_NUM_THREADS'] = '1'
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

REPO = Path(__file__).resolve().parents[1]
BASES = REPO / 'mmpose_face/configs/_base_'
CONFIGS_300W = REPO / 'configs/face_2d_keypoint/topdown_heatmap/300w'
HRNET_300W = CONFIGS_300W / 'td-hm_hrnetv2-w18_8xb64-60e_300w-256x256.py'
RES18_300W = CONFIGS_300W / 'td-hm_res18_dark-1xb16-20e_300w-128x128.py'
DEMO = (
    REPO
    / 'configs/face_2d_keypoint/topdown_heatmap/synthetic'
    / 'td-hm_res18-w32_dark-1xb16-5e_synthetic-128x128.py'
)
MMPOSE_CONFIGS = Path(mmpose.__file__).parent / '.mim/configs'


@pytest.fixture(scope='session')
def face_data() -> Path:
    """The development data: real faces, which are not part of the project."""
    root = os.environ.get('MMPOSE_FACE_DATA')
    if not root or not Path(root).is_dir():
        pytest.skip('real faces: MMPOSE_FACE_DATA names no folder')
    return Path(root)


@pytest.fixture
def logged(caplog, monkeypatch):
    """The messages to MMEngine's logger."""
    logger = logging.getLogger('of-this-test')
    logger.setLevel('INFO')
    monkeypatch.setattr('mmengine.logging.MMLogger.get_current_instance', lambda: logger)
    return caplog


@pytest.fixture
def offline(tmp_path, monkeypatch) -> Path:
    """Only loopback addresses can be reached; returns the folder of torch.hub's
    weights, which does not exist yet."""
    # Nothing listens on port 9. An opener of an earlier test would still use
    # the proxies of that time.
    for scheme in ('http', 'https'):
        monkeypatch.setenv(f'{scheme}_proxy', 'http://127.0.0.1:9')
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.setenv(name, '127.0.0.1')
    monkeypatch.setattr('urllib.request._opener', None)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'mmengine'))
    return tmp_path / 'torch/hub/checkpoints'


def module_of_tool(name: str) -> ModuleType:
    """A script in ``tools/`` as a module, such as ``'dev/row_costs.py'``."""
    path = REPO / 'tools' / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_pts(path: Path, points: np.ndarray) -> None:
    rows = '\n'.join(f'{x:.4f} {y:.4f}' for x, y in points)
    path.write_text(f'version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n')


def make_release(root: Path, faces: dict[str, int], suffix: str = '.jpg') -> Path:
    """A 300-W release with the given numbers of made-up faces in its folders."""
    rng = np.random.default_rng(0)
    for folder, number in faces.items():
        (root / folder).mkdir(parents=True)
        for i in range(number):
            image = rng.integers(0, 255, (96, 112, 3), dtype=np.uint8)
            points = rng.uniform((30, 20), (80, 76), (68, 2)).round(4)
            points[[36, 45]] = (40, 40), (70, 41)  # outer eye corners apart
            cv2.imwrite(str(root / folder / f'face_{i}{suffix}'), image)
            write_pts(root / folder / f'face_{i}.pts', points)
    return root


@pytest.fixture(scope='session')
def tiny_300w(tmp_path_factory) -> Path:
    """A converted 300-W with 6 training and 5 test faces."""
    root = tmp_path_factory.mktemp('tiny')
    raw = make_release(root / 'raw', {'afw': 4, 'helen/trainset': 2, 'helen/testset': 3, 'ibug': 2})
    convert_300w(raw, root / '300w', partial=True)
    return root / '300w'


OWN_CONFIG = """
from mmengine.config import read_base

with read_base():
    from mmpose_face.configs._base_.datasets.face_custom import *
    from mmpose_face.configs._base_.default_runtime import *
    from mmpose_face.configs._base_.models.res18_heatmap import *
    from mmpose_face.configs._base_.schedules.adam_20e import *

scheme = dict(name='own2', points=['left_eye', 'right_eye'])
num_points = 2
"""


@pytest.fixture
def own_config(tmp_path) -> Config:
    """A config of a new scheme with two points."""
    path = tmp_path / 'own_config.py'
    path.write_text(OWN_CONFIG)
    return Config.fromfile(path)


def data_options(data_root: Path) -> Sequence[str]:
    """``--cfg-options`` that let a config use a small data set."""
    options = [
        f'{loader}_dataloader.dataset.data_root={data_root}/' for loader in ('train', 'val', 'test')
    ]
    for loader in ('train', 'val', 'test'):
        options += [
            f'{loader}_dataloader.batch_size=2',
            f'{loader}_dataloader.num_workers=0',
            f'{loader}_dataloader.persistent_workers=False',
        ]
    return options


# RES18_300W's network with an eighth of its channels, for tests of other things
# than the network: checkpoints of 2 MB instead of 180.
NARROW = {
    'model.backbone.base_channels': 8,
    'model.head.in_channels': 64,
    'model.head.deconv_out_channels': (16, 16, 16),
}


def assert_same_samples(ours, theirs) -> None:
    """Check that our data set gives MMPose's samples, with more fields."""
    more = {'subsets', 'occluded', 'box_size'}
    assert len(ours) == len(theirs) > 0
    for i in range(len(ours)):
        a, b = ours.get_data_info(i), theirs.get_data_info(i)
        assert a.keys() - more == b.keys() - more
        for key in b.keys() - {'skeleton_links', 'raw_ann_info'}:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; yields its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def run_python(
    *args, cwd: Path = REPO, check: bool = True, **env: str
) -> subprocess.CompletedProcess:
    """Run Python in another process and return its output as text."""
    done = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return checked(done) if check else done


def run_script(*args, cwd: Path = REPO, check: bool = True) -> subprocess.CompletedProcess:
    """As :func:`run_python` with a script, but seconds faster: in the fork of a
    process with most imports done."""
    done = run_forked([str(arg) for arg in args], cwd)
    return checked(done) if check else done


def checked(done: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    if done.returncode:
        pytest.fail(done.stdout[-3000:], pytrace=False)
    return done


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once, by the first worker that needs it."""
    root = factory.getbasetemp()
    root = root.parent if IN_A_WORKER else root
    folder = root / name
    with open(root / f'{name}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = factory.mktemp(name)
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope='session')
def dist(tmp_path_factory) -> Path:
    """A folder with the wheel and the sdist of this tree."""

    def build(folder: Path) -> None:
        run_python('-m', 'build', '--no-isolation', '--outdir', folder, REPO)

    return made_once(tmp_path_factory, 'dist', build)


@pytest.fixture(scope='session')
def installed(dist, tmp_path_factory) -> Path:
    """The wheel, installed into a new folder."""

    def install(site: Path) -> None:
        run_python(
            '-m',
            'pip',
            'install',
            '--quiet',
            '--no-deps',
            '--target',
            site,
            next(dist.glob('*.whl')),
        )

    return made_once(tmp_path_factory, 'site', install)
