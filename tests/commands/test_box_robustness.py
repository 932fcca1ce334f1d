# SPDX-License-Identifier: Apache-2.0
"""A model that puts one face into every box has an error that is known."""

import json
import logging

import cv2
import numpy as np
import pytest
import torch
from conftest import RES18_300W, data_options, run_script
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset, DefaultSampler
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.evaluation.metrics import NME
from mmpose.structures.bbox import bbox_cs2xyxy

from mmpose_face.commands.box_robustness import SHIFTS, box_robustness, format_robustness
from mmpose_face.datasets import LoadFaceImage, PackFaceInputs, SyntheticFaces68
from mmpose_face.datasets.transforms.perturbed_box import face_direction
from mmpose_face.engine import FaceRunner
from mmpose_face.evaluation import SubsetNME
from mmpose_face.landmarks import IBUG68
from mmpose_face.visualization.robustness import UNCHANGED, BoxChange

N = 7
PADDING = 1.25
NUMBER = iter(range(1000))
# Every face, in sides of its box from the middle of it.
FACE = np.random.default_rng(0).uniform(-0.5, 0.5, (68, 2))
LEFT, RIGHT = IBUG68.normalizer_indices
OCULAR = np.hypot(*(FACE[LEFT] - FACE[RIGHT]))
RADIUS = np.hypot(*FACE.T).mean()


class Portraits(SyntheticFaces68):
    """The same face in boxes of all places and sizes."""

    def get_data_info(self, idx: int) -> dict:
        info = BaseDataset.get_data_info(self, idx)
        rng = np.random.default_rng(idx)
        center = rng.uniform(20, 40, (1, 2)).astype(np.float32)
        side = np.full((1, 2), rng.uniform(15, 30), np.float32)
        info.update(
            img=np.zeros((64, 64, 3), np.uint8),
            bbox=bbox_cs2xyxy(center, side),
            bbox_center=center,
            bbox_scale=side,
            bbox_score=np.ones(1, np.float32),
            keypoints=(center + side * FACE).astype(np.float32)[None],
            keypoints_visible=np.ones((1, 68), np.float32),
            subsets=('test', 'pose') if idx < 3 else ('test',),
        )
        return info


