# SPDX-License-Identifier: Apache-2.0
import json
from datetime import timedelta

import numpy as np
import pytest
import torch.distributed as dist
from conftest import NARROW, RES18_300W
from forked_scripts import FORKS
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import NME
from mmpose.registry import METRICS

from mmpose_face.datasets import (
    BENCHMARKS,
    Face300W,
    LoadFaceImage,
    PackFaceInputs,
    scheme_metainfo,
)
from mmpose_face.datasets.annotations import FaceRecord, write_annotations
from mmpose_face.engine import FaceRunner
from mmpose_face.evaluation import (
    SubsetNME,
    auc,
    face_errors,
    failure_rate,
    nme,
    normalized_errors,
    point_distance,
)
from mmpose_face.landmarks import AFLW19, IBUG68, Curve, Scheme

META = parse_pose_metainfo(scheme_metainfo('300w', IBUG68))
LEFT, RIGHT = IBUG68.normalizer_indices
SUBSETS = ('test', 'pose', 'blur')


def make_samples(n: int = 7, seed: int = 0) -> list:
    """Data samples as MMEngine's evaluator hands them to a metric."""
    rng = np.random.default_rng(seed)
    samples = []
    for i in range(n):
        gt = rng.uniform(0, 100, (1, 68, 2))
        gt[0, [LEFT, RIGHT]] = (20, 30), (70, 40)
        samples.append(
            dict(
                id=i,
                img_path=f'images/{i}.jpg',
                subsets=('test', 'pose') if i % 2 else ('test', 'blur', 'pose'),
                gt_instances=dict(
                    bboxes=np.array([[0.0, 0, 100, 100]]),
                    keypoints=gt,
                    keypoints_visible=np.ones((1, 68)),
                ),
                pred_instances=dict(keypoints=gt + rng.normal(0, 1 + i, gt.shape)),
            )
        )
    return samples


def evaluate(samples, meta=META, **kwargs) -> dict:
    metric = SubsetNME(**kwargs)
    metric.dataset_meta = meta
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(samples))


def errors_of(samples) -> np.ndarray:
    gt, pred = (
        np.concatenate([s[part]['keypoints'] for s in samples])
        for part in ('gt_instances', 'pred_instances')
    )
    return face_errors(normalized_errors(pred, gt, point_distance(gt, LEFT, RIGHT)))


def test_registered():
    assert METRICS.get('SubsetNME') is SubsetNME


def test_figures_are_those_of_functional():
    samples = make_samples()
    metrics = evaluate(samples, subsets=SUBSETS, threshold=0.08)
    errors = errors_of(samples)
    expected = {}
    for prefix, e in (('', errors), ('pose/', errors), ('blur/', errors[::2])):
        expected[f'{prefix}NME'] = 100 * nme(e)
        expected[f'{prefix}FR@8'] = 100 * failure_rate(e, 0.08)
        expected[f'{prefix}AUC@8'] = 100 * auc(e, 0.08)
    assert metrics == pytest.approx(expected, abs=1e-12)
    assert list(metrics)[0] == 'NME'
    assert 0 < metrics['AUC@8'] < 100


def test_the_main_column_has_its_own_faces_alone(logged):
    """300-W: the private test set has no part in the full one."""
    samples = make_samples(5)
    for sample, subsets in zip(samples, [('full',), ('full',), ('test',), ('test',), ('other',)]):
        sample['subsets'] = subsets
    metrics = evaluate(samples, subsets=('full', 'test'))
    errors = 100 * errors_of(samples)
    assert metrics['NME'] == pytest.approx(errors[:2].mean())
    assert metrics['test/NME'] == pytest.approx(errors[2:4].mean())
    assert 'none of the columns, not in the table: 1 (images/4.jpg)' in (logged.text)


def test_aflw_is_normalised_by_its_box():
    """Every point is off by 5 pixels, the box has 200."""
    gt = np.random.default_rng(0).uniform(0, 100, (1, 19, 2))
    sample = dict(
        id=0,
        img_path='0.jpg',
        subsets=('full',),
        gt_instances=dict(
            bboxes=np.array([[0.0, 0, 100, 100]]),
            keypoints=gt,
            keypoints_visible=np.ones((1, 19)),
            box_size=np.array([200.0]),
            occluded=np.arange(19)[None] == 3,
        ),
        pred_instances=dict(keypoints=gt + (3, 4)),
    )
    meta = parse_pose_metainfo(scheme_metainfo('aflw', AFLW19))
    kwargs = dict(meta=meta, subsets=('full', 'frontal'), threshold=0.07)
    assert evaluate([sample], **kwargs)['NME'] == pytest.approx(2.5)
    del sample['gt_instances']['box_size']
    for normalizer in (None, 'face_box', 'box_diagonal'):
        with pytest.raises(ValueError, match='that of 0.jpg. do not say its'):
            evaluate([sample], normalizer=normalizer, **kwargs)
    assert evaluate([sample], normalizer='bbox_size', **kwargs)['NME'] == pytest.approx(5)


