# SPDX-License-Identifier: Apache-2.0
"""``SubsetNME`` with MMPose's own data sets, pipelines and configs."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import MMPOSE_CONFIGS, REPO
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS, TRANSFORMS

from mmpose_face.datasets import BENCHMARKS, PackFaceInputs
from mmpose_face.datasets.annotations import FaceRecord, write_annotations
from mmpose_face.engine.fast_path import _FACE_KEYS
from mmpose_face.evaluation import SubsetNME, load_scores

sys.path.insert(0, str(REPO / 'tests/datasets/converters'))

from benchmark_files import make_benchmark  # noqa: E402

FACES = MMPOSE_CONFIGS / 'face_2d_keypoint'
ALL_CONFIGS = sorted(FACES.rglob('*.py'))
HRNET = 'topdown_heatmap/{}/td-hm_hrnetv2-w18_8xb{}-60e_{}-256x256.py'
CONFIGS = {
    '300w': HRNET.format('300w', 64, '300w'),
    'wflw': HRNET.format('wflw', 64, 'wflw'),
    'cofw': HRNET.format('cofw', 64, 'cofw'),
    'aflw': HRNET.format('aflw', 64, 'aflw'),
    'coco_wholebody_face': HRNET.format('coco_wholebody_face', 32, 'coco-wholebody-face'),
}
benchmarks = pytest.mark.parametrize('name', CONFIGS)


class Tested:
    """The samples of a test by one of MMPose's configs, and their metainfo;
    predictions are the truth with noise."""

    def __init__(self, config: Path, root: Path, **kwargs):
        self.cfg = Config.fromfile(config)
        options = self.cfg.test_dataloader.dataset
        options.update(data_root=str(root), **kwargs)
        init_default_scope(self.cfg.default_scope)
        dataset = DATASETS.build(options)
        self.meta = dataset.metainfo
        self.ann_file = dataset.ann_file
        self.samples = list(map(self._sample, dataset))

    def _sample(self, packed: dict) -> dict:
        sample = packed['data_samples']
        points = sample.gt_instances.keypoints
        # The same of a face in another file.
        rng = np.random.default_rng(points.view(np.uint32).ravel())
        noise = rng.normal(0, 3, points.shape)
        sample.set_field(sample.gt_instances.clone(), 'pred_instances')
        sample.pred_instances.keypoints = points + noise
        return sample.to_dict()

    def metric(self, **evaluator):
        metric = METRICS.build(evaluator)
        metric.dataset_meta = self.meta
        for sample in self.samples:
            metric.process({}, [sample])
        return metric

    def evaluate(self, **kwargs) -> dict:
        """The figures of the config's evaluator, with some more options."""
        evaluator = dict(self.cfg.test_evaluator, **kwargs)
        return self.metric(**evaluator).evaluate(len(self.samples))

    def error(self, **kwargs) -> str:
        """What ``SubsetNME`` says at the first sample."""
        with pytest.raises(ValueError) as error:
            self.metric(type='SubsetNME', **kwargs)
        return str(error.value)


def made(name: str, folder: Path, **kwargs) -> Tested:
    make_benchmark(name, folder)
    return Tested(FACES / CONFIGS[name], folder / name, **kwargs)


def forget_subsets(folder: Path) -> None:
    """As MMPose's annotation files, which do not say them."""
    for path in folder.glob('*.json'):
        content = json.loads(path.read_text())
        for annotation in content['annotations']:
            annotation.pop('subsets', None)
        path.write_text(json.dumps(content))


@pytest.mark.parametrize('path', ALL_CONFIGS, ids=[path.stem for path in ALL_CONFIGS])
def test_the_evaluators_of_all_configs(path):
    cfg = Config.fromfile(path)
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert evaluator.type == 'NME'
        evaluator.type = 'SubsetNME'
        assert isinstance(METRICS.build(evaluator), SubsetNME)


@benchmarks
def test_the_type_alone_is_changed(name, tmp_path):
    tested = made(name, tmp_path)
    theirs = tested.evaluate()['NME']
    ours = tested.evaluate(type='SubsetNME')
    assert ours.keys() == {'NME', 'FR@10', 'AUC@10'}
    assert ours['NME'] == pytest.approx(100 * theirs, rel=1e-6)
    ratio = tested.evaluate(type='SubsetNME', unit='ratio')
    assert ratio['NME'] == pytest.approx(theirs, rel=1e-6)
    assert 0.001 < theirs < 1


