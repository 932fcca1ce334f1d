# SPDX-License-Identifier: Apache-2.0
import json
import runpy
import sys

import cv2
import numpy as np
import pytest
import torch
from conftest import BASES, RES18_300W, data_options, run_script
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_face.commands.evaluate import (
    evaluate,
    format_evaluation,
    open_truth,
    save_evaluation,
)
from mmpose_face.datasets.annotations import (
    FaceRecord,
    face_rect_bbox,
    face_rect_box,
    landmark_box,
    write_annotations,
)
from mmpose_face.datasets.converters import write_synthetic
from mmpose_face.evaluation import load_scores
from mmpose_face.landmarks import AFLW19, COFW29, IBUG68, WFLW98, Scheme

VALID = 'annotations/face_landmarks_300w_valid.json'


def records(scheme: Scheme, n: int = 4, **fields) -> list:
    """Made-up faces, two in each image."""
    rng = np.random.default_rng(0)
    points = rng.uniform(50, 150, (n, scheme.num_points, 2))
    return [
        FaceRecord(
            f'images/{i // 2}.jpg',
            (200, 200),
            points[i],
            face_rect=(40.0, 40.0, 120.0, 120.0),
            **fields,
        )
        for i in range(n)
    ]


def coco_file(path):
    """COCO-WholeBody's own layout, where the body has keypoints."""
    images, annotations = [], []
    for i, record in enumerate(records(IBUG68)):
        images.append(dict(id=i, file_name=f'{i}.jpg', width=200, height=200))
        annotations.append(
            dict(
                id=10 + i,
                image_id=i,
                category_id=1,
                iscrowd=0,
                bbox=[0, 0, 200, 200],
                area=40000,
                keypoints=[0] * 51,
                num_keypoints=0,
                face_valid=i != 1,
                face_box=[40, 40, 120, 120],
                face_kpts=np.column_stack([record.keypoints, np.ones(68)]).ravel().tolist(),
            )
        )
    content = dict(images=images, annotations=annotations, categories=[dict(id=1, name='person')])
    path.write_text(json.dumps(content))


@pytest.mark.parametrize('said', [True, False])
@pytest.mark.parametrize(
    'name,scheme,box',
    [
        ('300w', IBUG68, landmark_box),
        ('wflw', WFLW98, landmark_box),
        ('cofw', COFW29, face_rect_bbox),
        ('aflw', AFLW19, face_rect_box),
        ('cofw68', IBUG68, landmark_box),
    ],
)
def test_truth(tmp_path, name, scheme, box, said):
    path, faces = tmp_path / 'a.json', records(scheme, subsets=('x',))
    info = dict(converter=f'mmpose_face {name}') if said else {}
    write_annotations(path, faces, info, box, first_id=5)
    if name == 'cofw68' and not said:
        name = '300w'  # as many points
    found, truth = open_truth([path])
    assert found == name
    assert truth.scheme is scheme
    assert truth.files == [face.file_name for face in faces]
    assert truth.ids == [5, 6, 7, 8]
    assert truth.subsets == [('x',)] * 4
    # To the last digit of the file.
    assert np.array_equal(truth.truth, [face.keypoints for face in faces])
    assert truth.visible.all() and np.isnan(truth.predicted).all()
    assert truth.boxes.shape == (4, 4)
    if name == 'aflw':
        assert truth.box_sizes.tolist() == [120] * 4
    assert (truth.occluded is None) == (name != 'cofw')


def test_truth_of_coco(tmp_path):
    coco_file(tmp_path / 'a.json')
    found, truth = open_truth([tmp_path / 'a.json'])
    assert found == 'coco_wholebody_face'
    assert truth.ids == [10, 12, 13]
    assert truth.truth[1].tolist() == records(IBUG68)[2].keypoints.tolist()
    assert truth.subsets == [('val',)] * 3


def test_truth_of_synthetic_faces(tmp_path):
    write_annotations(tmp_path / 'a.json', records(WFLW98), dict(converter='mmpose_face synthetic'))
    assert open_truth([tmp_path / 'a.json'])[0] == 'wflw'