class KnowsTheBoxAlone(BaseModel):
    """Puts the face into the crop, whatever is there."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'predict'
        for sample in data_samples:
            points = sample.input_center + FACE * sample.input_scale / PADDING
            sample.pred_instances = InstanceData(keypoints=points[None])
        return data_samples


class KeepPoints(Hook):
    """What was predicted less the truth, in sides of the box, per test."""

    def before_test(self, runner) -> None:
        self.offsets = {}

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        for sample in outputs:
            truth = sample.gt_instances
            side = truth.bboxes[0, 2] - truth.bboxes[0, 0]
            moved = sample.pred_instances.keypoints - truth.keypoints
            self.offsets[sample.id] = moved[0].mean(0) / side


@pytest.fixture
def build(tmp_path):
    """Make a runner of the model above."""

    def build(evaluator=None, workers=0, dataset=None, **options):
        pipeline = [
            dict(type=LoadFaceImage),
            dict(type=GetBBoxCenterScale, padding=PADDING),
            dict(type=TopdownAffine, input_size=(8, 8)),
            dict(type=PackFaceInputs),
        ]
        dataset = dataset or dict(type=Portraits, num_faces=N, pipeline=pipeline, test_mode=True)
        loader = dict(
            batch_size=2,
            num_workers=workers,
            persistent_workers=workers > 0,
            dataset=dataset,
            sampler=dict(type=DefaultSampler, shuffle=False, round_up=False),
        )
        return FaceRunner(
            KnowsTheBoxAlone(),
            work_dir=str(tmp_path / 'work'),
            experiment_name=f'robustness_{next(NUMBER)}',
            default_scope='mmpose',
            test_dataloader=loader,
            test_evaluator=evaluator or dict(type=SubsetNME, subsets=('test', 'pose'), **options),
            test_cfg=dict(),
        )

    return build


@pytest.mark.parametrize('workers', [0, 1])
def test_closed_form(build, workers):
    """A shift moves all points by as much; a scale moves each by its distance
    from the middle."""
    runner = build(workers=workers)
    runner.test()  # its workers live on and know the plain boxes alone
    tables = box_robustness(runner)
    expected = {
        UNCHANGED: 0.0,
        **{BoxChange(s, 1.0): 100 * s / OCULAR for s in (0.05, 0.1, 0.2)},
        **{BoxChange(0.0, k): 100 * abs(k - 1) * RADIUS / OCULAR for k in (0.8, 0.9, 1.1, 1.25)},
    }
    assert list(tables) == list(expected)  # in this order, too
    for change, nme in expected.items():
        figures = tables[change].figures
        for column, n in ('test', N), ('pose', 3):
            assert figures[column]['NME'] == pytest.approx(nme, abs=1e-4)
            assert figures[column]['n'] == n
    nmes = [tables[BoxChange(s, 1.0)].figures['test']['NME'] for s in SHIFTS]
    assert nmes == sorted(nmes) and nmes[-1] > 10


def test_the_normaliser_stays(build):
    """In sides of the face box, which is not the one to crop by."""
    tables = box_robustness(build(normalizer='face_box'), shifts=[0.1], scales=[1.25])
    assert tables[BoxChange(0.1, 1.0)].figures['test']['NME'] == pytest.approx(100 * 0.1, abs=1e-4)
    assert tables[BoxChange(0.0, 1.25)].figures['test']['NME'] == pytest.approx(
        100 * 0.25 * RADIUS, abs=1e-4
    )


def test_each_face_is_moved_in_its_own_direction(build):
    runner = build()
    seen = {}

    class Seen(KeepPoints):
        def after_test(self, runner) -> None:
            seen[len(seen)] = self.offsets

    runner.register_hook(Seen())
    box_robustness(runner, shifts=[0.2], scales=[])
    shifted, plain = seen.values()
    for i in range(N):
        np.testing.assert_allclose(shifted[i], 0.2 * face_direction(i), atol=1e-5)
        np.testing.assert_allclose(plain[i], 0, atol=1e-5)


@pytest.fixture(scope='module')
def checkpoint(tiny_300w, tmp_path_factory):
    """Of the small network with random weights."""
    runner = FaceRunner.from_cfg(small(tiny_300w, tmp_path_factory))
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    torch.save(dict(state_dict=runner.model.state_dict()), path)
    return path


def small(data_root, tmp_path_factory, **options) -> Config:
    cfg = Config.fromfile(RES18_300W)
    cfg.merge_from_dict(dict(o.split('=', 1) for o in data_options(data_root) if 'root' in o))
    cfg.test_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    cfg.work_dir = str(tmp_path_factory.mktemp('work'))
    cfg.experiment_name = f'robustness_{next(NUMBER)}'
    cfg.update(options)
    return cfg


def test_the_plain_one_is_the_test(tiny_300w, tmp_path_factory, checkpoint):
    """To the last bit, whether before, among or after the others."""
    cfg = small(tiny_300w, tmp_path_factory, load_from=str(checkpoint))
    runner = FaceRunner.from_cfg(cfg)
    runner.test()
    before = runner.test_evaluator.metrics[0].table
    tables = box_robustness(runner, shifts=[0.0, 0.1], scales=[1.0, 0.9])
    assert list(tables) == [UNCHANGED, (0.1, 1.0), (0.0, 0.9)]
    runner.test()
    after = runner.test_evaluator.metrics[0].table
    # As text, since NaN is not itself.
    assert repr(before) == repr(tables[UNCHANGED]) == repr(after)
    others = [repr(table) for table in tables.values()]
    assert len(set(others)) == 3
    # And every other is the same again, from a new runner.
    again = box_robustness(
        FaceRunner.from_cfg(small(tiny_300w, tmp_path_factory, load_from=str(checkpoint))),
        shifts=[0.1],
        scales=[0.9],
    )
    assert [repr(table) for table in again.values()] == others


def test_files_of_the_metric_are_those_of_the_plain_test(build, tmp_path):
    runner = build(out_dir=str(tmp_path / 'test'))
    loader = runner.test_dataloader
    pipeline = list(loader.dataset.pipeline.transforms)
    box_robustness(runner, shifts=[0.1], scales=[1.1])
    saved = json.loads((tmp_path / 'test/metrics.json').read_text())
    assert saved['subsets']['test']['NME'] == pytest.approx(0, abs=1e-4)
    assert runner.test_evaluator.metrics[0].out_dir == str(tmp_path / 'test')
    assert runner.test_dataloader is loader
    assert loader.dataset.pipeline.transforms == pipeline


def test_what_it_writes(build, tmp_path):
    tables = box_robustness(
        build(bootstrap=10), shifts=[0.1], scales=[0.8], out_dir=tmp_path / 'out'
    )
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        'robustness.json',
        'robustness.png',
        'robustness.svg',
    ]
    saved = json.loads((tmp_path / 'out/robustness.json').read_text())
    assert saved['normalizer'] == 'inter_ocular'
    assert [(t['shift'], t['scale']) for t in saved['tests']] == [(0, 1), (0.1, 1), (0, 0.8)]
    for test, table in zip(saved['tests'], tables.values()):
        assert test['subsets'] == table.figures
        assert test['protocol'] == 'mmpose' and test['unit'] == 'percent'
        low, high = test['intervals']['pose']['NME']
        assert low <= test['subsets']['pose']['NME'] <= high
    assert cv2.imread(str(tmp_path / 'out/robustness.png')) is not None
    svg = (tmp_path / 'out/robustness.svg').read_text()
    assert f'test (n = {N})' in svg and 'inter_ocular' in svg


def test_the_table_as_text(build):
    tables = box_robustness(build(normalizer='face_box'), shifts=[0.05, 0.2], scales=[])
    # All faces are beyond the threshold of 10 % under the larger shift.
    assert format_robustness(tables).splitlines() == [
        '| boxes         | NME test | NME pose | FR@10 test |',
        '|---------------|----------|----------|------------|',
        '| unchanged     |     0.00 |     0.00 |       0.00 |',
        '| moved by 5 %  |     5.00 |     5.00 |       0.00 |',
        '| moved by 20 % |    20.00 |    20.00 |     100.00 |',
        '| n faces       |        7 |        3 |          7 |',
    ]
    tables = box_robustness(build(unit='ratio'), shifts=[], scales=[1.1])
    assert f'| side × 1.1 | {0.1 * RADIUS / OCULAR:.4f}' in ' '.join(
        format_robustness(tables).split()
    ).replace('  ', ' ')


def test_a_process_that_is_not_the_main_one(build, monkeypatch, tmp_path):
    monkeypatch.setattr('mmpose_face.commands.box_robustness.is_main_process', lambda: False)
    assert box_robustness(build(), [0.1], [], tmp_path / 'out') is None
    assert not (tmp_path / 'out').exists()


def test_the_log_says_which_test_it_is(build, caplog):
    runner = build()
    runner.logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    box_robustness(runner, shifts=[0.1], scales=[1.1])
    said = [
        record.getMessage() for record in caplog.records if 'box robustness' in record.getMessage()
    ]
    assert said == [
        'box robustness, test 1 of 3: boxes side × 1.1',
        'box robustness, test 2 of 3: boxes moved by 10 %',
        'box robustness, test 3 of 3: boxes unchanged',
    ]


@pytest.mark.parametrize(
    'shifts, scales, message',
    [
        ([float('nan')], [1.0], 'shift must be a finite number'),
        ([0.0], [0.0], 'scale must be positive'),
    ],
)
def test_bad_changes_are_found_before_any_test(build, shifts, scales, message):
    runner = build()
    with pytest.raises(ValueError, match=message):
        box_robustness(runner, shifts, scales)
    assert runner.test_evaluator.metrics[0].table is None


def test_other_metrics(build):
    runner = build(evaluator=dict(type=NME, norm_mode='keypoint_distance'))
    with pytest.raises(ValueError, match='SubsetNME in the .* test_evaluator, got NME$'):
        box_robustness(runner)


def test_a_data_set_without_a_pipeline(build):
    dataset = ConcatDataset([Portraits(num_faces=N)])
    with pytest.raises(ValueError, match='ConcatDataset, has no pipeline'):
        box_robustness(build(dataset=dataset))
    # Its own comes behind the pipelines of its parts.
    dataset.pipeline = Portraits(num_faces=N).pipeline
    with pytest.raises(ValueError, match='ConcatDataset, has no pipeline'):
        box_robustness(build(dataset=dataset))


def run_tool(data_root, *args, **kwargs) -> str:
    return run_script(
        'tools/test.py', *args, '--cfg-options', *data_options(data_root), **kwargs
    ).stdout


def test_tool(tiny_300w, checkpoint, tmp_path):
    out = run_tool(
        tiny_300w,
        RES18_300W,
        checkpoint,
        '--work-dir',
        tmp_path,
        '--out',
        tmp_path / 'out.json',
        '--box-robustness',
    )
    lines = [line for line in out.splitlines() if line.startswith('| ')]
    table = lines[-10:]
    assert (
        table[0].split()
        == ('| boxes | NME full | NME common | NME challenge | NME test | FR@8 full |').split()
    )
    assert [line.split('|')[1].strip() for line in table[1:]] == [
        'unchanged',
        'moved by 5 %',
        'moved by 10 %',
        'moved by 20 %',
        'side × 0.8',
        'side × 0.9',
        'side × 1.1',
        'side × 1.25',
        'n faces',
    ]
    assert table[-1].split()[4::2] == ['5', '3', '2', '0', '5']
    folder = tmp_path / 'box_robustness'
    assert f'written to {folder}' in out
    assert {path.name for path in folder.iterdir()} == {
        f'robustness.{s}' for s in ('json', 'png', 'svg')
    }
    tests = json.loads((folder / 'robustness.json').read_text())['tests']
    # The plain test is the last, whose metrics --out has.
    metrics = json.loads((tmp_path / 'out.json').read_text())
    assert tests[0]['subsets']['full']['NME'] == metrics['NME'] > 0


def test_folder_that_cannot_be_made(tiny_300w, checkpoint, tmp_path):
    (tmp_path / 'file').touch()
    out = run_tool(
        tiny_300w,
        RES18_300W,
        checkpoint,
        '--work-dir',
        tmp_path,
        '--box-robustness',
        tmp_path / 'file/boxes',
        check=False,
    )
    assert (f'error: cannot write to the folder of --box-robustness {tmp_path}/file/boxes') in out
    assert 'Traceback' not in out