@benchmarks
@pytest.mark.parametrize('says_subsets', [True, False])
def test_all_columns_from_the_annotation_file(name, says_subsets, tmp_path):
    """They have the faces of the converted release."""
    columns = make_benchmark(name, tmp_path)
    root = tmp_path / name
    if not says_subsets:
        forget_subsets(root / 'annotations')
    tested = Tested(FACES / CONFIGS[name], root)
    metric = tested.metric(type='SubsetNME', subsets=tuple(columns), ann_file=tested.ann_file)
    metric.evaluate(len(tested.samples))
    if name == '300w':
        columns['test'] = 0  # it is in another file
    found = {key: f['n'] for key, f in metric.table.figures.items()}
    assert found == columns
    # What MMPose's classes lose.
    assert ('NME_occluded' in metric.table.figures[next(iter(columns))]) == (
        name in ('cofw', 'aflw')
    )


def test_a_column_is_that_of_its_own_file(tmp_path):
    """MMPose needs a test for each."""
    make_benchmark('wflw', tmp_path)
    forget_subsets(tmp_path / 'wflw/annotations')
    config = FACES / CONFIGS['wflw']
    whole = Tested(config, tmp_path / 'wflw')
    metrics = whole.evaluate(
        type='SubsetNME', subsets=('test', 'pose', 'occlusion'), ann_file=whole.ann_file
    )
    for key, name in (
        ('NME', 'test'),
        ('pose/NME', 'test_largepose'),
        ('occlusion/NME', 'test_occlusion'),
    ):
        part = Tested(
            config, tmp_path / 'wflw', ann_file=f'annotations/face_landmarks_wflw_{name}.json'
        )
        assert metrics[key] == pytest.approx(100 * part.evaluate()['NME'], rel=1e-6)


def test_aflw_has_its_box_from_the_annotation_file(tmp_path):
    tested = made('aflw', tmp_path)
    path = Path(tested.ann_file)
    content = json.loads(path.read_text())
    for annotation in content['annotations']:
        annotation['box_size'] *= 2
    path.write_text(json.dumps(content))
    kwargs = dict(type='SubsetNME', ann_file=str(path))
    own = tested.metric(**kwargs).evaluate(4)['NME']
    theirs = tested.evaluate(**kwargs)['NME']
    assert theirs == pytest.approx(2 * own)
    assert tested.error() == (
        'aflw19 is normalised by the face box, but the samples (such as that '
        f'of {tested.samples[0]["img_path"]}) do not say its size: use '
        'FaceAFLW with a file that has box_size, and PackFaceInputs; or give '
        "the ann_file that has it; or, for the data set's box as MMPose has "
        "it, norm_mode='use_norm_item', norm_item='bbox_size'"
    )
    assert tested.error(norm_mode='keypoint_distance') == (
        'aflw: aflw19 has no two points whose distance is its normaliser; '
        'give keypoint_indices=[i, j], two points whose distance is the '
        "normaliser; or norm_mode='use_norm_item', norm_item='bbox_size'; or "
        'use CustomFaces with scheme=... as the data set'
    )
    # The outer eye corners, as with their name.
    by_number = tested.metric(type='SubsetNME', keypoint_indices=[6, 11])
    by_name = tested.metric(type='SubsetNME', normalizer='inter_ocular')
    assert by_number.evaluate(4) == by_name.evaluate(4)


def test_the_paths_of_300w(tmp_path, logged):
    tested = made('300w', tmp_path)
    more = Tested(
        FACES / CONFIGS['300w'],
        tmp_path / '300w',
        ann_file='annotations/face_landmarks_300w_test.json',
    )
    tested.samples += more.samples
    subsets = 'full', 'common', 'challenge', 'test'
    metric = tested.metric(type='SubsetNME', subsets=subsets)
    metrics = metric.evaluate(6)
    figures = metric.table.figures
    assert [figures[name]['n'] for name in subsets] == [4, 3, 1, 2]
    assert metrics['test/NME'] == pytest.approx(100 * more.evaluate()['NME'], rel=1e-6)
    # All faces are tested by default, those of a named part where it is.
    assert tested.metric(type='SubsetNME').evaluate(6)['NME'] not in (
        metrics['NME'],
        metrics['test/NME'],
    )
    part = tested.metric(type='SubsetNME', subsets=('challenge',))
    assert part.evaluate(6)['NME'] == metrics['challenge/NME']
    assert 'none of the columns, not in the table: 5' in logged.text
    tested.samples[0]['img_path'] = 'elsewhere/0.jpg'
    assert tested.error(subsets=subsets) == (
        'the table has the columns full, common, challenge, test, but the '
        'sample of elsewhere/0.jpg does not say its subsets: give SubsetNME '
        'the ann_file of the data set, or use Face300W and PackFaceInputs in '
        "place of MMPose's data set and PackPoseInputs"
    )


