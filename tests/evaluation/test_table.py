# SPDX-License-Identifier: Apache-2.0
import json
import math

import numpy as np
import pytest

from mmpose_face.evaluation import Scores, bootstrap_ci, format_table, make_table
from mmpose_face.evaluation.table import markdown_table, table_as_dict
from mmpose_face.landmarks import Curve, Scheme

NAN = float('nan')
PAIR = Scheme('pair', (Curve('eyes', ('a', 'b')),), ('a', 'b'))


def scores(points, subsets, **kwargs) -> Scores:
    """Of faces of two points; a number stands for both."""
    points = np.array([np.broadcast_to(p, 2) for p in points], float).reshape(-1, 2)
    number = len(points)
    return Scores(
        PAIR,
        'inter_ocular',
        [f'{i}.jpg' for i in range(number)],
        list(range(number)),
        [tuple(s) for s in subsets],
        np.zeros((number, 4)),
        points,
        **kwargs,
    )


FOUR = scores(
    [0.02, 0.06, 0.20, NAN],
    [['test', 'pose'], ['test', 'pose', 'blur'], ['test'], ['test', 'blur']],
)


def test_figures():
    table = make_table(FOUR, ['test', 'blur', 'pose'], 0.08)
    assert table.columns == ('test', 'blur', 'pose')
    assert table.figures['test'] == pytest.approx(
        {'NME': (2 + 6 + 20) / 3, 'FR@8': 100 / 3, 'AUC@8': 100 * (6 / 8 + 2 / 8 + 0) / 3, 'n': 3}
    )
    assert table.figures['blur'] == pytest.approx(
        {'NME': 6, 'FR@8': 0, 'AUC@8': 100 * 2 / 8, 'n': 1}
    )
    assert table.figures['pose']['n'] == 2


def test_protocols():
    """One face has one scored point with 0.3, the other two with 0.1."""
    part = scores([[0.3, NAN], 0.1], [['test']] * 2)
    for protocol, nme in (('paper', (30 + 10) / 2), ('mmpose', (30 + 10 + 10) / 3)):
        figures = make_table(part, ['test'], 0.1, protocol).figures['test']
        assert figures['NME'] == pytest.approx(nme)
        assert figures['FR@10'] == 50  # of faces, in both


def test_empty_subset():
    table = make_table(FOUR, ['test', 'none'], 0.10, bootstrap=10)
    figures = dict(table.figures['none'])
    assert figures.pop('n') == 0
    assert all(math.isnan(v) for v in figures.values())
    assert np.isnan(table.intervals['none']['NME']).all()


def test_no_faces():
    table = make_table(scores([], []), ['test', 'pose'], 0.10, bootstrap=10)
    assert [figures['n'] for figures in table.figures.values()] == [0, 0]


@pytest.mark.parametrize('threshold,name', [(0.10, '10'), (0.07, '7'), (0.085, '8.5')])
def test_names_say_the_threshold(threshold, name):
    figures = make_table(FOUR, ['test'], threshold).figures['test']
    assert list(figures) == ['NME', f'FR@{name}', f'AUC@{name}', 'n']


def test_format():
    part = scores([0.05, 0.15], [['test', '[b]'], ['test']])
    table = make_table(part, ['test', '[b]', 'pose'], 0.10)
    assert format_table(table).splitlines() == [
        '|        |  test |   [b] | pose |',
        '|--------|-------|-------|------|',
        '| NME    | 10.00 |  5.00 |  n/a |',
        '| FR@10  | 50.00 |  0.00 |  n/a |',
        '| AUC@10 | 25.00 | 50.00 |  n/a |',
        '| n      |     2 |     1 |    0 |',
    ]
    ratio = make_table(part, ['test'], 0.10, unit='ratio')
    assert '| NME    | 0.1000 |' in format_table(ratio)


def test_names_are_printed_as_they_are():
    assert markdown_table(('', '[b]'), [(':cat:', '1')]).splitlines() == [
        '|       | [b] |',
        '|-------|-----|',
        '| :cat: |   1 |',
    ]


def test_format_of_intervals_and_occlusion():
    part = scores([0.05] * 4, [['test']] * 4, occluded=np.array([[0, 1]] * 4, bool))
    table = make_table(part, ['test', 'none'], 0.10, bootstrap=10)
    assert format_table(table).splitlines()[2:] == [
        '| NME          |      5.00 |  n/a |',
        '| 95 % of NME  | 5.00–5.00 |  n/a |',
        '| FR@10        |      0.00 |  n/a |',
        '| AUC@10       |     50.00 |  n/a |',
        '| NME visible  |      5.00 |  n/a |',
        '| NME occluded |      5.00 |  n/a |',
        '| n            |         4 |    0 |',
    ]


def test_a_wide_table_keeps_its_lines():
    columns = [f'a-subset-of-a-long-name-{i}' for i in range(12)]
    table = format_table(make_table(scores([0.1], [columns]), columns, 0.10))
    assert len(table.splitlines()) == 6
    assert all(name in table for name in columns)


def test_intervals_of_both_protocols():
    rng = np.random.default_rng(0)
    points = rng.gamma(4, 0.01, (300, 2))
    points[rng.random(300) < 0.3, 1] = NAN
    part = scores(points, [['test']] * 300)
    for protocol in ('paper', 'mmpose'):
        table = make_table(part, ['test'], 0.05, protocol, bootstrap=500)
        for name, (low, high) in table.intervals['test'].items():
            assert low < table.figures['test'][name] < high
            assert high - low < 0.5 * table.figures['test'][name]


def test_a_face_at_the_threshold_has_not_failed():
    table = make_table(scores([0.08] * 4, [['test']] * 4), ['test'], 0.08, bootstrap=10)
    assert table.figures['test']['FR@8'] == 0
    assert table.intervals['test']['FR@8'] == (0, 0)


def test_the_interval_of_a_mean_over_points():
    """Faces with many points weigh more, as in the figure itself."""
    rng = np.random.default_rng(0)
    points = rng.gamma(4, 0.01, (200, 2))
    points[:100] += 0.05
    points[:100, 1] = NAN
    part = scores(points, [['test']] * 200)
    table = make_table(part, ['test'], 0.05, 'mmpose', bootstrap=400)
    expected = bootstrap_ci(part.errors, [1] * 100 + [2] * 100, samples=400)
    assert table.intervals['test']['NME'] == pytest.approx(100 * np.array(expected))
    paper = make_table(part, ['test'], 0.05, 'paper', bootstrap=400)
    assert table.intervals['test']['NME'][1] < paper.figures['test']['NME']


def test_as_dict_is_strict_json():
    part = scores([float('inf'), 0.1], [['test'], ['test', 'pose']])
    table = make_table(part, ['test', 'pose', 'none'], 0.1, bootstrap=20)
    content = table_as_dict(table)
    again = json.loads(json.dumps(content, allow_nan=False))
    assert again['subsets']['test']['NME'] == 'Infinity'
    assert again['subsets']['none']['NME'] is None
    assert again['intervals']['test']['NME'][1] == 'Infinity'
    assert again['protocol'] == 'paper' and again['unit'] == 'percent'
