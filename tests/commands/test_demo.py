# SPDX-License-Identifier: Apache-2.0
"""The demo on a few faces; ``tests/test_real_runs.py`` runs all of it."""

import json
import re
from io import StringIO

import cv2
import numpy as np
import pytest
from conftest import DEMO
from mmengine.config import Config
from rich.console import Console

from mmpose_face.commands.demo import Progress, mean_face_nme, run_demo
from mmpose_face.datasets import SyntheticFaces
from mmpose_face.evaluation import Scores
from mmpose_face.landmarks import WFLW98

TEST_FACES = 24


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    cfg = Config.fromfile(DEMO)
    cfg.train_dataloader.dataset.num_faces = 32
    cfg.val_dataloader.dataset.num_faces = TEST_FACES
    cfg.train_cfg.max_epochs = 1
    cfg.train_dataloader.num_workers = cfg.val_dataloader.num_workers = 0
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.persistent_workers = False
    cfg.test_dataloader = cfg.val_dataloader
    before = cfg.to_dict()
    out = StringIO()
    work_dir = tmp_path_factory.mktemp('demo') / 'new'
    metrics = run_demo(cfg, work_dir, Console(file=out, width=1000))
    assert cfg.to_dict() == before  # the argument is not altered
    return metrics, work_dir, out.getvalue()


def test_what_it_says(demo):
    _, work_dir, said = demo
    assert 'training 1 epochs of 32 synthetic faces, 2 iterations' in said
    assert 'iteration    2/2  loss' in said
    assert said.count('testing on') == 1
    assert f'testing on {TEST_FACES} faces of another seed' in said
    header = next(line for line in said.splitlines() if 'expression' in line)
    assert re.findall(r'\w+', header) == [
        'test',
        'pose',
        'illumination',
        'occlusion',
        'blur',
        'makeup',
        'expression',
    ]
    for row in ('NME', 'FR@10', 'AUC@10', 'n'):
        assert re.search(rf'^\| {row} +\|', said, re.MULTILINE)
    for name in ('faces.png', 'ced.png', 'metrics.json'):
        assert str(work_dir / name) in said


def test_table_is_that_of_the_metric(demo):
    metrics, work_dir, said = demo
    saved = json.loads((work_dir / 'metrics.json').read_text())['subsets']
    assert saved['test']['NME'] == pytest.approx(metrics['NME'])
    assert saved['test']['n'] == TEST_FACES
    first = re.search(r'^\| NME +\| +([\d.]+)', said, re.MULTILINE).group(1)
    assert float(first) == pytest.approx(metrics['NME'], abs=0.006)


def test_pictures(demo):
    _, work_dir, _ = demo
    sheet = cv2.imread(str(work_dir / 'faces.png'))
    # 7 rows of a label and 6 faces of 192 pixels, 4 pixels apart.
    assert sheet.shape == (7 * 196 - 4, 7 * 196 - 4, 3)
    face = SyntheticFaces(num_faces=1, seed=1, size=192).get_data_info(0)
    tile = sheet[:192, 196:388].astype(int)
    # The first face of the test with landmarks drawn over a part of it.
    # The first face of the test with landmarks drawn over a part of it; as
    # the network is not trained, they are anywhere, and so are their lines.
    different = np.abs(tile - face['img']).max(-1) > 32
    assert 0.005 < different.mean() < 0.7
    assert cv2.imread(str(work_dir / 'ced.png')) is not None


def test_a_checkpoint_is_left(demo):
    _, work_dir, _ = demo
    assert [p.name for p in work_dir.glob('*.pth')] == ['epoch_1.pth']


def test_mean_face_by_hand():
    """Two faces, each in a box of its own. Relative to its box the first has
    all points at the middle, the second too but for point 0, which is off by
    a tenth of the box; so the mean is off by a twentieth on both."""
    boxes = np.array([[0, 0, 20, 20], [100, 100, 200, 200]], float)
    truth = np.repeat(boxes.reshape(2, 2, 2).mean(1)[:, None], 98, axis=1)
    corners = list(WFLW98.normalizer_indices)
    truth[:, corners[1], 0] += 4, 20  # a fifth of the box apart
    truth[1, 0, 0] += 10
    scores = Scores(
        WFLW98, 'inter_ocular', ['a', 'b'], [0, 1], [(), ()], boxes, np.zeros((2, 98)), truth=truth
    )
    # A twentieth of the box is a quarter of the normaliser.
    assert mean_face_nme(scores) == pytest.approx(100 * 0.25 / 98)


def test_progress_is_said_every_few_seconds_and_at_the_end(monkeypatch):
    now = iter(np.arange(0, 100, 1.0))
    monkeypatch.setattr('time.monotonic', lambda: next(now))
    out = StringIO()

    class Runner:
        iter = epoch = 0
        max_epochs, max_iters = 1, 12

    progress, runner = Progress(Console(file=out, width=200)), Runner()
    for runner.iter in range(12):
        progress.after_train_iter(runner, 0, None, dict(loss=0.5))
    lines = out.getvalue().splitlines()
    assert 2 <= len(lines) <= 5
    assert 'iteration   12/12' in lines[-1] and '0:00 left' in lines[-1]