def test_columns_that_only_files_tell(tmp_path):
    tested = made('wflw', tmp_path)
    image = tested.samples[0]['img_path']
    subsets = 'test', 'pose'
    assert tested.error(subsets=subsets) == (
        f'the table has the columns test, pose, but the sample of {image} '
        'does not say its subsets: give SubsetNME the ann_file of the data '
        "set, or use FaceWFLW and PackFaceInputs in place of MMPose's data "
        'set and PackPoseInputs'
    )
    with pytest.raises(FileNotFoundError, match='nowhere.json not found'):
        tested.metric(type='SubsetNME', subsets=subsets, ann_file='nowhere.json')
    train = tested.ann_file.replace('wflw_test', 'wflw_train')
    assert tested.error(subsets=subsets, ann_file=train) == (
        f'ann_file={train!r} has no face in {image} with the points of '
        "the sample: expected the data set's annotation file"
    )


def test_samples_that_say_their_subsets_need_no_file(tmp_path):
    """Our packing of MMPose's data set changes nothing else."""
    tested = made('wflw', tmp_path)
    expected = tested.metric(type='SubsetNME').evaluate(3)
    for sample in tested.samples:
        sample['subsets'] = ('test',)
    metric = tested.metric(type='SubsetNME', ann_file='nowhere.json')
    assert metric.evaluate(3) == expected


def records(folder: Path, number_of_points: int, file_name: str) -> list:
    """Two faces with points in a box of 60 pixels."""
    image = folder / 'images' / file_name
    image.parent.mkdir(parents=True)
    cv2.imwrite(str(image), np.zeros((100, 100, 3), np.uint8))
    rng = np.random.default_rng(0)
    return [
        FaceRecord(file_name, (100, 100), rng.uniform(20, 80, (number_of_points, 2)).round())
        for _ in range(2)
    ]


def other_data(folder: Path, kind: str, number_of_points: int) -> Tested:
    """Samples of a data set of MMPose for which it has no converter of
    ours."""
    write_annotations(folder / 'some.json', records(folder, number_of_points, 'a/0.jpg'), {})
    return Tested(
        FACES / CONFIGS['300w'],
        folder,
        type=kind,
        ann_file='some.json',
        data_prefix=dict(img='images/'),
    )


def test_lapa(tmp_path, logged):
    """106 points of which the table of schemes knows nothing; MMPose divides
    by the distance of 66 and 79."""
    tested = other_data(tmp_path, 'LapaDataset', 106)
    theirs = tested.evaluate()['NME']
    out = tmp_path / 'out'
    metrics = tested.evaluate(type='SubsetNME', out_dir=str(out))
    assert metrics['NME'] == pytest.approx(100 * theirs, rel=1e-6)
    assert 'normaliser inter_ocular (kpt-66 to kpt-79), ' in logged.text
    assert tested.metric(type='SubsetNME').evaluate(2) == metrics
    scores = load_scores(out / 'per_face.json')
    assert scores.scheme.normalizer == ('kpt-66', 'kpt-79')
    assert 100 * scores.errors.mean() == pytest.approx(metrics['NME'])

    theirs = tested.evaluate(keypoint_indices=[0, 32])['NME']
    ours = tested.evaluate(type='SubsetNME', keypoint_indices=[0, 32])['NME']
    assert ours == pytest.approx(100 * theirs, rel=1e-6)
    box = dict(norm_mode='use_norm_item', norm_item='bbox_size')
    theirs = tested.evaluate(**box)['NME']
    ours = tested.evaluate(type='SubsetNME', **box)['NME']
    assert ours == pytest.approx(100 * theirs, rel=1e-6)
    by_box = tested.metric(type='SubsetNME', normalizer='face_box')
    assert np.isfinite(by_box.evaluate(2)['NME'])
    assert tested.error(keypoint_indices=[0, 106]) == (
        'keypoint_indices=[0, 106]: lapa has the points 0 to 105'
    )
    assert 'subsets: use CustomFaces and PackFaceInputs in place of' in (
        tested.error(subsets=('test', 'pose'))
    )
    assert tested.error(ann_file='some.json') == (
        "ann_file='some.json' is understood for the data sets 300w, wflw, "
        'cofw, cofw68, aflw, coco_wholebody_face, got lapa: use CustomFaces '
        'and PackFaceInputs, whose samples say their subsets'
    )


