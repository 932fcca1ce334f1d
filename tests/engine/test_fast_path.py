# SPDX-License-Identifier: Apache-2.0
"""One switch for each part of the way."""

import itertools

import pytest
from conftest import NARROW, RES18_300W, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import VISUALIZERS
from peaked_heatmaps import give_peaks

from mmpose_face.datasets import WarpFace
from mmpose_face.engine import FaceRunner
from mmpose_face.engine.fast_path import PARTS, _dicts, with_fast_path

# The classes of a row with heatmaps that each part is made of, and how often
# the configs of its model and its three loaders name them.
COUNTS = dict(
    loading=dict(LoadFaceImage=3),
    warp=dict(RandomFaceFlip=1, RandomFaceBox=1, WarpFace=3),
    targets=dict(FaceTarget=1),
    batching=dict(PackFaceInputs=3, face_collate=1, FacePreprocessor=1),
    accuracy=dict(FaceHeatmapHead=1, FaceRuntimeInfoHook=1),
    decode=dict(FaceMSRAHeatmap=2),
    flip_test=dict(FacePoseEstimator=1),
)
USED = ('model', 'default_hooks', 'train_dataloader', 'val_dataloader', 'test_dataloader')

NUMBER = itertools.count()


@pytest.fixture(params=['classes', 'text'])
def cfg(request, tmp_path):
    """A row as it stands, and as a work dir has it."""
    cfg = Config.fromfile(RES18_300W)
    if request.param == 'text':
        cfg.dump(tmp_path / 'dumped.py')
        cfg = Config.fromfile(tmp_path / 'dumped.py')
    return cfg


def switched_off(cfg):
    names = {}
    for settings in _dicts([cfg[key] for key in USED]):
        if settings.get('fast') is False:
            type_ = settings['type']
            name = getattr(type_, '__name__', str(type_).rpartition('.')[-1])
            names[name] = names.get(name, 0) + 1
    return names


@pytest.mark.parametrize('part', PARTS)
def test_one_part(cfg, part):
    cfg.merge_from_dict({f'fast.{part}': False})
    found = with_fast_path(cfg)
    assert switched_off(found) == COUNTS[part]
    assert found.fast == dict(dict.fromkeys(PARTS, True), **{part: False})
    whole = part != 'batching'
    assert found.test_dataloader.pin_memory is whole
    assert found.test_dataloader.collate_fn.type == ('face_collate' if whole else 'pseudo_collate')
    assert not switched_off(cfg)  # the given one stays as it is


def test_all_parts(cfg):
    cfg.fast = False
    every = {k: v for counts in COUNTS.values() for k, v in counts.items()}
    assert switched_off(with_fast_path(cfg)) == every


@pytest.mark.parametrize('fast', [True, {}, dict(warp=True), None])
def test_nothing_off(cfg, fast):
    if fast is None:
        cfg.pop('fast')
    else:
        cfg.fast = fast
    assert not switched_off(with_fast_path(cfg))


def test_classes_made_from_ours():
    cls = type('OwnWarp', (WarpFace,), {})
    cfg = Config(dict(fast=dict(warp=False), steps=[dict(type=cls)]))
    assert with_fast_path(cfg).steps[0].fast is False


@pytest.mark.parametrize(
    'fast,message',
    [
        (dict(wrap=False), "fast has no part 'wrap', expected loading, warp"),
        (dict(warp='no'), "fast.warp is 'no', expected True or False"),
        (dict(warp=0), 'fast.warp is 0, expected True or False'),
        ('off', "fast is 'off', expected True, False or one of"),
    ],
)
def test_what_is_no_switch(fast, message):
    with pytest.raises(ValueError, match=message):
        with_fast_path(Config(dict(fast=fast)))


@pytest.fixture
def build(tiny_300w, tmp_path):
    """Gives runners of the narrow network on six faces."""

    def runner(**options):
        # Formatting what is logged takes longer than the training.
        cfg = Config.fromfile(RES18_300W, format_python_code=False)
        cfg.merge_from_dict(
            {
                k: DictAction._parse_iterable(v)
                for k, v in (o.split('=', 1) for o in data_options(tiny_300w))
            }
        )
        cfg.merge_from_dict({**NARROW, **options})
        cfg.work_dir = str(tmp_path)
        # By default the second names it: two of one second share losses.
        cfg.experiment_name = f'fast_{next(NUMBER)}'
        cfg.randomness = dict(seed=0)
        return FaceRunner.from_cfg(cfg)

    yield runner
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()


def test_work_dir_shows_what_ran(build, tmp_path):
    """And the runner is built of it."""
    runner = build(**{'fast.flip_test': False, 'fast.warp': False})
    assert runner.model.fast is False and runner.model.head.fast
    dumped = Config.fromfile(tmp_path / RES18_300W.name)
    assert dumped.fast == dict(dict.fromkeys(PARTS, True), flip_test=False, warp=False)
    assert dumped.model.fast is False
    steps = runner.train_dataloader.dataset.pipeline.transforms
    assert [step.fast for step in steps[2:5]] == [False] * 3


def test_parts_work_without_each_other(build):
    """Each alone is switched off, and gives what all together give."""
    figures = {}
    for part in (*PARTS, None):
        runner = build(
            **{
                **({f'fast.{part}': False} if part else {'fast': False}),
                'train_cfg.max_epochs': 1,
                'train_cfg.val_begin': 1,
                'default_hooks.checkpoint': None,
            }
        )
        give_peaks(runner.model.head)
        runner.train()
        losses = runner.message_hub.get_scalar('train/loss').data[0]
        nme = runner.message_hub.get_scalar('val/NME').current()
        figures[part] = losses, nme
    expected, nme = figures.pop(None)
    assert len(set(expected)) == 3
    for part, (losses, found) in figures.items():
        assert losses == pytest.approx(expected, rel=1e-4), part
        assert found == pytest.approx(nme, rel=1e-2), part


def test_unknown_part_before_anything_is_built(tmp_path):
    cfg = Config.fromfile(RES18_300W)
    cfg.merge_from_dict({'fast.speed': True, 'work_dir': str(tmp_path / 'w')})
    with pytest.raises(ValueError, match="no part 'speed'"):
        FaceRunner.from_cfg(cfg)
    assert not (tmp_path / 'w').exists()
