# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from mmpose_face.evaluation import Faces
from mmpose_face.evaluation.pairing import pair, path_ends, shortened
from mmpose_face.evaluation.predictions import Predictions
from mmpose_face.landmarks import AFLW19, IBUG68, WFLW98

# Image and id of each true face; the second image has two.
TRUTH = [('ibug/a.jpg', 4), ('ibug/b.jpg', 6), ('ibug/b.jpg', 5), ('c.jpg', 4)]


def truth_of(keys=TRUTH, **kwargs) -> Faces:
    n = len(keys)
    return Faces(
        AFLW19,
        files=[file for file, _ in keys],
        ids=[id_ for _, id_ in keys],
        subsets=[(f'of {i}',) for i in range(n)],
        boxes=np.arange(4 * n).reshape(n, 4),
        truth=np.zeros((n, 19, 2)),
        visible=np.ones((n, 19), bool),
        predicted=np.full((n, 19, 2), np.nan),
        **kwargs,
    )


def predictions_of(keys, scheme=AFLW19) -> Predictions:
    """Every point of prediction i is (i, i)."""
    n = len(keys)
    points = np.ones((n, scheme.num_points, 2)) * np.arange(n)[:, None, None]
    files, ids, numbers = zip(*keys)
    return Predictions(
        'p.json',
        scheme,
        [f'entry {i}' for i in range(n)],
        list(files),
        list(ids),
        list(numbers),
        points,
    )


def order(paired) -> list:
    """Which prediction each face got."""
    return paired.faces.predicted[:, 0, 0].tolist()


@pytest.mark.parametrize(
    'keys',
    [
        [
            ('c.jpg', 4, None),
            ('ibug/b.jpg', 5, None),
            ('ibug/b.jpg', 6, None),
            ('ibug/a.jpg', 4, None),
        ],
        [
            ('c.jpg', None, None),
            ('ibug/b.jpg', None, 1),
            ('ibug/b.jpg', None, 0),
            ('ibug/a.jpg', None, 0),
        ],
        [
            ('/data/c.jpg', None, None),
            ('x/y/ibug/b.jpg', 5, 7),
            (r'C:\data\ibug\b.jpg', 6, None),
            ('./ibug/a.jpg', None, None),
        ],
    ],
    ids=['ids', 'numbers', 'paths'],
)
def test_each_face_gets_its_own(keys):
    truth = truth_of()
    paired = pair(truth, predictions_of(keys))
    assert order(paired) == [3, 2, 1, 0]
    assert paired.missing == paired.strangers == []
    assert np.isnan(truth.predicted).all()
    assert paired.faces.scheme is truth.scheme and paired.faces.files == truth.files
    assert paired.faces.subsets == truth.subsets


COMPLETE = [(file, id_, None) for file, id_ in TRUTH]


@pytest.mark.parametrize(
    'more,message',
    [
        (
            [('d.jpg', None, None)],
            r'1 of 5 predictions are of no annotated face \(entry 4: d.jpg is not an '
            'image of the annotations, which have names like ibug/a.jpg',
        ),
        ([('a.jpg', None, None)], 'entry 4: a.jpg is not an image'),
        ([('c.jpg', 5, None)], 'entry 4: c.jpg has no annotated face with id 5'),
        ([('c.jpg', None, 1)], 'c.jpg has 1 annotated faces, .* none is 1'),
        ([('c.jpg', None, -1)], 'c.jpg has 1 annotated faces, .* none is -1'),
    ],
)
def test_predictions_without_a_face(more, message):
    predictions = predictions_of(COMPLETE + more)
    with pytest.raises(ValueError, match=f'p.json: .*{message}.*--partial'):
        pair(truth_of(), predictions)
    paired = pair(truth_of(), predictions, partial=True)
    assert order(paired) == [0, 1, 2, 3] and not paired.missing
    assert len(paired.strangers) == 1
    assert paired.strangers[0].startswith('entry 4: ')


def test_faces_without_a_prediction():
    truth = truth_of(
        occluded=np.arange(4)[:, None] == np.full(19, 2), box_sizes=np.array([1.0, 2, 3, 4])
    )
    predictions = predictions_of([COMPLETE[2], COMPLETE[0]])
    with pytest.raises(
        ValueError,
        match=r'p.json: 2 annotated faces have no prediction '
        r'\(ibug/b.jpg, c.jpg\); --partial',
    ):
        pair(truth, predictions)
    paired = pair(truth, predictions, partial=True)
    assert paired.missing == ['ibug/b.jpg', 'c.jpg']
    faces = paired.faces
    assert order(paired) == [1, 0]
    assert (faces.files, faces.ids) == (['ibug/a.jpg', 'ibug/b.jpg'], [4, 5])
    assert faces.subsets == [('of 0',), ('of 2',)]
    assert faces.box_sizes.tolist() == [1, 3]
    assert faces.boxes[:, 0].tolist() == [0, 8]
    assert faces.occluded[:, 0].tolist() == [False, True]


def test_both_are_said():
    with pytest.raises(
        ValueError, match='1 of 1 predictions are of no .*; 4 annotated faces have no prediction'
    ) as error:
        pair(truth_of(), predictions_of([('d.jpg', None, None)]), True)
    # There would be nothing to score.
    assert '--partial' not in str(error.value)


@pytest.mark.parametrize('partial', [True, False])
@pytest.mark.parametrize(
    'keys,message',
    [
        (
            COMPLETE + COMPLETE[:1],
            r'p.json: entry 4 \(ibug/a.jpg\): expected one prediction of each face, '
            'got that of entry 0 and another',
        ),
        (COMPLETE + [('x/ibug/b.jpg', None, 0)], 'entry 4 .* that of entry 1'),
        (
            [('ibug/b.jpg', None, None)],
            'entry 0 .*: the image has 2 annotated faces; expected id or face',
        ),
        (
            [('x/ibug/a.jpg', None, None)],
            'the path ends in several images of the annotations: ibug/a.jpg, a.jpg',
        ),
    ],
)
def test_what_is_always_refused(keys, message, partial):
    truth = truth_of(TRUTH + [('a.jpg', 9)])
    with pytest.raises(ValueError, match=message):
        pair(truth, predictions_of(keys), partial)


def test_a_name_that_is_exact_is_not_ambiguous():
    truth = truth_of([('ibug/a.jpg', 1), ('a.jpg', 2)])
    paired = pair(truth, predictions_of([('a.jpg', None, None), ('ibug/a.jpg', None, None)]))
    assert order(paired) == [1, 0]


def test_another_scheme():
    """WFLW's 98 points hold the 68 of the truth."""
    n = len(TRUTH)
    truth = replace(truth_of(), scheme=IBUG68, truth=np.zeros((n, 68, 2)))
    predictions = predictions_of(COMPLETE, WFLW98)
    assert pair(truth, predictions).faces.predicted.shape == (n, 68, 2)
    with pytest.raises(ValueError, match=r'p.json: expected 19 points'):
        pair(truth_of(), predictions)


def test_path_ends():
    assert path_ends('a/b/c') == ['a/b/c', 'b/c', 'c']
    assert path_ends(r'a\b') == ['a/b', 'b']


def test_shortened():
    assert shortened(list('abcde')) == 'a, b, c, d, e'
    assert shortened(list('abcdef')) == 'a, b, c, d, e, ...'
