# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import REPO
from mmpose.datasets.datasets import (
    AFLWDataset,
    CocoWholeBodyFaceDataset,
    COFWDataset,
    Face300WDataset,
    WFLWDataset,
)

from mmpose_face.landmarks import (
    AFLW19,
    COFW29,
    IBUG68,
    SCHEMES,
    WFLW98,
    Curve,
    Scheme,
    get_scheme,
    name_or_dict,
    scheme_of,
    scheme_of_dataset,
    scheme_of_metainfo,
)

schemes = pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)


@schemes
def test_mirror_is_an_involution_that_keeps_groups(scheme):
    mirror = np.array(scheme.mirror)
    assert (mirror[mirror] == np.arange(scheme.num_points)).all()
    for indices in scheme.groups.values():
        assert set(mirror[list(indices)]) == set(indices)


@schemes
def test_mirror_keeps_lines(scheme):
    lines = {frozenset(line) for line in scheme.lines}
    mirror = scheme.mirror
    assert {frozenset(mirror[i] for i in line) for line in lines} == lines


@schemes
def test_every_point_is_in_one_group_and_named_once(scheme):
    grouped = sorted(i for ids in scheme.groups.values() for i in ids)
    assert grouped == list(range(scheme.num_points))
    assert len(set(scheme.points)) == scheme.num_points


@pytest.mark.parametrize(
    'scheme,dataset',
    [
        (IBUG68, Face300WDataset),
        (IBUG68, CocoWholeBodyFaceDataset),
        (WFLW98, WFLWDataset),
        (COFW29, COFWDataset),
        (AFLW19, AFLWDataset),
    ],
)
def test_mirror_equals_mmpose(scheme, dataset):
    assert list(scheme.mirror) == dataset._load_metainfo()['flip_indices']


def test_sizes_and_normalizers():
    assert [s.num_points for s in SCHEMES.values()] == [68, 98, 29, 19]
    # The indices of the benchmarks' inter-ocular distance.
    assert IBUG68.normalizer_indices == (36, 45)
    assert WFLW98.normalizer_indices == (60, 72)
    assert COFW29.normalizer_indices == (8, 9)
    assert AFLW19.normalizer_indices is None  # the face box


@schemes
def test_groups_are_the_parts_of_a_face(scheme):
    assert set(scheme.groups) <= {'jaw', 'brows', 'nose', 'eyes', 'pupils', 'lips'}
    part_of = dict(
        jaw='jaw',
        chin='jaw',
        brow='brows',
        nose='nose',
        nostril='nose',
        eye='eyes',
        pupil='pupils',
        lip='lips',
        mouth='lips',
    )
    for group, indices in scheme.groups.items():
        for i in indices:
            words = scheme.points[i].split('_')
            assert {part_of[w] for w in words if w in part_of} == {group}


def test_map_98_to_68():
    """The published correspondence, written by its ranges."""
    expected = [
        *range(0, 33, 2),
        *range(33, 38),
        *range(42, 47),
        *range(51, 60),
        60,
        61,
        63,
        64,
        65,
        67,
        68,
        69,
        71,
        72,
        73,
        75,
        *range(76, 96),
    ]
    assert list(WFLW98.map_to(IBUG68)) == expected


def test_map_commutes_with_mirror():
    to68 = np.array(WFLW98.map_to(IBUG68))
    mirror98, mirror68 = np.array(WFLW98.mirror), np.array(IBUG68.mirror)
    assert (mirror98[to68] == to68[mirror68]).all()


def test_no_approximate_map():
    with pytest.raises(ValueError, match='no exact map from ibug68.*pupil'):
        IBUG68.map_to(WFLW98)
    for small in (COFW29, AFLW19):
        with pytest.raises(ValueError, match='no exact map from wflw98'):
            WFLW98.map_to(small)


def test_names_of_the_small_schemes():
    """By eye, on MMPose's sample images of COFW and AFLW."""
    assert [COFW29.points[i] for i in (5, 10, 15, 20, 21, 27)] == [
        'left_brow_lower_middle',
        'left_eye_inner_corner',
        'right_eye_lower_middle',
        'nose_tip',
        'nose_base',
        'lower_lip_outer',
    ]
    assert [AFLW19.points[i] for i in (0, 7, 9, 13, 16)] == [
        'left_brow_outer_end',
        'left_eye_center',
        'right_eye_inner_corner',
        'nose_tip',
        'mouth_center',
    ]


