# SPDX-License-Identifier: Apache-2.0
import json
import runpy
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from conftest import REPO

from mmpose_face.commands.compare import compare_systems, format_comparison, save_comparison
from mmpose_face.evaluation import Scores, save_scores
from mmpose_face.landmarks import COFW29

NAMES = ('ours', 'theirs')


def scores_of(errors, files=None, subsets=('test',)) -> Scores:
    """All points of a face have its error."""
    n = len(errors)
    return Scores(
        COFW29,
        'inter_ocular',
        files=files or [f'{i}.jpg' for i in range(n)],
        ids=list(range(n)),
        subsets=[subsets] * n,
        boxes=np.zeros((n, 4)),
        point_errors=np.repeat(np.array(errors, float)[:, None], 29, 1),
    )


def test_hand_values():
    """B is worse by .01 on even and by .03 on odd faces."""
    a = scores_of([0.05, 0.05, 0.06, 0.06])
    b = scores_of([0.06, 0.08, 0.07, 0.09])
    found = compare_systems(a, b, NAMES)
    assert list(found.subsets) == ['test'] and found.main == 'test'
    of_test = found.subsets['test']
    assert of_test.nme == pytest.approx((0.055, 0.075))
    assert of_test.comparison.difference == pytest.approx(-0.02)
    assert -0.03 <= of_test.comparison.low < -0.02 < of_test.comparison.high
    # Of 16 ways to exchange them, two are as far apart.
    assert of_test.comparison.p_value == pytest.approx(2 / 16)
    assert of_test.comparison.n == 4 and found.alone == (0, 0)
    assert found.groups.keys() == COFW29.groups.keys()
    for difference in found.groups.values():
        assert difference.nme == pytest.approx((0.055, 0.075))


def test_groups_have_their_own_points():
    a, b = scores_of([0.05] * 3), scores_of([0.05] * 3)
    chin = COFW29.index['chin']
    b.point_errors[:, chin] = 0.15
    found = compare_systems(a, b, NAMES)
    assert found.groups['jaw'].comparison.difference == pytest.approx(-0.1)
    assert found.groups['eyes'].comparison.difference == 0


def test_failed_faces_have_no_part_in_the_difference():
    a = scores_of([0.05, np.inf, 0.05, np.inf, 0.05])
    b = scores_of([0.06, 0.05, np.inf, np.inf, 0.06])
    found = compare_systems(a, b, NAMES).subsets['test']
    assert found.comparison.failed == (1, 1) and found.comparison.n == 2
    assert found.nme == pytest.approx((0.05, 0.06))
    assert found.neither == 1


def test_faces_of_one_alone_are_counted():
    a, b = scores_of([0.05] * 5), scores_of([0.06] * 5)
    found = compare_systems(
        a.select(np.array([0, 1, 2, 4])), b.select(np.array([4, 3, 2, 0])), NAMES
    )
    assert found.alone == (1, 1)
    assert found.subsets['test'].comparison.n == 3
    assert found.scores[0].ids == found.scores[1].ids == [0, 2, 4]


def test_faces_alone_are_told_apart():
    a, b = scores_of([0.05] * 5), scores_of([0.06] * 5)
    found = compare_systems(a, b.select(np.array([1, 3])), NAMES)
    assert found.alone == (3, 0)


def test_groups_are_of_the_main_subset():
    a, b = scores_of([0.05] * 4), scores_of([0.05, 0.05, 0.15, 0.15])
    subsets = [('test',), ('test',), ('other',), ('other',)]
    a, b = (replace(s, subsets=subsets) for s in (a, b))
    found = compare_systems(a, b, NAMES)
    main = found.subsets[found.main].comparison
    for group in found.groups.values():
        assert group.comparison.difference == pytest.approx(main.difference)
        assert group.comparison.n == 2


def test_other_protocols_are_not_compared():
    a = scores_of([0.05] * 3)
    with pytest.raises(ValueError, match='protocol paper and .* mmpose'):
        compare_systems(a, replace(a, protocol='mmpose'), NAMES)


def test_data_in_two_places():
    """Names are short as they can be while faces differ: helen/0.jpg and
    ibug/0.jpg have their ids."""
    places = ['helen/0.jpg', 'ibug/0.jpg', 'ibug/1.jpg']
    a = scores_of([0.05] * 3, [f'data/300w/{p}' for p in places])
    b = scores_of([0.06] * 3, [f'/mnt/images/{p}' for p in places])
    found = compare_systems(a, b.select(np.array([2, 1, 0])), NAMES)
    assert found.scores[0].files == ['0.jpg', '0.jpg', '1.jpg']
    assert found.alone == (0, 0)
    # The folder is taken in where ids do not tell faces apart.
    a, b = (replace(s, ids=[7, 7, 7]) for s in (a, b))
    found = compare_systems(a, b, NAMES)
    assert found.scores[1].files == places


