# SPDX-License-Identifier: Apache-2.0
import io
import json
import os
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.evaluator import DumpResults

from mmpose_face.evaluation import save_predictions
from mmpose_face.evaluation.predictions import (
    Predictions,
    _read_csv,
    _read_dump,
    _read_json,
    load_predictions,
)
from mmpose_face.landmarks import AFLW19, COFW29, IBUG68, SCHEMES, WFLW98, get_scheme

POINTS = np.arange(2 * 19 * 2).reshape(2, 19, 2) / 8
COLUMNS = ','.join(f'x{i},y{i}' for i in range(19))


def written(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def faces(**more):
    """Two faces in the layout of a JSON file."""
    return [
        dict(file=f'{name}.jpg', keypoints=points, **more)
        for name, points in zip('ab', POINTS.tolist())
    ]


def rows(points=POINTS):
    return [','.join(map(str, face.ravel())) for face in points]


def test_what_is_saved_is_read(tmp_path):
    predicted = POINTS.copy()
    predicted[0, 3] = np.nan, np.inf
    predicted[1, 0, 1] = -np.inf
    scores = SimpleNamespace(
        scheme=AFLW19, files=['a.jpg', 'b.jpg'], ids=[7, 8], predicted=predicted
    )
    save_predictions(scores, tmp_path / 'p.json')
    found = load_predictions(tmp_path / 'p.json')
    assert found.scheme is AFLW19 and len(found) == 2
    assert found.files == ['a.jpg', 'b.jpg']
    assert found.ids == [7, 8] and found.numbers == [None, None]
    assert np.array_equal(np.isfinite(found.points), np.isfinite(predicted))
    good = np.isfinite(predicted)
    assert np.array_equal(found.points[good], predicted[good])


def test_scores_without_predicted_points_are_not_saved(tmp_path):
    path = tmp_path / 'p.json'
    with pytest.raises(ValueError, match='predicted points'):
        save_predictions(SimpleNamespace(predicted=None), path)
    assert not path.exists()


def test_json_without_a_scheme(tmp_path):
    path = written(tmp_path / 'p.json', faces(face=1))
    found = load_predictions(path)
    assert found.scheme is AFLW19 and found.numbers == [1, 1]
    assert found.ids == [None, None]
    assert np.array_equal(found.points, POINTS)
    assert found.places == ['entry 0', 'entry 1']


@pytest.mark.parametrize(
    'value', ['null', 'NaN', 'Infinity', '-Infinity', '"NaN"', '"Infinity"', '1e999']
)
def test_a_coordinate_that_is_no_number_is_kept(tmp_path, value):
    text = json.dumps(faces()).replace('[0.0, 0.125]', f'[0.0, {value}]')
    assert value in text
    points = load_predictions(written(tmp_path / 'p.json', text)).points
    assert not np.isfinite(points[0, 0, 1])
    assert np.isfinite(points).sum() == points.size - 1


@pytest.mark.parametrize(
    'keys,cells,numbers,ids',
    [
        ('file,face', 'a.jpg,1', [1, 1], [None, None]),
        ('file,id', 'a.jpg,7', [None, None], [7, 7]),
        ('id,file', '7,a.jpg', [None, None], [7, 7]),
        ('file', 'a.jpg', [None, None], [None, None]),
        ('file,face,id', 'a.jpg,,7', [None, None], [7, 7]),
    ],
)
def test_csv(tmp_path, keys, cells, numbers, ids):
    lines = [f'{keys},{COLUMNS}', *(f'{cells},{row}' for row in rows())]
    found = load_predictions(written(tmp_path / 'p.csv', '\n'.join(lines)))
    assert found.scheme is AFLW19
    assert found.files == ['a.jpg', 'a.jpg']
    assert found.numbers == numbers and found.ids == ids
    assert np.array_equal(found.points, POINTS)
    assert found.places == ['line 2', 'line 3']


def test_csv_of_a_spreadsheet(tmp_path):
    """A byte order mark, quoted names, CRLF, empty cells and lines."""
    first, second = rows()
    second = ',nan,' + second.split(',', 2)[2]
    text = f'\ufefffile,{COLUMNS}\r\n"a, b.jpg",{first}\r\n\r\nc.jpg,{second}\r\n'
    found = load_predictions(written(tmp_path / 'p.csv', text.encode()))
    assert found.files == ['a, b.jpg', 'c.jpg']
    assert np.isnan(found.points[1, 0]).all()
    assert np.array_equal(found.points[1, 1:], POINTS[1, 1:])


def changed(index=1, **fields):
    content = faces()
    content[index].update(fields)
    return content


@pytest.mark.parametrize(
    'content,message',
    [
        ('{', 'not JSON'),
        (b'\xff\xfe\x00', 'not JSON'),
        ('3', 'expected {"scheme"'),
        ({'scheme': 3, 'faces': []}, 'expected {"scheme"'),
        ({'scheme': 'aflw'}, 'expected {"scheme"'),
        ([], 'no predictions in it'),
        ({'scheme': 'ibug', 'faces': faces()}, "scheme 'ibug'; known: aflw19"),
        (
            {'scheme': 'ibug68', 'faces': faces()},
            r'entry 0 \(a.jpg\): expected 68 points \(ibug68\), got 19',
        ),
        (
            changed(keypoints=[[1, 2]] * 18),
            r'entry 1 \(b.jpg\): expected 19 points \(aflw19\), got 18',
        ),
        (changed(0, keypoints=[]), r'entry 0 \(a.jpg\): .*68 \(ibug68\).*got 0'),
        ([3], 'entry 0: expected {"file"'),
        (changed(keypoints=None), r'entry 1: expected "keypoints": \[\[x'),
        (changed(keypoints=[[1, 2, 3]]), r'entry 1: expected "keypoints": \[\[x'),
        (changed(keypoints=[['1', 2]]), "entry 1: expected a coordinate, got '1'"),
        (changed(keypoints=[[True, 2]]), 'entry 1: expected a coordinate'),
        (changed(keypoints=[[10**400, 2]]), 'entry 1: int too large'),
        (changed(file=None), 'entry 1: expected the name of an image, got None'),
        (changed(id='7'), "entry 1: expected a whole number as id, got '7'"),
        (changed(face=1.5), 'entry 1: expected a whole number as face, got 1.5'),
    ],
)
def test_bad_json(tmp_path, content, message):
    path = written(tmp_path / 'p.json', content)
    with pytest.raises(ValueError, match=message) as error:
        load_predictions(path)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)