def test_closed_curve_joins_its_ends():
    curves = (Curve('eyes', ('a', 'b', 'c'), closed=True),)
    assert Scheme('s', curves, ('a', 'b')).lines == ((0, 1), (1, 2), (2, 0))


def test_curves_that_share_points():
    """The lips of COFW share the corners of the mouth."""
    lips = (Curve('lips', ('l', 'u', 'r'), closed=True), Curve('lips', ('l', 'r', 'd')))
    scheme = Scheme('s', lips, None, order=('u', 'l', 'r', 'd'))
    assert scheme.lines == ((1, 0), (0, 2), (2, 1), (1, 2), (2, 3))
    assert scheme.groups == dict(lips=(1, 0, 2, 3))
    assert scheme.num_points == 4
    shared = 22, 23
    assert [c.points for c in COFW29.curves[-3:-1]] == [
        tuple(COFW29.points[i] for i in (shared[0], upper, shared[1], lower))
        for upper, lower in ((24, 25), (26, 27))
    ]


@schemes
def test_scheme_of_its_points(scheme):
    assert scheme_of(iter(scheme.points)) is scheme


def test_errors():
    with pytest.raises(ValueError, match='these 2 points .a, b, .*wflw98'):
        scheme_of(['a', 'b'])
    with pytest.raises(ValueError, match='unknown.*ibug68'):
        get_scheme('ibug69')
    with pytest.raises(ValueError, match='a point name occurs twice'):
        Scheme('s', (Curve('jaw', ('a', 'a')),), ('a', 'a'))
    shared = Curve('jaw', ('a', 'b')), Curve('jaw', ('b', 'c'))
    with pytest.raises(ValueError, match='twice.* where an order is given'):
        Scheme('s', shared, None)
    with pytest.raises(ValueError, match='occurs twice'):
        Scheme('s', shared, None, order=('a', 'b', 'c', 'a'))
    groups = Curve('jaw', ('a', 'b')), Curve('lips', ('b', 'c'))
    with pytest.raises(ValueError, match='only curves of one group may share'):
        Scheme('s', groups, None, order=('a', 'b', 'c'))
    with pytest.raises(ValueError, match='order must name the points'):
        Scheme('s', (Curve('jaw', ('a', 'b')),), None, order=('a', 'c'))


def test_needs_nothing_heavier_than_numpy():
    """Where torch is missing the landmarks are served all the same."""
    code = (
        'import sys; sys.modules["torch"] = None\n'
        'import importlib.util as u; find = u.find_spec\n'
        'u.find_spec = lambda n, *a: None if n == "torch" else find(n)\n'
        'import mmpose_face.landmarks as m; print(m.IBUG68.num_points)\n'
        'assert "mmengine" not in sys.modules\n'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=REPO, capture_output=True, text=True)
    assert done.stdout.strip() == '68', done.stderr


OWN = dict(
    name='own5',
    curves=[
        dict(group='eyes', points=['left_eye', 'right_eye']),
        dict(group='lips', points=['left_mouth', 'right_mouth']),
        dict(group='nose', points=['nose_tip']),
    ],
    normalizer=['left_eye', 'right_eye'],
)


@schemes
def test_schemes_as_dictionaries(scheme):
    said = json.loads(json.dumps(scheme.to_dict()))
    assert Scheme.from_dict(said) == get_scheme(said) == scheme
    assert name_or_dict(scheme) == scheme.name


def test_a_scheme_of_ones_own():
    own = get_scheme(OWN)
    assert own.points == ('left_eye', 'right_eye', 'left_mouth', 'right_mouth', 'nose_tip')
    assert own.mirror == (1, 0, 3, 2, 4)
    assert own.lines == ((0, 1), (2, 3))
    assert own.normalizer_indices == own.ocular_indices == (0, 1)
    assert get_scheme(own) is own
    assert get_scheme(name_or_dict(own)) == own
    # The name alone is not enough to be the one of the table.
    impostor = replace(own, name='ibug68')
    assert name_or_dict(impostor) == dict(own.to_dict(), name='ibug68')


