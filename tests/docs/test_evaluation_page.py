# SPDX-License-Identifier: Apache-2.0
from conftest import REPO

from mmpose_face.datasets import BENCHMARKS

UNITS = dict(percent='per cent', ratio='ratio')


def test_the_table_is_that_of_the_benchmarks():
    page = (REPO / 'docs/en/evaluation.md').read_text()
    table = page.partition('### Columns and thresholds\n')[2].partition('\n\n`SubsetNME')[0]
    assert table.splitlines()[3:] == [
        f'| `{b.name}` | {", ".join(b.columns)} | {b.threshold:.2f} | {UNITS[b.unit]} |'
        for b in BENCHMARKS.values()
    ]