def test_deep_json(tmp_path):
    with pytest.raises(ValueError, match='p.json: not JSON'):
        load_predictions(written(tmp_path / 'p.json', '[' * 100000))


@pytest.mark.parametrize(
    'text,message',
    [
        ('', 'line 1: expected the header file,face,x0,y0'),
        (f'name,{COLUMNS}', 'line 1: expected the header'),
        (f'file,file,{COLUMNS}', 'line 1: expected the header'),
        (f'file,score,{COLUMNS}', 'line 1: expected the header'),
        ('file,x0,x1,y0,y1', 'line 1: expected the header'),
        ('file,x0,y0,x1', 'line 1: expected the header'),
        ('file,face', 'line 1: expected the header'),
        (f'file,{COLUMNS}', 'no predictions in it'),
        (f'file,{COLUMNS}\na.jpg,1,2', 'line 2: expected 39 columns, got 3'),
        (f'file,{COLUMNS}\na.jpg,{"1," * 37}z', "line 2: expected a number, got 'z'"),
        (f'file,{COLUMNS}\na.jpg,{"1," * 37}1_0', "line 2: expected a number, got '1_0'"),
        (
            f'file,face,{COLUMNS}\na.jpg,1.5,{rows()[0]}',
            "line 2: expected a whole number, got '1.5'",
        ),
        (f'file,{COLUMNS}\n,{rows()[0]}', 'line 2: expected the name of an image'),
        (f'file,{COLUMNS}\n"a"b,{rows()[0]}', 'line 2: '),
        ('file,x0,y0\na.jpg,1,2', r'line 2 \(a.jpg\): .*got 1'),
        (b'\xff\xfe', 'not UTF-8'),
    ],
)
def test_bad_csv(tmp_path, text, message):
    path = written(tmp_path / 'p.csv', text)
    with pytest.raises(ValueError, match=message) as error:
        load_predictions(path)
    assert str(error.value).startswith(f'{path}: ')


def test_other_files(tmp_path):
    with pytest.raises(ValueError, match=r"\.json, \.csv, .* got '\.txt'"):
        load_predictions(tmp_path / 'p.txt')
    with pytest.raises(FileNotFoundError, match='p.json'):
        load_predictions(tmp_path / 'p.json')