def test_a_scheme_without_a_normaliser_needs_the_size_of_its_box():
    scheme = Scheme('mine', (Curve('eyes', ('left_eye', 'right_eye')),), None)
    (sample,) = make_samples(1)
    for part in ('gt_instances', 'pred_instances'):
        sample[part]['keypoints'] = sample[part]['keypoints'][:, :2]
    sample['gt_instances']['keypoints_visible'] = np.ones((1, 2))
    meta = dict(META, dataset_name='mine', scheme=scheme)
    with pytest.raises(ValueError, match='mine is normalised by the face box'):
        evaluate([sample], meta=meta)
    assert np.isfinite(evaluate([sample], meta=meta, normalizer='face_box')['NME'])


def test_occlusion_goes_to_the_file(tmp_path):
    (sample,) = make_samples(1)
    sample['gt_instances']['occluded'] = np.arange(68)[None] == 3
    evaluate([sample], out_dir=tmp_path)
    (face,) = json.loads((tmp_path / 'per_face.json').read_text())['faces']
    assert face['occluded'].index(1) == 3 and sum(face['occluded']) == 1


def mmpose_nme(samples) -> float:
    metric = NME(norm_mode='keypoint_distance')
    metric.dataset_meta = META
    metric.process({}, samples)
    return 100 * metric.evaluate(len(samples))['NME']


def test_equals_mmpose_where_all_points_are_visible():
    samples = make_samples(20)
    # MMPose rounds each distance to float32.
    assert evaluate(samples)['NME'] == pytest.approx(mmpose_nme(samples), rel=1e-7)


def test_equals_mmpose_exactly_where_float32_is_exact():
    """Every distance is a multiple of 5 pixels, the normaliser 64."""
    samples = make_samples(20)
    steps = np.random.default_rng(1).integers(0, 5, (20, 1, 68, 1))
    for sample, step in zip(samples, steps):
        gt = sample['gt_instances']['keypoints'] = sample['gt_instances']['keypoints'].round()
        gt[0, [LEFT, RIGHT]] = (20, 30), (84, 30)
        sample['pred_instances']['keypoints'] = gt + step * (3, 4)
    expected = 100 * 5 * steps.mean() / 64
    assert evaluate(samples)['NME'] == pytest.approx(expected, abs=1e-9)
    assert mmpose_nme(samples) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('shape', [(1, 68), (1, 68, 1), (1, 68, 2)])
def test_points_that_are_not_visible_do_not_count(shape):
    (sample,) = make_samples(1)
    visible = np.ones(shape)
    visible[0, 5] = 0
    sample['gt_instances']['keypoints_visible'] = visible
    sample['pred_instances']['keypoints'][0, 5] = 1e6
    assert evaluate([sample])['NME'] < 20


def test_prediction_that_is_no_number_is_a_failure(logged):
    samples = make_samples(4)
    for sample in samples:
        sample['pred_instances'] = sample['gt_instances'].copy()
    samples[2]['pred_instances'] = dict(keypoints=np.full((1, 68, 2), np.nan))
    metrics = evaluate(samples)
    assert metrics == {'NME': float('inf'), 'FR@10': 25, 'AUC@10': 75}
    assert 'NaN or infinite: 1 (images/2.jpg)' in logged.text


@pytest.mark.parametrize('protocol', ['paper', 'mmpose'])
def test_faces_without_normaliser_are_left_out(protocol, logged, tmp_path):
    samples = make_samples()
    truth = samples[3]['gt_instances']
    truth['keypoints'][0, LEFT] = truth['keypoints'][0, RIGHT]
    rest = samples[:3] + samples[4:]
    assert evaluate(samples, protocol=protocol, out_dir=tmp_path) == evaluate(
        rest, protocol=protocol
    )
    assert 'or no point is: 1 (images/3.jpg)' in logged.text
    assert '| n      |     6 |' in logged.text
    face = json.loads((tmp_path / 'per_face.json').read_text())['faces'][3]
    assert face['error'] is None and set(face['point_errors']) == {None}
    table = json.loads((tmp_path / 'metrics.json').read_text())
    assert table['left_out'] == ['images/3.jpg']