@pytest.mark.parametrize(
    'subsets,expected',
    [
        (('pose', 'blur', 'test'), ['test', 'pose', 'blur']),
        (('challenge', 'full'), ['full', 'challenge']),
        (('a', 'b'), ['a', 'b']),
        ((), ['all']),
    ],
)
def test_subsets(subsets, expected):
    a = scores_of([0.05] * 3, subsets=subsets)
    assert list(compare_systems(a, a, NAMES).subsets) == expected


def test_what_cannot_be_compared():
    a = scores_of([0.05] * 3)
    with pytest.raises(ValueError, match='no face in common'):
        compare_systems(a, replace(a, files=['x', 'y', 'z']), NAMES)
    with pytest.raises(ValueError, match='scored alike, .* by face_box'):
        compare_systems(a, replace(a, normalizer='face_box'), NAMES)


def test_table():
    found = compare_systems(scores_of([0.05, 0.05]), scores_of([0.06, 0.06]), NAMES)
    lines = [' '.join(s.split()) for s in format_comparison(found).split('\n')]
    assert (
        '| test | 5.000 | 6.000 | -1.000 | -1.000 to -1.000 | 0.5000 | 2 | 0 | 0 | 0 |'
    ) in lines
    assert lines[0].startswith('A is ours, B is theirs: 2 faces in both, 0 on')
    one = compare_systems(scores_of([0.05]), scores_of([0.06]), NAMES)
    assert 'n/a to n/a' in format_comparison(one)


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / 'a.json', tmp_path / 'b.json'
    save_scores(scores_of([0.05, 0.05, np.inf]), paths[0])
    save_scores(scores_of([0.06, 0.07, 0.08]), paths[1])
    return paths


def run_tool(monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, 'argv', ['compare', *map(str, args)])
    end = None
    try:
        runpy.run_path(str(REPO / 'tools/compare.py'), run_name='__main__')
    except SystemExit as error:
        end = error.code
    return capsys.readouterr().out, end


def test_two_systems_of_one_name(files, monkeypatch, capsys):
    assert run_tool(monkeypatch, capsys, *files, '--names', 'x', 'x')[1] == 2


def test_tool(files, tmp_path, monkeypatch, capsys):
    said, end = run_tool(
        monkeypatch,
        capsys,
        *files,
        '--names',
        *NAMES,
        '--threshold',
        '0.08',
        '--out',
        tmp_path / 'out',
    )
    assert end is None
    lines = [' '.join(line.split()) for line in said.splitlines()]
    assert any(line.startswith('| test | 5.000 | 6.500 | -1.500') for line in lines)
    for name in ('comparison.json', 'ced.png', 'ced.svg'):
        assert str(tmp_path / 'out' / name) in lines
    assert cv2.imread(str(tmp_path / 'out/ced.png')) is not None
    content = json.loads((tmp_path / 'out/comparison.json').read_text())
    assert content['systems'] == list(NAMES)
    assert content['subsets']['test']['failed'] == [1, 0]
    assert content['subsets']['test']['difference'] == pytest.approx(-0.015)
    assert content['subsets']['test']['n'] == 2


def test_a_comparison_of_one_face_is_written(tmp_path):
    """Its interval is not known: null in the file."""
    found = compare_systems(scores_of([0.05]), scores_of([0.06]), NAMES)
    path, *_ = save_comparison(found, tmp_path / 'out', 0.1)
    of_test = json.loads(path.read_text())['subsets']['test']
    assert of_test['interval'] == [None, None] and of_test['p_value'] is None


def test_errors_of_the_tool(files, tmp_path, monkeypatch, capsys):
    (tmp_path / 'c.json').write_text('{}')
    for args, message in (
        ((files[0], 'no.json'), 'cannot read or write no.json'),
        ((files[0], tmp_path / 'c.json'), 'c.json is not a file of per-face'),
        ((*files, '--threshold', '10'), 'a ratio such as 0.08 for 8 %'),
    ):
        _, end = run_tool(monkeypatch, capsys, *args)
        assert end.startswith('error: ') and message in end
        assert '\n' not in end
