# SPDX-License-Identifier: Apache-2.0
"""Each part runs, on small sizes, and both sides compute the same. Nothing
here looks at how long it took."""

import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import GenerateTarget

from mmpose_face.apis.benchmark import Options, testing
from mmpose_face.apis.benchmark.decoding import decode_ways, decoding, heatmaps
from mmpose_face.apis.benchmark.options import DARK
from mmpose_face.apis.benchmark.pipeline import (
    batch_ways,
    file_ways,
    image_ways,
    open_data,
    pipeline,
    sample,
)
from mmpose_face.apis.benchmark.preprocessing import preprocessing, preprocessing_ways
from mmpose_face.apis.benchmark.runners import runners, share_weights
from mmpose_face.apis.benchmark.sides import config_paths, configs, row_paths, short_name
from mmpose_face.apis.benchmark.targets import crop_points, target_ways, targets
from mmpose_face.apis.benchmark.training import losses_apart, training
from mmpose_face.apis.benchmark.wflw_like import make_wflw_like

# The network of the zoo that takes the least time.
ROW = 'td-hm_mobilenetv2_8xb32-60e_coco-wholebody-face-256x256'


@pytest.fixture(scope='module')
def options(tmp_path_factory) -> Options:
    return Options(tmp_path_factory.mktemp('benchmark'), rounds=1, row=ROW, batch=1, faces=2)


@pytest.fixture(scope='module')
def made(options):
    return runners(ROW, options)


def check(found, ways: set, unit: str = 's') -> None:
    """Measurements of these ways."""
    found = list(found)
    assert found
    for m in found:
        assert set(m.values) == ways and m.unit == unit and m.faces > 0
        assert all(value > 0 for v in m.values.values() for value in v)


@pytest.mark.parametrize('kind', ['plain', 'DARK'])
def test_decoding(kind):
    ways = decode_ways(kind, [heatmaps(3, 5, seed=i) for i in range(2)])
    for i in range(3):
        ours, theirs = ways['ours'](i), ways['mmpose'](i)
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(np.concatenate(a), np.concatenate(b), atol=1e-3)
    assert np.shape(ways['ours'](0)[0]) == (3, 1, 5, 2)
    assert (ways['amax'](0) != ways['amax'](1)).any()


@pytest.mark.parametrize('kind', ['plain', 'DARK'])
def test_targets(kind):
    ways = target_ways(kind, [crop_points(3, 5, seed=i) for i in range(2)], 'cpu')
    for i in range(2):
        torch.testing.assert_close(ways['ours'](i), ways['mmpose to device'](i), atol=1e-6, rtol=0)
    assert len(ways['mmpose'](0)) == 3


def test_codecs_are_measured(options):
    check(decoding(options, 2, 3), {'ours', 'mmpose', 'amax'})
    check(targets(options, 2, 3), {'ours', 'mmpose', 'mmpose to device'})


@pytest.mark.parametrize('part', ['train', 'test'])
def test_pipelines_give_the_same_crops(part, options):
    root = make_wflw_like(options.folder, 2)
    data = {side: open_data(cfg, part, root) for side, cfg in configs(DARK).items()}
    for ways in (file_ways(data), image_ways(data)):
        ours, theirs = ways['ours'](0), ways['mmpose'](0)
        assert len(ours) == len(theirs) == 16
        for a, b in zip(ours, theirs):
            a, b = (np.asarray(s['inputs']).astype(int) for s in (a, b))
            assert a.shape == b.shape
            assert np.mean(np.abs(a - b) > 1) < 0.01
            assert b.std() > 1
    # Two faces in turn, which training moves at random each time.
    assert len({int(s['inputs'].sum()) for s in ours}) == 2


def test_pipelines_are_measured(options, monkeypatch):
    monkeypatch.setattr('mmpose_face.apis.benchmark.pipeline.CHUNK', 2)
    check(pipeline(options), {'ours', 'mmpose'})


@pytest.fixture(scope='module')
def wflw(options):
    return configs(DARK), make_wflw_like(options.folder, 2)