def test_an_eye_corner_that_is_not_labelled(logged):
    """MMPose divides by the distance to it all the same."""
    samples = make_samples()
    samples[3]['gt_instances']['keypoints_visible'][0, LEFT] = 0
    rest = samples[:3] + samples[4:]
    assert evaluate(samples, protocol='paper') == evaluate(rest, protocol='paper')
    assert 'or no point is: 1 (images/3.jpg)' in logged.text
    # MMPose rounds each distance to float32.
    assert evaluate(samples)['NME'] == pytest.approx(mmpose_nme(samples), rel=1e-7)


def test_long_lists_are_cut(logged):
    samples = make_samples(12)
    for sample in samples:
        sample['gt_instances']['keypoints_visible'][:] = 0
    assert np.isnan(list(evaluate(samples).values())).all()
    assert 'no point is: 12 (images/0.jpg, ' in logged.text
    assert 'images/9.jpg, ...)' in logged.text


def test_protocols_differ_where_points_are_not_labelled():
    """Two faces: one labelled point with an error of 1, 67 with 0."""
    samples = make_samples(2)
    for sample, labelled in zip(samples, (1, 67)):
        truth = sample['gt_instances']
        points = [i for i in range(68) if i not in (LEFT, RIGHT)]
        shown = [LEFT, RIGHT, *points[:labelled]]
        truth['keypoints_visible'] = np.isin(np.arange(68), shown)[None]
        sample['pred_instances']['keypoints'] = truth['keypoints'].copy()
        truth['keypoints'][0, [LEFT, RIGHT]] = (0, 0), (50, 0)
        sample['pred_instances']['keypoints'][0, [LEFT, RIGHT]] = (0, 0), (50, 0)
    samples[0]['pred_instances']['keypoints'][0, points[0]] += 30, 40
    counts = [3, 68]
    assert evaluate(samples, protocol='paper')['NME'] == pytest.approx(100 / 3 / 2)
    assert evaluate(samples)['NME'] == pytest.approx(100 / sum(counts))


BENCHMARK_NORMS = {
    name: dict(norm_mode='keypoint_distance')
    for name in ('300w', 'wflw', 'cofw', 'coco_wholebody_face')
}
BENCHMARK_NORMS['aflw'] = dict(norm_mode='use_norm_item', norm_item='bbox_size')


@pytest.mark.parametrize('name', BENCHMARK_NORMS)
@pytest.mark.parametrize('seed', range(3))
def test_protocol_mmpose_is_mmpose_nme(name, seed):
    """Random predictions with masked points, corners that are not labelled
    and normalisers that are zero."""
    scheme = BENCHMARKS[name].scheme
    meta = parse_pose_metainfo(BENCHMARKS[name].dataset.METAINFO)
    rng = np.random.default_rng(seed)
    samples = []
    for i in range(30):
        gt = rng.uniform(0, 100, (1, scheme.num_points, 2))
        visible = rng.random((1, scheme.num_points)) > 0.2
        side = rng.uniform(50, 150)
        if i < 3 and scheme.normalizer is not None:
            left, right = scheme.normalizer_indices
            gt[0, left] = gt[0, right]
        samples.append(
            dict(
                id=i,
                img_path=f'{i}.jpg',
                gt_instances=dict(
                    bboxes=np.array([[5.0, 7, 5 + side, 7 + side]]),
                    box_size=np.array([side]),
                    keypoints=gt,
                    keypoints_visible=visible,
                ),
                pred_instances=dict(keypoints=gt + rng.normal(0, 5, gt.shape)),
            )
        )
    theirs = NME(**BENCHMARK_NORMS[name])
    theirs.dataset_meta = meta
    theirs.process({}, samples)
    expected = theirs.evaluate(len(samples))['NME']
    ours = evaluate(samples, meta=meta, unit='ratio')['NME']
    assert ours == pytest.approx(expected, rel=1e-6)
    assert 0.01 < ours < 10


