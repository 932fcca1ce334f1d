# SPDX-License-Identifier: Apache-2.0
"""Models by name; loading is in test_old_checkpoints.py."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import run_python
from mmengine.config import Config
from mmpose.apis import inference_topdown

from mmpose_face.images.writing import write_image
from mmpose_face.zoo import DownloadError, find_row, get_model, list_models, read_rows
from mmpose_face.zoo import lookup as models

ROWS = read_rows()
WITH_CONFIG = [row for row in ROWS if row.has_config]
HRNET = find_row('300w-hrnetv2-w18')

# The model whose weights are in the package.
SHIPPED = 'synthetic-res18-w48-dark'

pytestmark = pytest.mark.usefixtures('offline')


def change(monkeypatch, **changes) -> None:
    """Make HRNet on 300W the only row, and change it."""
    rows = (replace(HRNET, **changes),)
    monkeypatch.setattr(models, 'read_rows', lambda: rows)


def test_list_models():
    assert list_models() == (*(row.alias for row in WITH_CONFIG), SHIPPED)
    assert list_models('wflw-hrnet*') == (
        'wflw-hrnetv2-w18-dark',
        'wflw-hrnetv2-w18-awing',
        'wflw-hrnetv2-w18',
    )
    assert list_models('td-reg*wingloss*') == ('wflw-res50-wingloss',)
    assert list_models('hrnet') == ()


def test_list_models_with_weights():
    names = list_models(pretrained=True)
    assert names == (*(row.alias for row in WITH_CONFIG if row.weights), SHIPPED)
    assert len(names) == 15


def test_list_models_that_can_be_built(monkeypatch, tmp_path):
    change(monkeypatch, weights=None)
    assert list_models() == (HRNET.alias, SHIPPED)
    assert list_models(pretrained=True) == (SHIPPED,)
    change(monkeypatch, config=tmp_path / 'none.py')
    assert list_models() == (SHIPPED,)


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.alias)
def test_find_row_by_either_name(row):
    assert find_row(row.name) == find_row(row.alias) == row


@pytest.mark.parametrize(
    'name,hint',
    [
        ('wflw-hrnet-dark', 'did you mean .*wflw-hrnetv2-w18-dark'),
        (
            'td-hm_hrnetv2-w18_8xb64-60e_300w-256x256.py',
            'did you mean td-hm_hrnetv2-w18_8xb64-60e_300w-256x256 or',
        ),
        ('?', 'expected one of 300w-hrnetv2-w18, aflw-'),
    ],
)
def test_no_such_row(name, hint):
    with pytest.raises(ValueError, match=f'no model .* in the .*; {hint}'):
        find_row(name)


def check_inference(model, row) -> None:
    """MMPose's function takes the model as it is, flip test included."""
    image = np.zeros((200, 300, 3), np.uint8)
    boxes = [[20, 30, 150, 180], [100, 30, 250, 180]]
    with torch.no_grad():
        results = inference_topdown(model, image, boxes)
    points = row.benchmark.benchmark.scheme.num_points
    for result, box in zip(results, np.array(boxes)):
        keypoints = result.pred_instances.keypoints
        assert keypoints.shape == (1, points, 2)
        # An untrained model's points are anywhere, near the box.
        sides = box[2:] - box[:2]
        assert (keypoints > box[:2] - sides).all()
        assert (keypoints < box[2:] + sides).all()


# One of each kind of head.
@pytest.mark.parametrize(
    'name', ['300w-hrnetv2-w18', 'coco-wholebody-face-mobilenetv2', 'wflw-res50-wingloss']
)
def test_without_weights(name, tmp_path):
    row = find_row(name)
    model = get_model(name, pretrained=False)
    assert not model.training
    assert model.dataset_meta['dataset_name'] == row.benchmark.key
    assert model.cfg.model.backbone.init_cfg is None
    assert not (tmp_path / 'torch').exists()
    check_inference(model, row)
    model.init_weights()  # needs no download either


def test_from_an_image_file(tmp_path):
    path = tmp_path / 'face.png'
    write_image(path, np.zeros((64, 64, 3), np.uint8))
    (result,) = inference_topdown(get_model(HRNET.name, pretrained=False), str(path))
    assert result.pred_instances.keypoints.shape == (1, 68, 2)


def test_weights_that_cannot_be_fetched(tmp_path):
    with pytest.raises(DownloadError) as raised:
        get_model(HRNET.alias)
    message = str(raised.value)
    assert message.startswith(f'could not download {HRNET.weights}: ')
    assert f'put into {tmp_path}/torch/hub/checkpoints/ by hand' in message
    assert message.endswith(
        "get_model('300w-hrnetv2-w18', pretrained=False) builds the model without weights"
    )


def test_row_without_weights(monkeypatch):
    change(monkeypatch, weights=None)
    with pytest.raises(
        ValueError,
        match='no weights of td-hm_hrnet.* are released; .*get_model'
        r"\('300w-hrnetv2-w18', pretrained=False\)",
    ):
        get_model(HRNET.alias)
    get_model(HRNET.alias, pretrained=False)


def test_row_without_config(monkeypatch, tmp_path):
    change(monkeypatch, config=tmp_path / 'none.py')
    with pytest.raises(ValueError, match='has no config yet: .*/none.py not'):
        get_model(HRNET.alias, pretrained=False)


def test_never_cocos_body_points(monkeypatch, tmp_path):
    """MMPose's init_model takes them where a config names no data set."""
    cfg = Config.fromfile(HRNET.config)
    cfg.pop('train_dataloader')
    cfg.dump(tmp_path / 'without_data.py')
    change(monkeypatch, config=tmp_path / 'without_data.py')
    with pytest.raises(ValueError, match='without_data.py has no data set'):
        get_model(HRNET.alias, pretrained=False)


def test_the_files_of_an_installed_package(installed, tmp_path):
    """Rows and configs come from where mim has them, and only when they are
    asked for."""
    script = (
        'import sys, mmpose_face\n'
        "assert 'mmpose_face.zoo' not in sys.modules\n"
        'from mmpose_face.zoo import get_model, lookup\n'
        f'assert lookup.__file__.startswith({str(installed)!r})\n'
        "get_model('cofw-hrnetv2-w18', pretrained=False)"
    )
    run_python('-c', script, cwd=tmp_path, PYTHONPATH=str(installed))