def test_batches_are_the_same(wflw, monkeypatch):
    """Images within a grey level, which is 0.018 here, and targets."""
    monkeypatch.setattr('mmpose_face.apis.benchmark.pipeline.CHUNK', 2)
    cfgs, root = wflw
    data = {side: open_data(cfg, 'train', root) for side, cfg in cfgs.items()}
    ways = batch_ways(cfgs, data, 'cpu')
    for i in range(2):
        ours, theirs = ways['ours'](i), ways['mmpose'](i)
        assert (ours[0] - theirs[0]).abs().quantile(0.99) < 0.02
        torch.testing.assert_close(ours[1], theirs[1], atol=1e-3, rtol=0)
        assert ours[1].shape == (2, 98, 64, 64)


def test_pipelines_without_targets(wflw):
    cfgs, root = wflw
    for cfg in cfgs.values():
        steps, kept = (
            open_data(cfg, 'train', root, targets=targets).pipeline.transforms
            for targets in (True, False)
        )
        left_out = [s for s in steps if isinstance(s, GenerateTarget)]
        assert len(left_out) == 1
        assert [type(s) for s in kept] == [type(s) for s in steps if s not in left_out]


def test_crop_cache_is_used(wflw, monkeypatch):
    cfgs, root = wflw
    # Files of this moment are not trusted otherwise.
    monkeypatch.setattr('mmpose_face.datasets.face_crops._STEP', 0)
    cached = open_data(cfgs['ours'], 'test', root, root / 'crops')
    first = [sample(cached, i)['inputs'] for i in range(2)]
    assert len(list((root / 'crops').rglob('*'))) >= 2
    again = open_data(cfgs['ours'], 'test', root, root / 'crops')
    monkeypatch.setattr('cv2.imdecode', lambda *args: pytest.fail('decoded'))
    for i in range(2):
        assert (sample(again, i)['inputs'] == first[i]).all()


def test_preprocessing(options, made):
    ways = preprocessing_ways(made, 2)
    for i in range(2):
        ours, theirs = (ways[side](i)['inputs'] for side in ('ours', 'mmpose'))
        # One grey level is 0.018 here.
        assert ours.shape == (2, 3, 256, 256)
        assert (ours - theirs).abs().float().quantile(0.99) < 0.02
    check(preprocessing(options), {'ours', 'mmpose'})


def test_steps_are_those_of_one_network(options, made):
    assert float(losses_apart(made).split()[0]) < 0.05
    share_weights(made)
    ours, theirs = testing.predictions(made['ours']), testing.predictions(made['mmpose'])
    assert ours.shape == theirs.shape == (1, 68, 2)
    assert np.median(np.abs(ours - theirs)) < 0.1


def test_a_step_changes_weights(options, made):
    before = {
        side: runner.model.state_dict()['head.final_layer.weight'].clone()
        for side, runner in made.items()
    }
    iterations = made['ours'].train_loop.iter
    check(training(options), {'ours', 'mmpose'})
    assert made['ours'].train_loop.iter > iterations
    for side, runner in made.items():
        after = runner.model.state_dict()['head.final_layer.weight']
        assert (after != before[side]).any()


def test_tests_are_measured(options, made):
    check(testing.testing(options), {'ours', 'mmpose', 'network'})
    check(testing.flip_test(options), {'ours', 'mmpose', 'one pass'})
    assert made['ours'].model.test_cfg['flip_test']


def test_short_names():
    assert short_name(ROW) == 'mobilenetv2_coco-wholebody-face'
    assert short_name(DARK) == 'hrnetv2-w18_dark_wflw'
    assert len({short_name(row) for row in row_paths()}) == len(row_paths())


def test_rows_of_both_sides():
    assert set(config_paths(ROW)) == {'ours', 'mmpose'}
    only_ours = [row for row in row_paths() if 'synthetic' in row]
    assert only_ours
    for row in only_ours:
        assert set(config_paths(row)) == {'ours'}
    with pytest.raises(ValueError, match='expected a row .* got none'):
        config_paths('none')
