# SPDX-License-Identifier: Apache-2.0
"""Our rows are the experiments of MMPose's configs of the same names."""

import gc
import inspect
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from conftest import HRNET_300W
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import VISUALIZERS
from peaked_heatmaps import give_peaks
from zoo_rows import FIRST, THEIRS, benchmark, make_benchmark

from mmpose_face.datasets.converters import convert_300w
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.fast_path import with_fast_path

each_row = pytest.mark.parametrize('row', THEIRS, ids=lambda row: row.stem)
# The others differ in nothing but settings, which test_same_settings compares.
first_rows = pytest.mark.parametrize(
    'row',
    [pytest.param(row, marks=() if row in FIRST else pytest.mark.slow) for row in THEIRS],
    ids=lambda row: row.stem,
)

# Hourglass-52 has 95 million parameters. Most of its channels are left out.
HOURGLASS = {
    'model.backbone.stage_channels': (256, 64, 64, 64, 64, 64),
    'model.backbone.feat_channel': 64,
    'model.head.in_channels': 64,
}

# Classes that stay with fast=False, and those of MMPose and MMEngine that they
# are made from.
NAMES = dict(
    Face300W='Face300WDataset',
    FaceWFLW='WFLWDataset',
    FaceAFLW='AFLWDataset',
    FaceCOFW='COFWDataset',
    FaceCocoWholeBody='CocoWholeBodyFaceDataset',
    SafeCheckpointHook='CheckpointHook',
    PretrainedInit='Pretrained',
)


def test_all_rows_of_the_zoo_but_one():
    """That of STARLoss is in no release of MMPose."""
    assert len(THEIRS) == 14


class Recorder(Hook):
    """Keeps what a run gives: the loss of every iteration, the points
    ``(N, K, 3)`` of the test with their scores, and the metrics."""

    def __init__(self):
        self.losses: list[float] = []
        self.points: list[np.ndarray] = []
        self.metrics: dict[str, float] = {}

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.losses.append(float(outputs['loss']))

    def after_test_iter(self, runner, batch_idx, data_batch, outputs):
        for sample in outputs:
            found = sample.pred_instances
            scores = found.keypoint_scores[..., None]
            self.points.append(np.concatenate([found.keypoints, scores], -1))

    def after_test_epoch(self, runner, metrics):
        self.metrics = dict(metrics)


def trained(
    path: Path, data_root: Path, work_dir: Path, recorder: Recorder, **options
) -> FaceRunner:
    """A runner after 2 iterations at batch 2, from scratch."""
    cfg = Config.fromfile(path)
    # Formatting what the runner logs takes longer than the training. Of
    # MMPose's configs fromfile forgets that it is not to be done.
    vars(cfg)['_format_python_code'] = False
    cfg.merge_from_dict(options)
    cfg.model.backbone.pop('init_cfg', None)
    cfg.train_cfg.update(max_epochs=1, val_begin=2)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        # Serializing collects garbage, which takes as long as an iteration.
        loader.dataset.update(data_root=f'{data_root}/', serialize_data=False)
    cfg.train_dataloader.dataset.indices = 4
    cfg.default_hooks.checkpoint = None
    cfg.randomness = dict(seed=0)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{work_dir.parent.name}_{work_dir.name}'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        runner = FaceRunner.from_cfg(cfg)
    runner.register_hook(recorder)
    runner.train()
    return runner


def check_same(row: Path, data_root: Path, tmp_path: Path) -> None:
    """Train and test a row on the same data with our classes and with
    ``fast=False``, which is MMPose's own config to the last bit."""
    narrow = HOURGLASS if 'hourglass' in row.stem else {}
    runs = dict(fast=(row, narrow), slow=(row, dict(narrow, fast=False)))
    if row in FIRST:
        runs['theirs'] = THEIRS[row], narrow
    records = {name: Recorder() for name in runs}
    # One after the other: building a runner sets the seed.
    runners = {
        name: trained(path, data_root, tmp_path / name, records[name], **options)
        for name, (path, options) in runs.items()
    }
    check_same_losses(records['fast'], records['slow'], rel=1e-4)
    if 'theirs' in runs:
        check_same_losses(records['slow'], records['theirs'], rel=0)
        check_same_weights(runners['slow'].model, runners['theirs'].model)
    trained_weights = runners['slow'].model.state_dict()
    for runner in runners.values():
        assert runner.model.test_cfg['flip_test']
        runner.model.load_state_dict(trained_weights)
        mirror = runner.test_dataloader.dataset.metainfo['flip_indices']
        give_peaks(runner.model.head, mirror)
        runner.test()
    check_same_predictions(records['fast'], records['slow'], 1, 1e-2)
    if 'theirs' in runs:
        in_per_cent = runners['slow'].test_evaluator.metrics[0].unit == 'percent'
        check_same_predictions(records['slow'], records['theirs'], 100 if in_per_cent else 1, 0)