def test_a_benchmark_where_nothing_else_is_given():
    made = SubsetNME(benchmark='300w')
    assert made.subsets == ('full', 'common', 'challenge', 'test')
    assert (made.threshold, made.unit) == (0.08, 'percent')
    assert SubsetNME(benchmark='coco_wholebody_face').unit == 'ratio'
    given = SubsetNME(('full',), 0.07, unit='percent', benchmark='coco_wholebody_face')
    assert (given.subsets, given.threshold, given.unit) == (('full',), 0.07, 'percent')
    plain = SubsetNME()
    assert (plain.subsets, plain.threshold, plain.unit) == (('test',), 0.10, 'percent')
    with pytest.raises(ValueError, match="unknown benchmark 'lapa'; known: 300w, wflw"):
        SubsetNME(benchmark='lapa')


def test_faces_of_two_files_with_one_id(logged):
    """They stay two; one that a sampler has padded with is one."""
    samples = make_samples(3)
    samples[1].update(id=0, img_path=samples[0]['img_path'])
    metric = SubsetNME()
    metric.dataset_meta = META
    for sample in [*samples, samples[2]]:
        metric.process({}, [sample])
    metric.evaluate(4)
    assert len(metric.scores) == 3


def test_aflw_by_its_eyes():
    """Needs no box."""
    gt = np.random.default_rng(0).uniform(0, 100, (1, 19, 2))
    left, right = (AFLW19.index[f'{s}_eye_outer_corner'] for s in ('left', 'right'))
    gt[0, left], gt[0, right] = (0, 0), (50, 0)
    sample = dict(
        id=0,
        img_path='0.jpg',
        gt_instances=dict(
            bboxes=np.array([[0.0, 0, 100, 100]]), keypoints=gt, keypoints_visible=np.ones((1, 19))
        ),
        pred_instances=dict(keypoints=gt + (3, 4)),
    )
    meta = parse_pose_metainfo(scheme_metainfo('aflw', AFLW19))
    metrics = evaluate([sample], meta=meta, normalizer='inter_ocular')
    assert metrics['NME'] == pytest.approx(10)


def test_a_failed_face_without_normaliser_is_named(logged, tmp_path):
    samples = make_samples(4)
    truth = samples[2]['gt_instances']['keypoints']
    truth[0, LEFT] = truth[0, RIGHT]
    samples[2]['pred_instances']['keypoints'][0, 7] = np.nan
    evaluate(samples, out_dir=tmp_path)
    assert 'NaN or infinite: 1 (images/2.jpg)' in logged.text
    saved = json.loads((tmp_path / 'metrics.json').read_text())
    assert saved['failed'] == saved['left_out'] == ['images/2.jpg']


def test_flags_that_some_faces_lack_are_said(logged):
    samples = make_samples(3)
    for sample in samples[:2]:
        sample['gt_instances']['occluded'] = np.ones((1, 68), bool)
    assert 'NME_occluded' not in evaluate(samples)
    assert '1 of 3 faces do not say occluded' in logged.text


def test_units():
    samples = make_samples()
    percent = evaluate(samples, threshold=0.05)
    ratio = evaluate(samples, threshold=0.05, unit='ratio')
    assert percent.keys() == ratio.keys() == {'NME', 'FR@5', 'AUC@5'}
    for key, value in percent.items():
        assert ratio[key] == pytest.approx(value / 100)


def test_normalizer_can_be_chosen():
    (sample,) = make_samples(1)
    gt = sample['gt_instances']['keypoints']
    sample['pred_instances']['keypoints'] = gt + (3, 4)
    for name, side in (('face_box', 100), ('box_diagonal', 100 * 2**0.5)):
        assert evaluate([sample], normalizer=name)['NME'] == pytest.approx(100 * 5 / side)


def test_visible_and_occluded():
    (sample,) = make_samples(1)
    gt = sample['gt_instances']['keypoints']
    sample['gt_instances']['occluded'] = np.arange(68)[None] < 17
    shift = np.where(np.arange(68)[:, None] < 17, 2 * 5, 5)
    sample['pred_instances']['keypoints'] = gt + shift * (0.6, 0.8)
    norm = np.hypot(50, 10)
    metrics = evaluate([sample])
    assert metrics['NME_visible'] == pytest.approx(100 * 5 / norm)
    assert metrics['NME_occluded'] == pytest.approx(100 * 10 / norm)


