# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmpose_face.evaluation import NORMALIZERS, Faces, in_common, load_scores, save_scores, score
from mmpose_face.evaluation.scores import column, normalizers, write_json
from mmpose_face.landmarks import AFLW19, COFW29, IBUG68, SCHEMES, WFLW98

BOX = [10.0, 20, 40, 60]


def faces(scheme=WFLW98, number=3, **kwargs) -> Faces:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, (number, scheme.num_points, 2))
    content = dict(
        scheme=scheme,
        files=[f'{i}.jpg' for i in range(number)],
        ids=list(range(number)),
        subsets=[('test',)] * number,
        boxes=np.tile(BOX, (number, 1)),
        truth=truth,
        visible=np.ones(truth.shape[:2]),
        predicted=truth + (3, 4),
    )
    return Faces(**{**content, **kwargs})


@pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)
def test_every_normalizer_of_every_scheme(scheme):
    """All points are off by 5 pixels."""
    given_ = faces(scheme)
    for name in NORMALIZERS:
        norm = normalizers(given_, name)
        assert norm.shape == (3,) and (norm > 0).all()
        scores = score(given_, name)
        assert scores.normalizer == name
        np.testing.assert_allclose(scores.errors, 5 / norm)
    expected = 'face_box' if scheme is AFLW19 else 'inter_ocular'
    assert score(given_).normalizer == expected


def test_normalizers_by_hand():
    truth = np.zeros((1, 98, 2))
    truth[0, 60], truth[0, 72] = (10, 0), (40, 40)  # outer eye corners
    truth[0, 96], truth[0, 97] = (20, 10), (26, 18)  # pupils
    given_ = faces(number=1, truth=truth)
    assert normalizers(given_, 'inter_ocular') == 50
    assert normalizers(given_, 'inter_pupil') == 10
    assert normalizers(given_, 'face_box') == (30 * 40) ** 0.5
    assert normalizers(given_, 'box_diagonal') == 50
    assert normalizers(given_, 'bbox_size') == 40  # not that of the points
    assert normalizers(given_, 'landmark_box') == 40
    with pytest.raises(ValueError, match='unknown normalizer .pupil.; known'):
        normalizers(given_, 'pupil')


def test_pupils_of_the_schemes():
    """Sources of the field: means of 36-41 and 42-47; 96, 97; 16, 17; 7,
    10."""
    assert IBUG68.pupil_indices == (tuple(range(36, 42)), tuple(range(42, 48)))
    assert WFLW98.pupil_indices == ((96,), (97,))
    assert COFW29.pupil_indices == ((16,), (17,))
    assert AFLW19.pupil_indices == ((7,), (10,))


def test_the_benchmarks_own_box():
    given_ = faces(AFLW19, box_sizes=np.array([100.0, 200, 300]))
    assert normalizers(given_, 'face_box').tolist() == [100, 200, 300]
    np.testing.assert_allclose(
        normalizers(given_, 'box_diagonal'), np.sqrt(2) * np.array([100, 200, 300])
    )
    assert normalizers(given_, 'bbox_size').tolist() == [40] * 3  # MMPose's


def test_points_that_are_not_labelled():
    visible = np.ones((3, 98))
    visible[0, 60] = visible[1, 96] = 0  # a corner, a pupil
    visible[2] = 0
    given_ = faces(visible=visible)
    for name, bad in (
        ('inter_ocular', [0, 2]),
        ('inter_pupil', [1, 2]),
        ('landmark_box', [2]),
        ('face_box', []),
    ):
        norm = normalizers(given_, name)
        assert np.flatnonzero(np.isnan(norm)).tolist() == bad
    assert np.isfinite(normalizers(given_, 'inter_ocular', 'mmpose')).all()


def test_saving_and_loading(tmp_path):
    rng = np.random.default_rng(1)
    visible = rng.random((3, 98)) > 0.2
    visible[:, list(WFLW98.normalizer_indices)] = True
    predicted = rng.uniform(0, 100, (3, 98, 2))
    predicted[1, 4] = np.nan
    visible[1, 4] = True
    given_ = faces(
        visible=visible,
        predicted=predicted,
        subsets=[('test', 'pose'), (), ('test',)],
        occluded=rng.random((3, 98)) > 0.5,
    )
    scores = score(given_)
    path = tmp_path / 'quite/new/per_face.json'
    save_scores(scores, path)
    json.loads(path.read_text(), parse_constant=pytest.fail)  # strict
    again = load_scores(path)
    np.testing.assert_array_equal(again.point_errors, scores.point_errors)
    np.testing.assert_array_equal(again.errors, scores.errors)
    assert np.isinf(again.errors[1]) and np.isnan(again.point_errors[0]).any()
    np.testing.assert_array_equal(again.occluded, scores.occluded)
    np.testing.assert_array_equal(again.boxes, scores.boxes)
    for name in ('scheme', 'normalizer', 'files', 'ids', 'subsets'):
        assert getattr(again, name) == getattr(scores, name)