def changed(path, **annotation):
    content = json.loads(path.read_text())
    content['annotations'][0].update(annotation)
    path.write_text(json.dumps(content))


def test_truth_that_is_none(tmp_path):
    path = tmp_path / 'a.json'
    with pytest.raises(FileNotFoundError, match='a.json'):
        open_truth([path])
    for text, message in (
        ('{', 'is not JSON'),
        ('[' * 100000, 'is not JSON'),
        ('[]', 'is not an annotation file: it has no list of annotations'),
        ('{"annotations": [3]}', 'it has no list of annotations'),
        (
            '{"annotations": [{"keypoints": [1, 2, 1]}]}',
            'no data set has faces of 1 points; known are 300w, wflw',
        ),
        ('{"annotations": [{"keypoints": 3}]}', 'faces of 0 points'),
        (
            '{"annotations": [{"face_kpts": 3}]}',
            'is not an annotation file of coco_wholebody_face data',
        ),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message) as error:
            open_truth([path])
        assert str(error.value).startswith(str(path))


def test_truth_of_another_data_set(tmp_path):
    path = tmp_path / 'a.json'
    write_annotations(path, records(IBUG68), {})
    with pytest.raises(ValueError, match='a.json: annotation 1 has 68 points, expected 98'):
        open_truth([path], 'wflw')
    with pytest.raises(ValueError, match="unknown benchmark 'lapa'; known: "):
        open_truth([path], 'lapa')


def test_a_face_that_is_there_twice(tmp_path):
    path = tmp_path / 'a.json'
    write_annotations(path, records(IBUG68), {})
    with pytest.raises(
        ValueError,
        match='a.json, .*a.json: expected each face once, got id 1 of images/0.jpg again',
    ):
        open_truth([path, path])


@pytest.fixture
def case(tmp_path):
    """Annotations, and predictions that are off by (3, 4) pixels: the outer
    eye corners are 100 apart, so that every error is 5 %."""
    faces = records(IBUG68, subsets=('full', 'common'))
    for face in faces:
        face.keypoints[[36, 45]] = (50, 80), (150, 80)
    write_annotations(tmp_path / 'a.json', faces, {})
    write_predictions(
        tmp_path / 'p.json',
        [
            dict(
                file=f'/data/{face.file_name}',
                face=i % 2,
                keypoints=(face.keypoints + (3, 4)).tolist(),
            )
            for i, face in enumerate(faces)
        ],
    )
    return tmp_path


def write_predictions(path, faces):
    path.write_text(json.dumps(faces))


def read(path):
    return json.loads(path.read_text())


def test_hand_values(case):
    found = evaluate([case / 'a.json'], case / 'p.json')
    for column in ('full', 'common'):
        assert found.table.figures[column] == pytest.approx(
            {'NME': 5, 'FR@8': 0, 'AUC@8': 100 * (0.08 - 0.05) / 0.08, 'n': 4}
        )
        assert found.table.intervals[column]['NME'] == pytest.approx((5, 5))
        assert found.percentiles()[column] == pytest.approx(dict(p50=5, p90=5, p95=5, p99=5))
        assert found.groups()[column] == pytest.approx(dict(jaw=5, brows=5, nose=5, eyes=5, lips=5))
    assert found.table.figures['test']['n'] == 0
    assert found.missing == found.strangers == []


def test_options(case):
    found = evaluate(
        [case / 'a.json'],
        case / 'p.json',
        normalizer='landmark_box',
        threshold=0.04,
        protocol='paper',
    )
    assert found.scores.normalizer == 'landmark_box'
    assert found.table.protocol == 'paper'
    assert found.table.figures['full']['FR@4'] == 100
    side = np.sqrt(np.ptp(records(IBUG68)[0].keypoints, axis=0).prod())
    assert found.scores.errors[0] == pytest.approx(5 / side, rel=0.05)
    for threshold in (8, 0, -1, float('nan')):
        with pytest.raises(ValueError, match='a ratio such as 0.08 for 8 %'):
            evaluate([case / 'a.json'], case / 'p.json', threshold=threshold)