def test_the_scheme_that_is_asked_for(tmp_path):
    path = written(tmp_path / 'p.json', faces())
    assert load_predictions(path, 'aflw19').scheme is AFLW19
    with pytest.raises(ValueError, match=r'entry 0 \(a.jpg\): expected 29'):
        load_predictions(path, 'cofw29')


def test_each_number_of_points_is_of_one_scheme():
    assert len({s.num_points for s in SCHEMES.values()}) == len(SCHEMES)


def predictions_of(scheme, points):
    n = len(points)
    return Predictions('p.json', scheme, [''] * n, [''] * n, [None] * n, [None] * n, points)


def test_98_points_to_68():
    points = np.random.default_rng(0).uniform(0, 9, (2, 98, 2))
    found = predictions_of(WFLW98, points).to(IBUG68)
    assert found.scheme is IBUG68
    for i in (0, 16, 36, 48, 67):
        j = WFLW98.index[IBUG68.points[i]]
        assert np.array_equal(found.points[:, i], points[:, j])


def test_no_exact_map():
    with pytest.raises(
        ValueError,
        match=r'p.json: expected 68 points \(ibug68\), got 29 \(cofw29\), '
        'from which there is no exact map',
    ):
        predictions_of(COFW29, np.zeros((1, 29, 2))).to(IBUG68)


def samples(**more):
    """What MMPose's model gives to the evaluator."""
    return [
        dict(
            img_path=f'/data/{name}.jpg',
            id=np.int64(i) if i else i,
            img_shape=(96, 112),
            subsets=('full',),
            gt_instances=dict(keypoints=points[None]),
            pred_instances=dict(
                keypoints=points[None].astype(np.float32),
                keypoint_scores=np.ones((1, 19), np.float32),
            ),
            **more,
        )
        for i, (name, points) in enumerate(zip('ab', POINTS))
    ]


def dumped(path, content):
    metric = DumpResults(str(path))
    metric.process({}, content)
    metric.evaluate(len(content))
    return path


@pytest.mark.parametrize('numpy', [b'numpy.core', b'numpy._core'])
def test_dump(tmp_path, numpy):
    """The names that NumPy 1 and 2 have for their parts."""
    path = dumped(tmp_path / 'dump.pkl', samples())
    data = path.read_bytes().replace(b'numpy._core', b'numpy.core')
    path.write_bytes(data.replace(b'numpy.core', numpy))
    found = load_predictions(path)
    assert found.scheme is AFLW19
    assert found.files == ['/data/a.jpg', '/data/b.jpg']
    assert found.ids == [0, 1] and found.numbers == [None, None]
    assert np.array_equal(found.points, POINTS)
    assert found.points.dtype == np.float64


def test_dump_with_heatmaps(tmp_path):
    """Tensors are passed over."""
    more = dict(pred_fields=dict(heatmaps=torch.rand(19, 4, 4)))
    path = dumped(tmp_path / 'dump.pkl', samples(**more))
    assert b'_load_from_bytes' in path.read_bytes()
    assert np.array_equal(load_predictions(path).points, POINTS)


@pytest.mark.parametrize(
    'content,message',
    [
        ({}, 'expected a list of samples, .* got dict'),
        ([3], 'entry 0: expected a sample'),
        ([dict(img_path='a')], 'entry 0: expected a sample'),
        (
            [dict(img_path='a', pred_instances={})],
            'entry 0: expected keypoints as a NumPy array, got NoneType',
        ),
        (
            [dict(img_path='a', pred_instances=dict(keypoints=np.zeros(2)))],
            r'entry 0: expected keypoints of one face, \(1, K, 2\), got \(2,\)',
        ),
        (
            [dict(img_path='a', pred_instances=dict(keypoints=np.zeros((2, 19, 2))))],
            r'entry 0: .* got \(2, 19, 2\)',
        ),
        (
            [dict(img_path='a', pred_instances=dict(keypoints=np.full((1, 19, 2), '')))],
            'as a NumPy array',
        ),
        (
            [dict(pred_instances=dict(keypoints=np.zeros((1, 19, 2))))],
            'entry 0: expected the name of an image',
        ),
    ],
)
def test_bad_dump(tmp_path, content, message):
    path = written(tmp_path / 'p.pkl', pickle.dumps(content, protocol=2))
    with pytest.raises(ValueError, match=message) as error:
        load_predictions(path)
    assert str(error.value).startswith(f'{path}: ')