def test_intervals_go_to_log_and_file(logged, tmp_path):
    evaluate(make_samples(), bootstrap=200, out_dir=tmp_path)
    assert '| 95 % of NME |' in logged.text
    saved = json.loads((tmp_path / 'metrics.json').read_text())
    for name in ('NME', 'FR@10', 'AUC@10'):
        low, high = saved['intervals']['test'][name]
        assert low < saved['subsets']['test'][name] < high


def test_scores_and_table_stay_with_the_metric():
    metric = SubsetNME(subsets=SUBSETS)
    metric.dataset_meta = META
    samples = make_samples()
    metric.process({}, samples)
    metrics = metric.evaluate(len(samples))
    assert metric.table.figures['pose']['NME'] == metrics['pose/NME']
    assert metric.scores.predicted.shape == (7, 68, 2)
    np.testing.assert_allclose(metric.scores.errors, errors_of(samples))


def test_table_goes_to_the_log(logged):
    evaluate(make_samples(), subsets=('test', 'pose', 'none'))
    assert '|        |  test |  pose | none |' in logged.text
    assert '| n      |     7 |     7 |    0 |' in logged.text


def test_files(tmp_path):
    samples = make_samples()
    samples[1]['pred_instances']['keypoints'][0, 9] = np.inf
    metrics = evaluate(samples, subsets=('test', 'blur', 'none'), out_dir=tmp_path / 'out')
    table = json.loads((tmp_path / 'out/metrics.json').read_text())
    assert table['threshold'] == 0.10 and table['failed'] == ['images/1.jpg']
    assert table['subsets']['test']['NME'] == 'Infinity'
    assert table['subsets']['blur'] == {
        'n': 4,
        **{key: metrics[f'blur/{key}'] for key in ('NME', 'FR@10', 'AUC@10')},
    }
    assert table['subsets']['none']['NME'] is None
    faces = json.loads((tmp_path / 'out/per_face.json').read_text())['faces']
    assert [face['file'] for face in faces] == [f'images/{i}.jpg' for i in range(7)]
    assert faces[0]['subsets'] == ['test', 'blur', 'pose']
    assert 'occluded' not in faces[0]
    assert faces[0]['box'] == [0, 0, 100, 100]
    # float() and JavaScript's Number() read it.
    assert faces[1]['point_errors'][9] == faces[1]['error'] == 'Infinity'
    errors = [float(face['error']) for face in faces]
    assert 100 * auc(errors, 0.10) == metrics['AUC@10']
    for face in (faces[0], *faces[2:]):
        assert np.mean(face['point_errors']) == pytest.approx(face['error'])


def test_order_of_the_samples_is_not_seen(tmp_path):
    samples = make_samples()
    samples[5]['id'] = samples[2]['id']  # of another annotation file
    one = evaluate(samples, out_dir=tmp_path / 'a')
    assert evaluate(samples[::-1], out_dir=tmp_path / 'b') == one
    a, b = (tmp_path / x / 'per_face.json' for x in 'ab')
    assert a.read_bytes() == b.read_bytes()


def test_samples_without_subsets():
    samples = make_samples(1)
    expected = evaluate(samples)
    del samples[0]['subsets']
    assert evaluate(samples) == evaluate(samples, subsets=('mine',)) == expected
    with pytest.raises(ValueError, match='PackFaceInputs in place of'):
        evaluate(samples, subsets=SUBSETS)


def test_subsets_of_the_paths_of_300w():
    samples = make_samples(2)
    for sample, folder in zip(samples, ('ibug', 'helen/testset')):
        del sample['subsets']
        sample['img_path'] = f'/data/{folder}/0.jpg'
    metrics = evaluate(samples, subsets=('full', 'challenge', 'common'))
    one, two = 100 * errors_of(samples)
    found = [metrics[name] for name in ('NME', 'challenge/NME', 'common/NME')]
    assert found == pytest.approx([(one + two) / 2, one, two])


def test_subsets_of_the_annotation_file_come_before_those_of_the_path(tmp_path):
    (sample,) = make_samples(1)
    del sample['subsets']
    sample['img_path'] = '/data/ibug/0.jpg'
    points = sample['gt_instances']['keypoints'][0]
    record = FaceRecord('ibug/0.jpg', (100, 100), points, ('mine',), np.arange(68) == 3)
    write_annotations(tmp_path / 'a.json', [record], {})
    metrics = evaluate(
        [sample], subsets=('challenge', 'mine'), ann_file=str(tmp_path / 'a.json'), threshold=1
    )
    assert np.isnan(metrics['NME'])
    assert metrics['mine/NME'] == pytest.approx(100 * errors_of([sample])[0])
    off = np.hypot(*(sample['pred_instances']['keypoints'][0, 3] - points[3]))
    assert metrics['mine/NME_occluded'] == pytest.approx(100 * off / np.hypot(50, 10))