def test_predictions_that_are_no_numbers(case):
    faces = read(case / 'p.json')
    faces[1]['keypoints'][3][0] = None
    write_predictions(case / 'p.json', faces)
    found = evaluate([case / 'a.json'], case / 'p.json')
    assert found.table.figures['full']['NME'] == np.inf
    assert found.table.figures['full']['FR@8'] == 25
    save_evaluation(found, case / 'out')
    metrics = read(case / 'out/metrics.json')
    assert metrics['failed'] == ['images/0.jpg']
    assert metrics['subsets']['full']['NME'] == 'Infinity'
    assert metrics['percentiles']['full']['p99'] == 'Infinity'
    assert metrics['groups']['full']['jaw'] == 'Infinity'
    assert 'inf' in format_evaluation(found)


def test_partial(case):
    write_predictions(
        case / 'p.json',
        read(case / 'p.json')[1:] + [dict(file='other.jpg', keypoints=[[0, 0]] * 68)],
    )
    with pytest.raises(ValueError, match='--partial'):
        evaluate([case / 'a.json'], case / 'p.json')
    found = evaluate([case / 'a.json'], case / 'p.json', partial=True)
    assert found.table.figures['full']['n'] == 3
    save_evaluation(found, case / 'out')
    metrics = read(case / 'out/metrics.json')
    assert metrics['missing'] == ['images/0.jpg']
    assert len(metrics['without_face']) == 1
    assert metrics['without_face'][0].startswith('entry 3: other.jpg is not')


def test_faces_that_say_no_subset(case):
    changed(case / 'a.json', subsets=[])
    found = evaluate([case / 'a.json'], case / 'p.json')
    assert found.table.figures['full']['n'] == 3
    write_annotations(case / 'a.json', records(IBUG68), {})
    found = evaluate([case / 'a.json'], case / 'p.json')
    assert found.table.columns == ('all',)
    assert found.table.figures['all']['n'] == 4


def test_98_points_on_68(case):
    """WFLW's points contain those of the truth in another order."""
    faces = read(case / 'p.json')
    indices = list(WFLW98.map_to(IBUG68))
    for face in faces:
        points = np.full((98, 2), -1.0)
        points[indices] = face['keypoints']
        face['keypoints'] = points.tolist()
    write_predictions(case / 'p.json', faces)
    for scheme in (None, 'wflw98'):
        found = evaluate([case / 'a.json'], case / 'p.json', pred_scheme=scheme)
        assert found.table.figures['full']['NME'] == pytest.approx(5)


def test_files(case):
    found = evaluate([case / 'a.json'], case / 'p.json', bootstrap=10)
    paths = save_evaluation(found, case / 'new/out')
    assert [p.name for p in paths] == ['metrics.json', 'per_face.json', 'ced.png', 'ced.svg']
    assert cv2.imread(str(paths[2])) is not None
    assert b'<svg' in paths[3].read_bytes()
    scores = load_scores(paths[1])
    assert scores.files == found.scores.files
    assert np.array_equal(scores.errors, found.scores.errors)
    metrics = read(paths[0])
    assert metrics['subsets']['full']['n'] == 4
    assert metrics['subsets']['test']['NME'] is None
    assert metrics['percentiles']['test']['p50'] is None


