# SPDX-License-Identifier: Apache-2.0
"""Timings in turn, and what becomes of them: goals, JSON, tables, drawings."""

import gc
import json
from dataclasses import replace

import cv2
import pytest

from mmpose_face.apis.benchmark import (
    Goal,
    Measurement,
    Report,
    format_report,
    load,
    plot,
    save,
    timing,
    unmet,
)
from mmpose_face.apis.benchmark.plot import gain_bars, growth_panels
from mmpose_face.apis.benchmark.report import amount

AIM = Goal('mmpose', 'ours', at_least=5.0)
DECODE = Measurement(
    'decode',
    'plain',
    dict(ours=[0.002, 0.001, 0.004], mmpose=[0.011, 0.03, 0.01], amax=[0.001] * 3),
    faces=32,
    settings=dict(kind='plain', batch=32),
    difference='1e-05 px',
    goals=(AIM, Goal('ours', 'amax', at_most=1.9)),
)
MEMORY = Measurement('whole', 'memory', dict(ours=[900.0]), unit='MiB')


def grown(x: int) -> Measurement:
    settings = dict(of='loader', axis='workers', x=x)
    values = dict(ours=[0.1 * x + 0.1], mmpose=[0.2 * x + 0.1])
    return Measurement('growth', f'{x}', values, faces=16, settings=settings)


REPORT = Report(
    dict(device='cpu', processor='P', torch_threads=1, torch='2', mmpose='1', tf32=None),
    [DECODE, MEMORY, grown(0), grown(2)],
)


class FakeClock:
    """Time passes only when a way says so."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def __call__(self) -> float:
        return self.now

    def way(self, name: str, *seconds: float):
        """One that takes these seconds in turn."""

        def way(i: int) -> None:
            self.calls.append((name, i))
            self.now += seconds[i % len(seconds)]

        return way


@pytest.fixture
def clock(monkeypatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setitem(timing.CLOCKS, 'wall', clock)
    return clock


def test_ways_are_timed_in_turn(clock):
    ways = dict(a=clock.way('a', 1.0), b=clock.way('b', 2.0, 3.0))
    found = timing.in_turn(ways, rounds=3)
    assert found == dict(a=[1.0] * 3, b=[3.0, 2.0, 3.0])
    # Two to warm up; then the same inputs for both, and no way always first.
    assert clock.calls == [
        ('a', 0),
        ('a', 1),
        ('b', 0),
        ('b', 1),
        ('a', 1),
        ('b', 1),
        ('b', 2),
        ('a', 2),
        ('a', 3),
        ('b', 3),
    ]


def test_short_ways_are_called_often(clock):
    ways = dict(short=clock.way('short', 2**-6), long=clock.way('long', 1.0))
    found = timing.in_turn(ways, rounds=1, least=0.25)
    assert found == dict(short=[2**-6], long=[1.0])
    assert len(clock.calls) == 2 + 2 + 16 + 1
    clock.calls.clear()
    timing.in_turn(ways, rounds=1, least=0.25, most_calls=4)
    assert len(clock.calls) == 2 + 2 + 4 + 1


def test_garbage_is_collected_again_after_an_error(clock):

    def fail(i: int) -> None:
        if not gc.isenabled():
            raise KeyError(i)

    with pytest.raises(KeyError):
        timing.in_turn(dict(fail=fail), rounds=1)
    assert gc.isenabled()


def test_clock_of_the_processor_does_not_run_in_sleep():
    import time

    slept = timing.seconds(lambda i: time.sleep(0.2), 0, 1, 'cpu', 'cpu')
    waited = timing.seconds(lambda i: time.sleep(0.2), 0, 1, 'cpu', 'wall')
    assert slept < 0.2 <= waited


def test_goals():
    assert DECODE.ratio('mmpose', 'ours') == pytest.approx(0.011 / 0.002)
    assert DECODE.gain == DECODE.ratio('mmpose', 'ours')
    assert MEMORY.gain is None
    assert AIM.met(5.0) and not AIM.met(4.99)
    most = Goal('ours', 'amax', at_most=3.0)
    assert most.met(3.0) and not most.met(3.01)
    assert str(most) == 'ours / amax ≤ 3'
    for bounds in (dict(), dict(at_least=1.0, at_most=2.0)):
        with pytest.raises(ValueError, match='at_least or at_most'):
            Goal('ours', 'mmpose', **bounds)


def test_json(tmp_path):
    save(REPORT, tmp_path / 'a.json')
    assert load(tmp_path / 'a.json') == REPORT
    content = json.loads((tmp_path / 'a.json').read_text())
    first = content['measurements'][0]
    assert first['medians'] == dict(ours=0.002, mmpose=0.011, amax=0.001)
    assert [g['met'] for g in first['goals']] == [True, False]
    assert first['goals'][1]['ratio'] == 2.0


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"format": "other"}'])
def test_other_json(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match='a.json is not a report'):
        load(tmp_path / 'a.json')
    with pytest.raises(FileNotFoundError):
        load(tmp_path / 'b.json')


def test_table():
    lines = format_report(REPORT).splitlines()
    assert lines[:2] == ['device: cpu', 'processor: P']
    assert not any('tf32' in line for line in lines)
    cells = [cell.strip() for cell in lines[-4].split('|')[1:-1]]
    assert cells == [
        'decode',
        'plain',
        '2.00 ms',
        '11.0 ms',
        '5.50 x',
        '16000 and 2909',
        'amax: 1.00 ms',
        '1e-05 px',
        'mmpose / ours ≥ 5: 5.50, met; ours / amax ≤ 1.9: 2.00, not met',
    ]
    assert unmet(REPORT) == ['decode, plain: ours / amax ≤ 1.9: 2.00, not met']


@pytest.mark.parametrize(
    'value, unit, text',
    [
        (0.0123, 's', '12.3 ms'),
        (1.234, 's', '1.23 s'),
        (1234.0, 'MiB', '1234 MiB'),
        (0.5, 'MiB', '0.50 MiB'),
    ],
)
def test_amounts(value, unit, text):
    assert amount(value, unit) == text


def test_drawing(tmp_path):
    """Bars of what was timed on both sides; growth in panels."""
    assert gain_bars(REPORT) == [DECODE]
    panels = growth_panels(REPORT)
    assert [len(p) for p in panels.values()] == [2]
    plot(REPORT, tmp_path / 'a.png')
    both = cv2.imread(str(tmp_path / 'a.png'))
    plot(replace(REPORT, measurements=[DECODE]), tmp_path / 'b.png')
    assert cv2.imread(str(tmp_path / 'b.png')).shape[0] < both.shape[0]
    with pytest.raises(ValueError, match='nothing was measured'):
        plot(replace(REPORT, measurements=[MEMORY]), tmp_path / 'c.png')
    with pytest.raises(ValueError, match='.png or .svg'):
        plot(REPORT, tmp_path / 'a.gif')