@pytest.mark.parametrize('kind', ['Face300WLPDataset', 'Face300VWDataset'])
def test_other_data_with_the_points_of_ibug(kind, tmp_path):
    """MMPose's metric needs their eye corners by number."""
    tested = other_data(tmp_path, kind, 68)
    with pytest.raises(KeyError):
        tested.evaluate()
    theirs = tested.evaluate(keypoint_indices=[36, 45])['NME']
    metrics = tested.evaluate(type='SubsetNME')
    assert metrics['NME'] == pytest.approx(100 * theirs, rel=1e-6)
    swapped = tested.metric(type='SubsetNME', keypoint_indices=[45, 36])
    assert swapped.evaluate(2) == metrics
    assert swapped.scores.scheme.name == 'ibug68'


def test_a_field_of_the_samples_is_the_normaliser(tmp_path):
    tested = made('cofw', tmp_path)
    for i, sample in enumerate(tested.samples):
        truth = sample['gt_instances']
        truth['head_size'] = np.array([[50.0 * (i + 1)]])
        sample['pred_instances']['keypoints'] = truth['keypoints'] + (3, 4)
    field = dict(norm_mode='use_norm_item', norm_item='head_size')
    metrics = tested.metric(type='SubsetNME', **field).evaluate(2)
    # 5 of 50 and 5 of 100 pixels.
    assert metrics['NME'] == pytest.approx((10 + 5) / 2)
    image = tested.samples[0]['img_path']
    assert tested.error(norm_item='size') == (
        f'expected one number as size (norm_item) in gt_instances of {image}, '
        'got 0; its fields are bbox_scales, bbox_scores, bboxes, head_size, '
        'keypoints, keypoints_visible'
    )
    assert 'got 29; its' in tested.error(norm_item='keypoints_visible')


def test_packed_by_our_class(tmp_path):
    """AFLW's own box, of MMPose's data set class."""
    make_benchmark('aflw', tmp_path)
    pipeline = Config.fromfile(FACES / CONFIGS['aflw']).val_pipeline[:-1]
    tested = Tested(
        FACES / CONFIGS['aflw'],
        tmp_path / 'aflw',
        pipeline=[*pipeline, dict(type='PackFaceInputs')],
    )
    assert TRANSFORMS.get('PackFaceInputs') is PackFaceInputs
    metrics = tested.metric(type='SubsetNME').evaluate(4)
    # box_size is the side of the box in our files.
    assert metrics['NME'] == pytest.approx(tested.evaluate(type='SubsetNME')['NME'])


@pytest.mark.parametrize('name', ['aflw', 'cofw'])
def test_packed_by_mmposes_class_from_our_data_set(name, tmp_path):
    """As with fast=False: what the face metrics ask for is in the samples
    themselves."""
    columns = tuple(make_benchmark(name, tmp_path))
    pipeline = Config.fromfile(FACES / CONFIGS[name]).val_pipeline[:-1]
    tables = []
    for pack in (
        dict(type='PackFaceInputs'),
        dict(type='PackPoseInputs', meta_keys=('id', 'img_path', *_FACE_KEYS)),
    ):
        tested = Tested(
            FACES / CONFIGS[name],
            tmp_path / name,
            type=BENCHMARKS[name].class_name,
            pipeline=[*pipeline, pack],
        )
        metric = tested.metric(type='SubsetNME', subsets=columns)
        metric.evaluate(len(tested.samples))
        tables.append(metric.table.figures)
    np.testing.assert_equal(tables[0], tables[1])
    assert 'NME_occluded' in tables[0][columns[0]]