@pytest.mark.parametrize(
    'change,message',
    [
        (dict(points=[]), "a scheme has no 'points': expected name, curves, norm"),
        (dict(curves=None), 'a scheme: expected a list as curves, got None'),
        (dict(curves=[]), 'own5: expected one or more points'),
        (dict(name=5), 'a scheme: expected a str as name, got 5'),
        (dict(curves=['eyes']), 'a curve of own5: expected a dictionary with gro'),
        (dict(curves=[dict(points=['a'])]), 'a curve of own5: expected a str as'),
        (dict(curves=[dict(group='a', points='ab')]), 'expected a list as points'),
        (dict(curves=[dict(group='a', points=[1])]), 'the name of a point, got 1'),
        (dict(normalizer=['left_eye']), 'own5: expected two of the points as nor'),
        (dict(normalizer=['left_eye', 'chin']), 'own5: expected two of the poin'),
        (dict(order=['nose_tip']), 'own5: the order must name the points'),
        (
            dict(curves=[dict(group='a', points=['left_ear'])], normalizer=None),
            'own5: left_ear has no mirror image, expected a point right_ear',
        ),
    ],
)
def test_dictionaries_that_are_no_schemes(change, message):
    with pytest.raises(ValueError, match=message):
        get_scheme({**OWN, **change})


@pytest.mark.parametrize('said', ['own5', 5, None, ['ibug68']])
def test_what_is_no_scheme(said):
    with pytest.raises(ValueError, match='unknown landmark scheme.*; known: '):
        get_scheme(said)


def test_normalisers_that_a_scheme_has_no_points_for():
    own = get_scheme({**OWN, 'normalizer': None})
    with pytest.raises(ValueError, match='own5 has no normalizer and no poi'):
        own.ocular_indices
    with pytest.raises(ValueError, match='own5 has no points whose names beg'):
        own.pupil_indices
    # Whose normaliser is the box, but which has the corners.
    assert AFLW19.ocular_indices == (6, 11)


def test_scheme_of_a_data_set():
    meta = dict(keypoint_id2name=dict(enumerate(IBUG68.points)))
    assert scheme_of_dataset(meta) is IBUG68
    own = get_scheme(OWN)
    meta = dict(
        keypoint_id2name=dict(enumerate(own.points)), dataset_name='mine', skeleton_links=own.lines
    )
    with pytest.raises(ValueError, match='no landmark scheme has these 5'):
        scheme_of_dataset(meta)
    guessed = scheme_of_metainfo(meta)
    assert guessed.points == own.points and guessed.groups.keys() == {'face'}
    meta['scheme'] = own.to_dict()
    assert scheme_of_dataset(meta) == scheme_of_metainfo(meta) == own
    meta['scheme'] = {}
    with pytest.raises(ValueError, match='expected a str as name'):
        scheme_of_metainfo(meta)


@pytest.mark.parametrize(
    'scheme, part, number',
    [
        (WFLW98, 'left_eye', 8),
        (WFLW98, 'eyes', 16),
        (WFLW98, 'left_jaw', 16),
        (WFLW98, 'right_brow', 9),
        (WFLW98, 'left_pupil', 1),
        (IBUG68, 'nose_bridge', 4),
        (IBUG68, 'lips', 20),
        (IBUG68, 'chin', 1),
    ],
)
def test_parts_of_a_face(scheme, part, number):
    indices = scheme.select(part)
    assert len(set(indices)) == number and list(indices) == sorted(indices)
    named = [scheme.points[i] for i in indices]
    assert part in scheme.groups or all(n.startswith(part) for n in named)


def test_parts_of_one_side_are_mirror_images():
    for scheme in SCHEMES.values():
        left, right = (scheme.select(f'{side}_eye') for side in ('left', 'right'))
        assert {scheme.mirror[i] for i in left} == set(right)


def test_no_such_part():
    with pytest.raises(ValueError, match="no part 'ear'.* groups jaw, brows"):
        IBUG68.select('ear')
    # No part of a word.
    with pytest.raises(ValueError, match="no part 'left_e'"):
        IBUG68.select('left_e')
