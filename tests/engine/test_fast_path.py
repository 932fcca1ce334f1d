# SPDX-License-Identifier: Apache-2.0
"""``fast=False``: MMPose's classes in place of ours, after one table."""

import itertools

import pytest
from conftest import NARROW, REPO, RES18_300W, data_options
from mmengine.config import Config, DictAction
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import DATASETS, HOOKS, KEYPOINT_CODECS, MODELS, TRANSFORMS, VISUALIZERS

import mmpose_face.datasets
from mmpose_face.codecs import FaceMSRAHeatmap
from mmpose_face.datasets import FaceTarget, WarpFace
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.fast_path import COUNTERPARTS, _dicts, type_name, with_fast_path

CONFIGS = REPO / 'configs/face_2d_keypoint'
STAR = CONFIGS / 'topdown_regression/300w/td-reg_res18_starloss_1xb16-20e_300w-128x128.py'
HOURGLASS = CONFIGS / 'topdown_regression/300w/td-reg_star-hourglass_4xb32-500e_300w-256x256.py'
ROWS = sorted(CONFIGS.rglob('*.py'))
NARROW_ROWS = {
    RES18_300W: NARROW,
    STAR: NARROW,
    HOURGLASS: {
        'model.backbone.num_stacks': 1,
        'model.backbone.levels': 1,
        'model.backbone.channels': 8,
        'input_size': (64, 64),
    },
}
NUMBER = itertools.count()


@pytest.fixture(params=['classes', 'text'])
def cfg(request, tmp_path):
    """A row as it stands, and as a work dir has it."""
    cfg = Config.fromfile(RES18_300W)
    if request.param == 'text':
        cfg.dump(tmp_path / 'dumped.py')
        cfg = Config.fromfile(tmp_path / 'dumped.py')
    return cfg


def names_in(cfg):
    return {type_name(settings['type']) for settings in _dicts(cfg._cfg_dict) if 'type' in settings}


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.stem)
def test_no_class_of_the_table_is_left(row):
    cfg = Config.fromfile(row)
    ours = names_in(cfg)
    cfg.fast = False
    found = names_in(with_fast_path(cfg))
    swapped = ours & COUNTERPARTS.keys()
    assert swapped >= {'LoadFaceImage', 'PackFaceInputs', 'FacePoseEstimator'}
    assert found == ours - swapped | {COUNTERPARTS[name] for name in swapped}


def test_what_stands_beside_the_classes(cfg):
    cfg.fast = False
    found = with_fast_path(cfg)
    assert 'network' not in found.model
    for loader in (found.train_dataloader, found.val_dataloader, found.test_dataloader):
        assert loader.pin_memory is False
        assert 'face_collate' not in str(loader.get('collate_fn'))
        pack = loader.dataset.pipeline[-1]
        assert pack.type == 'PackPoseInputs'
        assert {'img_path', 'flip_indices', 'subsets', 'box_size'} <= set(pack.meta_keys)
    # The given one stays as it is, and what is changed once stays so.
    assert cfg.train_dataloader.pin_memory is True
    assert with_fast_path(found).to_dict() == found.to_dict()


def test_each_class_is_made_from_its_counterpart():
    """Of each that is registered, ours knows all options of MMPose's."""
    registries = (DATASETS, HOOKS, KEYPOINT_CODECS, MODELS, TRANSFORMS)
    found = 0
    for ours, theirs in COUNTERPARTS.items():
        for registry in registries:
            cls = registry.get(ours)
            if cls is not None:
                found += 1
                assert issubclass(cls, registry.get(theirs)), ours
    assert found == len(COUNTERPARTS) - 1  # but the function that collates
    assert mmpose_face.datasets.face_collate.__name__ in COUNTERPARTS


@pytest.mark.parametrize('fast', [True, None])
def test_ours(cfg, fast):
    cfg.pop('fast') if fast is None else cfg.update(fast=fast)
    before = names_in(cfg)
    found = with_fast_path(cfg)
    assert names_in(found) == before
    assert found.test_dataloader.collate_fn.type == 'face_collate'


def test_classes_made_from_ours_stay():
    cls = type('OwnWarp', (WarpFace,), {})
    cfg = Config(dict(fast=False, steps=[dict(type=cls)]))
    assert with_fast_path(cfg).steps[0].type is cls


OWN_TARGET = type('OwnTarget', (FaceTarget,), {})


@pytest.mark.parametrize(
    'settings,message',
    [
        (
            dict(type='FacePoseEstimator', network=dict(amp=True, compile=False)),
            'puts TopdownPoseEstimator in place of FacePoseEstimator, and .* no network',
        ),
        (dict(type=FaceMSRAHeatmap, border_shift=False), 'MSRAHeatmap has no border_shift'),
        (dict(type=OWN_TARGET, encoder={}), 'OwnTarget leaves the targets to FacePreprocessor'),
    ],
)
def test_what_mmpose_does_not_have(settings, message):
    with pytest.raises(ValueError, match=message):
        with_fast_path(Config(dict(fast=False, part=settings)))


@pytest.mark.parametrize('fast', [dict(warp=False), {}, 'off', 0, None])
def test_what_is_no_switch(fast, tmp_path):
    """Found before anything is built."""
    cfg = Config.fromfile(RES18_300W)
    cfg.work_dir = str(tmp_path / 'w')
    cfg.fast = fast
    with pytest.raises(ValueError, match='fast is .* expected True, or False .* no parts'):
        FaceRunner.from_cfg(cfg)
    assert not (tmp_path / 'w').exists()


@pytest.fixture
def build(tiny_300w, tmp_path):
    """Gives runners of a narrow network on six faces."""

    def runner(path, **options):
        # Formatting what is logged takes longer than the training.
        cfg = Config.fromfile(path, format_python_code=False)
        cfg.merge_from_dict(
            {
                k: DictAction._parse_iterable(v)
                for k, v in (o.split('=', 1) for o in data_options(tiny_300w))
            }
        )
        cfg.merge_from_dict({**NARROW_ROWS[path], **options})
        cfg.train_cfg.update(max_epochs=1, val_begin=1)
        cfg.default_hooks.checkpoint = None
        cfg.work_dir = str(tmp_path)
        # By default the second names it: two of one second share losses.
        cfg.experiment_name = f'fast_{next(NUMBER)}'
        cfg.randomness = dict(seed=0)
        return FaceRunner.from_cfg(cfg)

    yield runner
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()


@pytest.mark.parametrize('path', [STAR, HOURGLASS], ids=['integral', 'hourglass'])
def test_heads_that_mmpose_does_not_have(build, path):
    """Others are in tests/configs/test_same_as_mmpose.py."""
    losses = {}
    for fast in (True, False):
        runner = build(path, fast=fast)
        runner.train()
        losses[fast] = runner.message_hub.get_scalar('train/loss').data[0]
        assert runner.message_hub.get_scalar('val/NME').current() > 0
    assert type(runner.model) is TopdownPoseEstimator
    assert len(set(losses[False])) == 3
    # Pixels of a warp may differ by a grey level.
    assert losses[True] == pytest.approx(losses[False], rel=1e-3)


def test_work_dir_shows_what_ran(build, tmp_path):
    build(RES18_300W, fast=False)
    dumped = Config.fromfile(tmp_path / RES18_300W.name)
    assert dumped.fast is False
    assert dumped.model.type == 'TopdownPoseEstimator'
    assert not names_in(dumped) & COUNTERPARTS.keys()
