# SPDX-License-Identifier: Apache-2.0
"""The rows in MMPose's own tools."""

import re
import shutil
from pathlib import Path

import cv2
import mmpose
import numpy as np
import pytest
from conftest import DEMO, MMPOSE_CONFIGS, REPO, run_python
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.registry import DATASETS, VISUALIZERS

from mmpose_face.zoo import read_rows
from mmpose_face.zoo.shipped import shipped_models

ROWS = REPO / 'configs/face_2d_keypoint'
KINDS = dict(
    heatmap='td-hm_res50_8xb32-60e_coco-wholebody-face-256x256',
    dark='td-hm_hrnetv2-w18_dark-8xb64-60e_wflw-256x256',
    stages='td-hm_hourglass52_8xb32-60e_coco-wholebody-face-256x256',
    regression='td-reg_res50_wingloss_8xb64-210e_wflw-256x256',
    star='td-reg_res50_starloss_8xb64-210e_wflw-256x256',
    hourglass='td-reg_star-hourglass_4xb32-500e_cofw-256x256',
    synthetic=DEMO.stem,
)
POINTS = dict(wflw=98, cofw=29, synthetic=98, coco=68)


@pytest.fixture(autouse=True)
def no_visualizer_left():
    yield
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()


@pytest.fixture
def image(tmp_path) -> str:
    path = str(tmp_path / 'face.png')
    rng = np.random.default_rng(0)
    cv2.imwrite(path, rng.integers(0, 255, (90, 120, 3), np.uint8))
    return path


def file_of(name: str) -> Path:
    (path,) = ROWS.rglob(f'{name}.py')
    return path


@pytest.mark.parametrize('kind', KINDS)
def test_inferencer_and_topdown(kind, image, monkeypatch):
    """By the file of a row; with weights that are drawn, the same points from
    both."""
    path = file_of(KINDS[kind])
    inferencer = MMPoseInferencer(pose2d=str(path), det_model='whole_image', device='cpu')
    found = next(inferencer(image))['predictions'][0][0]
    number = next(n for data, n in POINTS.items() if data in path.stem)
    assert np.shape(found['keypoints']) == (number, 2)
    model = init_model(str(path), None, 'cpu')
    model.load_state_dict(inferencer.inferencer.model.state_dict())
    (again,) = inference_topdown(model, image)
    np.testing.assert_allclose(again.pred_instances.keypoints[0], found['keypoints'], atol=0.05)


def test_inferencer_knows_the_names(image):
    """Short ones, and rows that MMPose does not have; those that it has it
    finds itself."""
    (model,) = shipped_models()
    for name in (model.alias, model.name):
        inferencer = MMPoseInferencer(pose2d=name, det_model='whole_image', device='cpu')
        found = next(inferencer(image))['predictions'][0][0]
        assert len(found['keypoints']) == 98
    get = MMPoseInferencer(
        pose2d=name, det_model='whole_image', device='cpu'
    ).inferencer._load_model_from_metafile
    for row in read_rows():
        cfg, weights = get(row.name)
        theirs = MMPOSE_CONFIGS / row.config.relative_to(REPO / 'configs')
        expected = theirs if theirs.is_file() else row.config
        assert Path(cfg.filename).samefile(expected)
        cfg, weights = get(row.alias)
        assert Path(cfg.filename).samefile(row.config)
        assert (weights or '') == (row.weights or '')


def test_what_the_inferencer_asks_of_each_row():
    """A face detector, if none is named, and one face a sample."""
    for path in ROWS.rglob('*.py'):
        cfg = Config.fromfile(path)
        kind = DATASETS.get(cfg.dataset_type).__module__
        assert kind.split('datasets.')[-1].split('.')[0] == 'face'
        assert cfg.data_mode == 'topdown'
        assert 'collate_fn' not in cfg.test_dataloader


CHILD = """
from mmengine.config import read_base

with read_base():
    from mmpose_face.configs.{row} import *

data_root = {root!r}
max_epochs = 1
model['backbone'].update(base_channels=8)
model['head'].update(in_channels=64, deconv_out_channels=(16, 16, 16))
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader.update(batch_size=2, num_workers=0, persistent_workers=False)
"""


def test_tools_of_mmpose(tiny_300w, tmp_path, installed):
    """Training and test by MMPose's scripts, which know nothing of us, from
    an installed wheel; then its demo."""
    tools = Path(mmpose.__file__).parent / '.mim'
    config = tmp_path / 'child.py'
    row = 'face_2d_keypoint.topdown_heatmap.face_300w.td_hm_res18_dark_1xb16_20e_300w_128x128'
    config.write_text(CHILD.format(root=f'{tiny_300w}/', row=row))
    run = dict(cwd=tmp_path, PYTHONPATH=str(installed))
    out = run_python(
        tools / 'tools/train.py',
        config,
        '--work-dir',
        tmp_path / 'work',
        '--cfg-options',
        'box_jitter.rotate_factor=20',
        'val_dataloader.batch_size=1',
        **run,
    ).stdout
    assert 'Epoch(val) [1][5/5]' in out
    checkpoint = tmp_path / 'work/epoch_1.pth'
    out = run_python(
        tools / 'tools/test.py', config, checkpoint, '--work-dir', tmp_path / 'work', **run
    ).stdout
    assert re.search(r'\| n +\| +5 \|', out)
    shutil.copy(REPO / 'docs/en/images/scheme_ibug68.jpg', tmp_path)
    run_python(
        '-m',
        'mmpose_face',
        tools / 'demo/image_demo.py',
        'scheme_ibug68.jpg',
        config,
        checkpoint,
        '--out-file',
        'out.jpg',
        '--device',
        'cpu',
        **run,
    )
    assert cv2.imread(str(tmp_path / 'out.jpg')) is not None