def test_saving_and_loading_a_perfect_face(tmp_path):
    perfect = faces(number=1)
    save_scores(score(replace(perfect, predicted=perfect.truth)), tmp_path / 'per_face.json')
    again = load_scores(tmp_path / 'per_face.json')
    assert again.errors.tolist() == [0] and again.occluded is None


def test_json_is_strict(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / 'a.json', dict(error=float('nan')))


@pytest.mark.parametrize('said, text', [(0, ''), (1, '2 of 3 faces do not say size'), (3, '')])
def test_columns(logged, said, text):
    rows = [dict(size=i) for i in range(said)] + [{}] * (3 - said)
    found = column(rows, 'size')
    assert found is None if said < 3 else found.tolist() == [0, 1, 2]
    assert text in logged.text and bool(text) == bool(logged.text)


def test_failed_and_left_out():
    """A point that is no number fails its face if it is labelled, or nothing
    is."""
    visible, predicted = np.ones((4, 98)), np.zeros((4, 98, 2))
    visible[:2] = visible[2, 3] = 0
    predicted[1:, 3, 0] = np.nan
    scores = score(faces(number=4, visible=visible, predicted=predicted))
    assert scores.left_out.tolist() == [True, True, False, False]
    assert scores.failed.tolist() == [False, True, False, True]


def test_selecting():
    scores = score(faces(subsets=[('a',), ('a', 'b'), ()]))
    part = scores.select(scores.members('a'))
    assert part.files == ['0.jpg', '1.jpg'] and len(part) == 2
    np.testing.assert_array_equal(part.predicted, scores.predicted[:2])
    assert scores.select(np.array([2, 0])).ids == [2, 0]
    assert len(scores.select(scores.members('none'))) == 0


def test_in_common():
    scores = score(faces())
    one, two = in_common([scores, scores.select(np.array([2, 1]))])
    assert one.keys == two.keys == [('1.jpg', 1), ('2.jpg', 2)]
    with pytest.raises(ValueError, match='no face in common'):
        in_common([scores, scores.select(np.zeros(3, bool))])
    with pytest.raises(ValueError, match='by inter_ocular, .* and .* by face_box'):
        in_common([scores, score(faces(), 'face_box')])


@pytest.mark.parametrize(
    'change',
    [
        dict(point_errors=[-5.0] * 98),
        dict(point_errors=['-Infinity'] * 98),
        dict(point_errors=[10**400] * 98),
        dict(id=1.7),
        dict(id=float('inf')),
        dict(subsets='test'),
        dict(subsets=[['a']]),
        dict(file=None),
        dict(file='1.jpg', id=1),  # the next one's
    ],
)
def test_files_that_are_no_scores(tmp_path, change):
    path = tmp_path / 'per_face.json'
    save_scores(score(faces()), path)
    content = json.loads(path.read_text())
    content['faces'][0].update(change)
    for bad in (content, {**content, 'faces': []}, [1]):
        path.write_text(json.dumps(bad))
        with pytest.raises(ValueError, match='per_face.json is not a file of'):
            load_scores(path)


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('scores') / 'per_face.json'


values = st.recursive(
    st.none() | st.floats() | st.sampled_from(['wflw98', 'Infinity', 'x']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    'scheme',
                    'normalizer',
                    'faces',
                    'file',
                    'id',
                    'box',
                    'subsets',
                    'point_errors',
                    'occluded',
                ]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(content=st.binary() | values.map(json.dumps).map(str.encode))
@example(content=b'[' * 200000)
@example(
    content=b'{"scheme": "wflw98", "normalizer": "inter_ocular", '
    b'"faces": [{"point_errors": [1e999]}]}'
)
def test_any_bytes_give_scores_or_a_value_error(scratch, content):
    scratch.write_bytes(content)
    try:
        load_scores(scratch)
    except ValueError as error:
        assert str(error).startswith(str(scratch))