class Calls:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def hostile(marker):
    touch = f'touch {marker}'
    rebuild = torch._tensor._rebuild_from_type_v2
    return {
        'posix.system': Calls(os.system, touch),
        'builtins.eval': Calls(eval, f'open({str(marker)!r}, "w")'),
        'builtins.exec': Calls(exec, f'open({str(marker)!r}, "w")'),
        'io.open': Calls(io.open, str(marker), 'w'),
        'builtins.getattr': Calls(getattr, 'a text', 'format'),
        'torch._tensor._rebuild_from_type_v2': Calls(rebuild, os.system, int, (touch,), {}),
        'numpy.load': Calls(np.load, str(marker)),
        'torch.storage': Calls(torch.storage.UntypedStorage, 10**9),
        r'\w*ickle\.loads': Calls(pickle.loads, pickle.dumps(Calls(os.system, touch))),
    }


@pytest.mark.parametrize('name', hostile(''))
@pytest.mark.parametrize('protocol', [2, 4])
def test_a_pickle_that_would_execute_something(tmp_path, name, protocol):
    marker = tmp_path / 'marker'
    content = samples()
    content[1]['more'] = [hostile(marker)[name]]
    path = written(tmp_path / 'p.pkl', pickle.dumps(content, protocol))
    with pytest.raises(
        ValueError, match=f'refused: it holds the object {name}.*Nothing of it has been'
    ) as error:
        load_predictions(path)
    assert str(error.value).startswith(f'{path}: ')
    assert not marker.exists()


def test_a_tensor_that_would_execute_something_is_passed_over(tmp_path):
    """torch unpickles the bytes of a storage again."""
    marker = tmp_path / 'marker'
    inner = pickle.dumps(Calls(os.system, f'touch {marker}'))
    content = samples(heatmaps=Calls(torch.storage._load_from_bytes, inner))
    path = written(tmp_path / 'p.pkl', pickle.dumps(content, 2))
    assert np.array_equal(load_predictions(path).points, POINTS)
    assert not marker.exists()


@pytest.mark.parametrize(
    'opcodes',
    [
        b'(S"touch marker"\nios\nsystem\n.',  # INST
        b'(cos\nsystem\nS"touch marker"\no.',  # OBJ
        b'\x82\x01.',  # an extension
        b'Pid\n.',  # a persistent id
    ],
)
def test_old_opcodes(tmp_path, opcodes):
    with pytest.raises(ValueError, match='p.pkl: '):
        load_predictions(written(tmp_path / 'p.pkl', opcodes))


# Files that are right, to be changed here and there.
GOOD = {
    _read_json: json.dumps(dict(scheme='aflw19', faces=faces())).encode(),
    _read_csv: f'file,face,{COLUMNS}\na.jpg,0,{rows()[0]}\n'.encode(),
    _read_dump: pickle.dumps(samples(), protocol=2),
}
SUFFIXES = {_read_json: 'json', _read_csv: 'csv', _read_dump: 'pkl'}


@pytest.mark.parametrize('reader', GOOD, ids=SUFFIXES.get)
@given(data=st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes(reader, tmp_path, data):
    """Predictions, or a ValueError that names the file."""
    good = GOOD[reader]
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 40)))
    some = data.draw(st.binary(max_size=40))
    content = data.draw(st.sampled_from([some, good[:start] + some + good[end:], good[:start]]))
    path = written(tmp_path / f'p.{SUFFIXES[reader]}', content)
    try:
        found = load_predictions(path)
    except ValueError as error:
        assert str(error).startswith(f'{path}: ')
    else:
        n, scheme = len(found), get_scheme(found.scheme.name)
        assert found.points.shape == (n, scheme.num_points, 2) and n


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(['scheme', 'faces', 'file', 'id', 'face', 'keypoints']), inner
        )
    ),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_any_json(content):
    try:
        _read_json(json.dumps(content).encode())
    except ValueError:
        pass


@given(st.lists(VALUES, max_size=2) | VALUES)
@settings(max_examples=100, deadline=None)
def test_any_pickle_of_data(content):
    try:
        _read_dump(pickle.dumps(content, protocol=2))
    except ValueError:
        pass
