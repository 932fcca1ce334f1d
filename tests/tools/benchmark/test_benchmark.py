# SPDX-License-Identifier: Apache-2.0
"""Each part runs, on small sizes, and both sides compute the same. Nothing
here looks at how long it took."""

import json

import cv2
import numpy as np
import pytest
from conftest import REPO, run_script
from face_benchmark import DARK, PARTS, steps
from face_benchmark.made_faces import write_faces
from face_benchmark.report import amount, format_results
from face_benchmark.run import run
from face_benchmark.sides import Options, configs
from face_benchmark.timing import Pair, Result, time_pair

TOOL = REPO / 'tools/benchmark/benchmark.py'
# The network of the zoo that takes the least time.
ROW = 'coco-wholebody-face-mobilenetv2'


@pytest.fixture(scope='module')
def options(tmp_path_factory) -> Options:
    return Options(tmp_path_factory.mktemp('benchmark'), row=ROW, rounds=1, batch=1, faces=3)


@pytest.fixture(scope='module')
def results(options) -> list[Result]:
    return run(options)


def test_every_part_agrees(results):
    assert [r.part for r in results] == [
        *('decode', 'decode', 'targets', 'targets'),
        *('pipeline', 'pipeline', 'pipeline', 'step', 'test'),
    ]
    assert set(PARTS) == {r.part for r in results}
    for r in results:
        assert r.pair.agree, r.pair
        assert [len(values) for values in r.seconds.values()] == [1, 1]
    assert len({(r.part, r.pair.case) for r in results}) == 9


def test_files(results, options):
    content = json.loads((options.out / 'benchmark.json').read_text())
    assert content['environment']['rounds'] == 1
    for found, r in zip(content['results'], results):
        assert (found['part'], found['case']) == (r.part, r.pair.case)
        assert found['seconds'] == r.seconds and found['agree']
        assert found['ratio'] == r.seconds['mmpose'][0] / r.seconds['ours'][0]
    assert len(content['results']) == 9
    assert (options.out / 'benchmark.md').read_text() == f'{format_results(results)}\n'
    # The more results the higher the plot, so all are in it.
    assert cv2.imread(str(options.out / 'benchmark.png')).shape[0] > 9 * 30


def test_the_sides_are_ours_and_mmposes():
    ours, theirs = (configs(DARK)[side] for side in ('ours', 'mmpose'))
    assert ours.model.type.__module__.startswith('mmpose_face.')
    assert (theirs.model.type, theirs.codec.type) == ('TopdownPoseEstimator', 'MSRAHeatmap')
    assert theirs.test_dataloader.dataset.type == 'WFLWDataset'


def test_a_step_changes_the_weights_of_its_side(results, options):
    (pair,) = steps.step(options)
    weights = {
        side: runner.model.state_dict()['head.final_layer.weight']
        for side, runner in steps._runners(options).items()
    }
    for side, way in pair.ways.items():
        before = {name: weight.clone() for name, weight in weights.items()}
        way(1)
        changed = {name for name in weights if (weights[name] != before[name]).any()}
        assert changed == {side}


def test_another_result_is_seen(results, options):
    """Where the sides have other weights their points are apart."""
    (pair,) = steps.test(options)
    runner = steps._runners(options)['ours']
    batch = steps._batches(dict(ours=runner), 'test', 1)['ours'][0]
    same = steps._predictions(runner, batch)
    assert pair.agree
    runner.model.head.final_layer.weight.data.mul_(-1)
    assert np.median(np.abs(steps._predictions(runner, batch) - same)) > pair.limit


@pytest.mark.parametrize('apart, agree', [(0.1, True), (0.11, False), (float('nan'), False)])
def test_agreement(apart, agree):
    pair = Pair('case', 2, {}, apart, 'px', 0.1)
    assert pair.agree == agree
    result = Result('part', pair, dict(ours=[1.0, 2.0, 4.0], mmpose=[6.0, 4.0, 4.0]))
    assert result.ratios == [6.0, 2.0, 1.0] and result.ratio == 2.0
    cells = [cell.strip() for cell in format_results([result]).splitlines()[-1].split('|')]
    assert cells[3:8] == ['4.00 s', '2.00 s', '2.00 x', '1.00-6.00', '1.0']
    assert ('too far' in cells[8]) != agree


@pytest.mark.parametrize('clock', ['wall', 'cpu'])
def test_sides_take_turns_on_the_same_inputs(clock, monkeypatch):
    monkeypatch.setattr('face_benchmark.timing._LEAST', 1e-4)
    called = []
    ways = {side: lambda i, side=side: called.append((side, i)) for side in ('ours', 'mmpose')}
    found = time_pair('part', Pair('case', 1, ways, 0, 'px', 0), 3, clock)
    assert list(dict.fromkeys(called)) == [
        *(('mmpose', 0), ('ours', 0)),
        *(('ours', 1), ('mmpose', 1)),
        *(('mmpose', 2), ('ours', 2)),
    ]
    assert all(len(found.seconds[side]) == 3 and min(found.seconds[side]) > 0 for side in ways)


def test_images_are_as_large_as_photographs(tmp_path):
    """WIDER FACE's training images have 114 kB on the average."""
    write_faces(tmp_path, 6, 5, ('test',))
    sizes = [path.stat().st_size for path in (tmp_path / 'images').iterdir()]
    assert len(sizes) == 6 and 70e3 < np.mean(sizes) < 160e3
    content = json.loads((tmp_path / 'faces.json').read_text())
    for image, face in zip(content['images'], content['annotations']):
        points = np.reshape(face['keypoints'], (5, 3))[:, :2]
        assert (points >= 0).all() and (points <= (image['width'], image['height'])).all()


@pytest.mark.parametrize(
    'seconds, text', [(2.5, '2.50 s'), (0.1234, '123 ms'), (3.21e-3, '3.21 ms'), (45e-6, '45.0 us')]
)
def test_amount(seconds, text):
    assert amount(seconds) == text


@pytest.mark.parametrize(
    'args, complaint',
    [
        (('--device', 'cuda', '--clock', 'cpu'), '--clock cpu does not see'),
        (('--rounds', '0'), 'expected at least 1, got 0'),
        (('--parts', 'growth'), "invalid choice: 'growth'"),
        (('--row', 'none', '--parts', 'step'), "error: no model 'none'"),
        (('--row', 'wflw-res50-starloss', '--parts', 'step'), 'a row that MMPose has, too'),
    ],
)
def test_complaints_of_the_script(tmp_path, args, complaint):
    done = run_script(TOOL, *args, '--out', tmp_path, check=False)
    assert done.returncode and complaint in done.stdout
    assert 'Traceback' not in done.stdout


def test_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(ValueError, match='--device cuda: torch finds no GPU'):
        Options(tmp_path, device='cuda')


def test_script(tmp_path):
    args = ('--parts', 'targets', '--rounds', '1', '--batch', '1', '--threads', '1')
    done = run_script(TOOL, *args, '--out', tmp_path)
    assert (tmp_path / 'benchmark.md').read_text() in done.stdout
    content = json.loads((tmp_path / 'benchmark.json').read_text())
    assert content['environment']['torch_threads'] == 1
    assert [found['part'] for found in content['results']] == ['targets', 'targets']
