# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from mmpose_face.evaluation import evaluate_subsets, format_table

NAN = float('nan')


def test_figures():
    results = evaluate_subsets([0.02, 0.06, 0.20, NAN],
                               [['test', 'pose'], ['test', 'pose', 'blur'],
                                ['test'], ['test', 'blur']],
                               ['test', 'blur', 'pose'], 0.08)
    assert list(results) == ['test', 'blur', 'pose']
    assert results['test'] == pytest.approx({
        'NME': (2 + 6 + 20) / 3,
        'FR@8':
        100 / 3,
        'AUC@8':
        100 * (6 / 8 + 2 / 8 + 0) / 3,
        'n':
        3
    })
    assert results['blur'] == pytest.approx({
        'NME': 6,
        'FR@8': 0,
        'AUC@8': 100 * 2 / 8,
        'n': 1
    })
    assert results['pose']['n'] == 2


def test_empty_subset():
    results = evaluate_subsets([0.1], [[]], ['test', 'pose'], 0.10)
    assert results['pose'].pop('n') == 0
    assert all(math.isnan(v) for v in results['pose'].values())


def test_no_faces():
    results = evaluate_subsets([], [], ['test', 'pose'], 0.10)
    assert [figures['n'] for figures in results.values()] == [0, 0]


@pytest.mark.parametrize('threshold,name', [(0.10, '10'), (0.07, '7'),
                                            (0.085, '8.5')])
def test_names_say_the_threshold(threshold, name):
    figures = evaluate_subsets([0.1], [[]], ['test'], threshold)['test']
    assert list(figures) == ['NME', f'FR@{name}', f'AUC@{name}', 'n']


def test_table():
    table = format_table(
        evaluate_subsets([0.05, 0.15], [['test', '[b]'], ['test']],
                         ['test', '[b]', 'pose'], 0.10))
    assert table.splitlines() == [
        '|        |  test |   [b] | pose |',
        '|--------|-------|-------|------|',
        '| NME    | 10.00 |  5.00 |  n/a |',
        '| FR@10  | 50.00 |  0.00 |  n/a |',
        '| AUC@10 | 25.00 | 50.00 |  n/a |',
        '| n      |     2 |     1 |    0 |',
    ]


def test_a_wide_table_keeps_its_lines():
    columns = [f'a-subset-of-a-long-name-{i}' for i in range(12)]
    table = format_table(evaluate_subsets([0.1], [columns], columns, 0.10))
    assert len(table.splitlines()) == 6
    assert all(name in table for name in columns)