def test_errors():
    with pytest.raises(ValueError, match='one or more subsets'):
        SubsetNME(subsets=())
    with pytest.raises(ValueError, match="each once, got \\['a', 'a'\\]"):
        SubsetNME(subsets=('a', 'a'))
    for threshold in (0, 1.01, float('inf'), float('nan')):
        with pytest.raises(ValueError, match='a ratio above 0 and at most 1'):
            SubsetNME(threshold=threshold)
    assert SubsetNME(threshold=1).threshold == 1
    with pytest.raises(ValueError, match='a number of samples, got -5'):
        SubsetNME(bootstrap=-5)
    for name in ('protocol', 'normalizer', 'unit'):
        with pytest.raises(ValueError, match=f"{name} must be.*got 'x'"):
            SubsetNME(**{name: 'x'})
    with pytest.raises(ValueError, match='mine: no landmark scheme.*kpt-0'):
        evaluate(
            make_samples(1),
            meta=dict(
                parse_pose_metainfo(dict(from_file='configs/_base_/datasets/300w.py')),
                dataset_name='mine',
            ),
        )


def test_from_the_data_set_through_the_pipeline(tiny_300w):
    """A perfect model on the converted 300-W; its subsets arrive."""
    dataset = Face300W(
        data_root=str(tiny_300w),
        ann_file='annotations/face_landmarks_300w_valid.json',
        data_prefix=dict(img='images/'),
    )
    load, pack = LoadFaceImage(), PackFaceInputs()
    samples = []
    for i in range(len(dataset)):
        sample = pack(load(dataset.get_data_info(i)))['data_samples']
        sample.pred_instances = sample.gt_instances.clone()
        samples.append(sample.to_dict())
    metrics = evaluate(samples, meta=dataset.metainfo, subsets=('full', 'common', 'test'))
    assert metrics['NME'] == metrics['common/NME'] == 0
    assert metrics['common/AUC@10'] == 100
    assert np.isnan(metrics['test/NME'])


def evaluate_in_group(rank, number, folder):
    dist.init_process_group(
        'gloo', f'file://{folder}/meeting', timedelta(minutes=3), rank=rank, world_size=number
    )
    samples = make_samples(5)
    metric = SubsetNME(subsets=SUBSETS, out_dir=f'{folder}/{rank}')
    metric.dataset_meta = META
    # Padded to 6, which 2 and 3 divide.
    metric.process({}, (samples + samples[:1])[rank::number])
    metrics = metric.evaluate(5)
    (folder / f'{rank}.json').write_text(json.dumps(metrics))
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.parametrize('number', [2, 3])
def test_processes_give_the_figures_of_one(number, tmp_path):
    group = [
        FORKS.Process(target=evaluate_in_group, args=(rank, number, tmp_path))
        for rank in range(number)
    ]
    for process in group:
        process.start()
    for process in group:
        process.join()
    assert [process.exitcode for process in group] == [0] * number
    one = evaluate(make_samples(5), subsets=SUBSETS, out_dir=tmp_path / 'one')
    for rank in range(number):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == one
    assert not (tmp_path / '1').exists()
    for name in ('metrics.json', 'per_face.json', 'predictions.json'):
        assert (tmp_path / '0' / name).read_bytes() == (tmp_path / 'one' / name).read_bytes()


def test_in_a_training(tiny_300w, tmp_path):
    """The best checkpoint is that of the lowest NME, and the test writes its
    files."""
    cfg = Config.fromfile(RES18_300W)
    cfg.work_dir = str(tmp_path)
    cfg.merge_from_dict(NARROW)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.test_evaluator.out_dir = str(tmp_path / 'out')
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(batch_size=3, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(tiny_300w)
    runner = FaceRunner.from_cfg(cfg)
    runner.train()
    assert (tmp_path / 'best_NME_epoch_1.pth').is_file()
    metrics = runner.test()
    assert metrics['NME'] > 0
    table = json.loads((tmp_path / 'out/metrics.json').read_text())['subsets']
    assert table['full']['n'] == 5 and table['challenge']['n'] == 2
    assert metrics['challenge/FR@8'] == table['challenge']['FR@8']