def check_same_losses(ours: Recorder, theirs: Recorder, rel: float) -> None:
    assert ours.losses == pytest.approx(theirs.losses, rel=rel)
    # The batches differed, so that equal figures mean something.
    assert len(set(ours.losses)) == len(ours.losses) == 2


def check_same_weights(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    """The same names and shapes; and the training did the same to them."""
    found, expected = ours.state_dict(), theirs.state_dict()
    assert list(found) == list(expected)
    for name, weights in expected.items():
        assert torch.equal(found[name], weights), name


def check_same_predictions(ours: Recorder, theirs: Recorder, unit: float, pixels: float) -> None:
    """The whole way from the file to points on the image, and the metric, of
    the faces that MMPose tests; ours are more where one run fills a table
    of two sets."""
    points = ours.points[: len(theirs.points)]
    np.testing.assert_allclose(points, theirs.points, rtol=0, atol=pixels)
    # Not all in one place.
    assert np.ptp(np.array(points)[..., :2]) > 4
    assert ours.metrics['NME'] == pytest.approx(unit * theirs.metrics['NME'], rel=max(pixels, 1e-6))


@pytest.fixture
def nothing_left():
    """Each runner makes the visualizer of its own config; runners, with their
    models, are in cycles."""
    yield
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    gc.collect()


@first_rows
def test_same_experiment(row, tmp_path, logged, nothing_left):
    """Each row with its true architecture: training as MMPose's, testing as
    MMPose's, and a table with all columns."""
    name = benchmark(row)
    columns = make_benchmark(name, tmp_path)
    draw_images(tmp_path / 'raw')
    check_same(row, tmp_path / name, tmp_path)
    header, *_, numbers = printed_table(logged.text)
    assert header == list(columns)
    assert numbers == ['n', *map(str, columns.values())]


def printed_table(log: str) -> list[list[str]]:
    """The cells of its rows; an empty one at the left is left out."""
    rows = [line for line in log.splitlines() if line.startswith('|')]
    return [row.strip('| ').replace(' ', '').split('|') for row in rows]


def draw_images(folder: Path) -> None:
    """Something to see on the images, some of which are blank."""
    rng = np.random.default_rng(0)
    for path in sorted(folder.rglob('*.jpg')):
        shape = cv2.imread(str(path)).shape
        cv2.imwrite(str(path), rng.integers(0, 255, shape, np.uint8))


@pytest.mark.slow
def test_same_experiment_on_real_faces(face_data, tmp_path, nothing_left):
    convert_300w(face_data / '300w', tmp_path / '300w', partial=True)
    keep_faces(tmp_path / '300w/annotations/face_landmarks_300w_valid.json', 4)
    check_same(HRNET_300W, tmp_path / '300w', tmp_path)


def keep_faces(path: Path, number: int) -> None:
    content = json.loads(path.read_text())
    content['annotations'] = content['annotations'][:number]
    path.write_text(json.dumps(content))


@each_row
def test_same_settings(row):
    """What two iterations do not show: schedule, scaling, workers, hooks."""
    cfg = Config.fromfile(row)
    cfg.fast = False
    ours = plain(with_fast_path(cfg).to_dict())
    theirs = plain(Config.fromfile(THEIRS[row]).to_dict())
    write_out_defaults(theirs)
    leave_out_ours(ours)
    # Our test takes 300-W's private set, a column of its own, in the same
    # run.
    dataset = ours['test_dataloader']['dataset']
    if benchmark(row) == '300w':
        dataset['ann_file'] = dataset['ann_file'][0]
    # The metrics are compared by what they give; the others are variables.
    for key in ('val_evaluator', 'test_evaluator'):
        theirs.pop(key)
    assert len(theirs) > 20
    for key, value in theirs.items():
        assert ours[key] == value, key


def leave_out_ours(cfg: dict) -> None:
    """What MMPose's configs leave to MMEngine and to the classes."""
    assert cfg['default_hooks'].pop('runtime_info') == dict(type='RuntimeInfoHook')
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        assert loader.pop('collate_fn', None) in (None, dict(type='pseudo_collate'))
        assert loader.pop('pin_memory') is False
        steps = loader['dataset']['pipeline'], cfg.get(f'{part}_pipeline', [{}])
        for pipeline in steps:
            pipeline[-1].pop('meta_keys', None)


def write_out_defaults(cfg: dict) -> None:
    """What MMPose's configs leave to the classes and ours say."""
    cfg['model'].pop('train_cfg', None)
    cfg['optim_wrapper']['type'] = OptimWrapper.__name__
    defaults = inspect.signature(RandomBBoxTransform).parameters
    for pipeline in (cfg['train_pipeline'], cfg['train_dataloader']['dataset']['pipeline']):
        assert pipeline[3]['type'] == RandomBBoxTransform.__name__
        pipeline[3].setdefault('shift_prob', defaults['shift_prob'].default)


def plain(value, key=''):
    """Tuples as lists, and classes as MMPose's names."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if key == 'type':
        name = getattr(value, '__name__', value).split('.')[-1]
        return NAMES.get(name, name)
    return value