def run_tool(monkeypatch, capsys, name, *args):
    """What a tool prints; and what it ends with, if not well."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    end = None
    try:
        runpy.run_path(str(BASES.parents[2] / f'tools/{name}.py'), run_name='__main__')
    except SystemExit as error:
        end = error.code
    return capsys.readouterr().out, end


def test_tool(case, monkeypatch, capsys):
    said, end = run_tool(
        monkeypatch,
        capsys,
        'evaluate',
        '--ann',
        case / 'a.json',
        '--pred',
        case / 'p.json',
        '--norm',
        'inter_ocular',
        '--threshold',
        '0.1',
        '--protocol',
        'paper',
        '--out',
        case / 'out',
    )
    assert end is None
    lines = [' '.join(line.split()) for line in said.splitlines()]
    assert '| NME | 5.00 | 5.00 | n/a | n/a |' in lines
    assert '| 95 % of NME | 5.00–5.00 | 5.00–5.00 | n/a | n/a |' in lines
    assert '| AUC@10 | 50.00 | 50.00 | n/a | n/a |' in lines
    assert '| p90 | 5.00 | 5.00 | n/a | n/a |' in lines
    assert '| lips | 5.00 | 5.00 | n/a | n/a |' in lines
    assert 'protocol paper' in said
    for name in ('metrics.json', 'per_face.json', 'ced.png', 'ced.svg'):
        assert str(case / 'out' / name) in lines


def test_report_of_the_tool(tmp_path, monkeypatch, capsys):
    """Of synthetic faces, whose images are there; without them there are no
    pictures of faces."""
    write_synthetic(tmp_path, train=1, test=3, size=96)
    ann = tmp_path / 'annotations/face_landmarks_wflw_test.json'
    content = json.loads(ann.read_text())
    names = {image['id']: image['file_name'] for image in content['images']}
    write_predictions(
        tmp_path / 'p.json',
        [
            dict(
                file=names[face['image_id']],
                keypoints=(np.reshape(face['keypoints'], (98, 3))[:, :2] + face['id']).tolist(),
            )
            for face in content['annotations']
        ],
    )
    args = ('--ann', ann, '--pred', tmp_path / 'p.json', '--out', tmp_path / 'out')
    pages = []
    for more in ((), ('--images', tmp_path / 'images')):
        said, end = run_tool(monkeypatch, capsys, 'evaluate', *args, '--report', *more)
        assert end is None
        assert str(tmp_path / 'out/report.html') in said
        pages.append((tmp_path / 'out/report.html').read_text())
    assert [page.count('src="data:image/jpeg') for page in pages] == [0, 3]
    _, end = run_tool(
        monkeypatch, capsys, 'evaluate', *args, '--report', '--images', tmp_path / 'nowhere'
    )
    assert end.startswith(f'error: image {tmp_path}/nowhere/') and ('not found' in end)
    _, end = run_tool(monkeypatch, capsys, 'evaluate', *args, '--images', '.')
    assert end == 2  # what argparse ends with


@pytest.mark.parametrize(
    'args,message',
    [
        (('--ann', 'no.json', '--pred', '{}/p.json'), 'read or write no.json'),
        (('--ann', '{}/a.json', '--pred', 'no.csv'), 'read or write no.csv'),
        (('--ann', '{}/p.json', '--pred', '{}/p.json'), 'no list of annotations'),
        (('--ann', '{}/a.json', '--pred', '{}/a.json'), 'expected {"scheme"'),
        (('--ann', '{}/a.json', '--pred', '{}/p.json', '--threshold', '8'), 'a ratio such as 0.08'),
        (
            (
                '--ann',
                '{}/a.json',
                '--pred',
                '{}/p.json',
                '--norm',
                'face_box',
                '--out',
                '/proc/no',
            ),
            'cannot read or write /proc/no',
        ),
    ],
)
def test_errors_of_the_tool(case, monkeypatch, capsys, args, message):
    _, end = run_tool(
        monkeypatch, capsys, 'evaluate', *(arg.replace('{}', str(case)) for arg in args)
    )
    assert end.startswith('error: ') and message in end
    assert '\n' not in end


@pytest.fixture(scope='module')
def tested(tiny_300w, tmp_path_factory):
    """A folder with what a test of a new model leaves: ``dump.pkl``, and in
    ``out`` the files of SubsetNME."""
    folder = tmp_path_factory.mktemp('tested')
    model = MODELS.build(Config.fromfile(RES18_300W).model)
    torch.save(dict(state_dict=model.state_dict()), folder / 'model.pth')
    run_script(
        'tools/test.py',
        RES18_300W,
        folder / 'model.pth',
        '--work-dir',
        folder,
        '--dump',
        folder / 'dump.pkl',
        '--cfg-options',
        *data_options(tiny_300w),
        f'test_evaluator.0.out_dir={folder / "out"}',
    )
    return folder


@pytest.mark.parametrize('name', ['dump.pkl', 'out/predictions.json'])
def test_the_test_script_and_the_tool_agree(tested, tiny_300w, name):
    found = evaluate([tiny_300w / VALID], tested / name)
    expected = read(tested / 'out/metrics.json')
    for column, figures in found.table.figures.items():
        for key, value in figures.items():
            # The test script has the truth in float32.
            assert value == pytest.approx(
                expected['subsets'][column][key] if figures['n'] else value, rel=1e-6, nan_ok=True
            )
    assert found.table.unit == expected['unit']
    assert found.table.protocol == expected['protocol']
    assert found.table.threshold == expected['threshold']
    assert found.scores.normalizer == expected['normalizer']
    assert found.table.figures['full']['n'] == 5


class TestPublished:
    """A system whose predictions and figures are public, on 300-W."""

    @pytest.fixture(scope='class')
    def files(self, face_data, tmp_path_factory):
        """As the converter and any user would write them."""
        folder = face_data / 'golden/300w_public'
        truth, results = (
            read(folder / name) for name in ('test.json', 'results_300wpublic_test.json')
        )
        ibug = set(read(folder / 'db_info.json')['test_subsets']['ibug'])
        out = tmp_path_factory.mktemp('published')
        write_annotations(
            out / 'a.json',
            [
                FaceRecord(
                    face['imgpath'],
                    (5000, 5000),
                    np.array(face['landmarks']),
                    subsets=('full', 'challenge' if i in ibug else 'common'),
                )
                for i, face in enumerate(truth)
            ],
            dict(converter='mmpose_face 300w'),
        )
        write_predictions(
            out / 'p.json',
            [
                dict(file=f'/data/{face["imgpath"]}', keypoints=face['landmarks'])
                for face in results
            ],
        )
        rows = [
            [f'/data/{face["imgpath"]}', 0, *np.ravel(face['landmarks']).tolist()]
            for face in results
        ]
        header = [f'{axis}{i}' for i in range(68) for axis in 'xy']
        (out / 'p.csv').write_text(
            '\n'.join(','.join(map(str, row)) for row in [['file', 'face', *header], *rows])
        )
        return out

    @pytest.mark.parametrize('name', ['p.json', 'p.csv'])
    @pytest.mark.parametrize('protocol', ['mmpose', 'paper'])
    def test_figures(self, files, name, protocol, monkeypatch, capsys):
        """Through the tool; the figures are those of the publication."""
        _, end = run_tool(
            monkeypatch,
            capsys,
            'evaluate',
            '--ann',
            files / 'a.json',
            '--pred',
            files / name,
            '--protocol',
            protocol,
            '--out',
            files / 'out',
        )
        assert end is None
        metrics = read(files / 'out/metrics.json')
        for column, n, nme, fr, p90, p95, p99 in (
            (
                'full',
                689,
                2.993687267871256,
                0.7256894049346929,
                4.666037430932269,
                5.435113114011185,
                7.320552484553374,
            ),
            (
                'common',
                554,
                2.5870801950420437,
                0,
                3.710404666983561,
                4.083736280045437,
                5.216315947831376,
            ),
            (
                'challenge',
                135,
                4.662282218592618,
                3.703703703703709,
                6.628041366327217,
                7.390973031124523,
                10.093415564142603,
            ),
        ):
            figures = metrics['subsets'][column]
            assert figures['n'] == n
            assert figures['NME'] == pytest.approx(nme, abs=1e-9)
            assert figures['FR@8'] == pytest.approx(fr, abs=1e-9)
            found = metrics['percentiles'][column]
            assert [found['p90'], found['p95'], found['p99']] == pytest.approx(
                [p90, p95, p99], abs=1e-9
            )
            low, high = metrics['intervals'][column]['NME']
            assert low < nme < high
        # Published is 62.7275, an integral over bins.
        assert metrics['subsets']['full']['AUC@8'] == pytest.approx(62.7204, abs=1e-3)
