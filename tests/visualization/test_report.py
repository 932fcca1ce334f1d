# SPDX-License-Identifier: Apache-2.0
import base64
import getpass
import hashlib
import platform
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from made_scores import grey_image, make_scores

from mmpose_face.evaluation import make_table
from mmpose_face.landmarks import COFW29
from mmpose_face.visualization import environment_info, write_report, write_report_folder
from mmpose_face.visualization.report_tables import short_names

INF, NAN = float('inf'), float('nan')
ERRORS = [0.02, 0.30, NAN, INF, 0.05, 0.01]
SUBSETS = [('test', 'pose')] * 2 + [('test',)] * 4
COLUMNS = ('test', 'pose', 'nobody')
EVIL = '<script>alert(1)</script>"\'&'


class Page(HTMLParser):
    """What the tests ask of a page: tags, texts and tables by caption."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._cell = self._caption = None
        self._rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == 'table':
            self._rows, self._caption = [], ''
        elif tag == 'tr':
            self._rows.append([])
        elif tag in ('th', 'td'):
            self._cell = ''
        elif tag == 'small' and self._cell is not None:
            self._cell += '|'

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data
        elif self._caption == '' and data.strip():
            self._caption = data

    def handle_endtag(self, tag):
        if tag in ('th', 'td'):
            self._rows[-1].append(self._cell)
            self._cell = None
        elif tag == 'table':
            self.tables[self._caption] = self._rows

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]

    def table(self, words: str) -> list[list[str]]:
        (rows,) = (t for caption, t in self.tables.items() if words in caption)
        return rows


def make_page(path, systems=None, **kwargs) -> Page:
    systems = systems or {'ours': make_scores(ERRORS, subsets=SUBSETS)}
    options = dict(load_image=grey_image, bootstrap=100, environment={})
    write_report(path / 'report.html', systems, COLUMNS, 0.10, **{**options, **kwargs})
    return Page((path / 'report.html').read_bytes().decode())


@pytest.fixture(scope='module')
def page(tmp_path_factory) -> Page:
    return make_page(tmp_path_factory.mktemp('report'))


def test_figures_are_those_of_the_table(page):
    """test: 5 faces, 2 of them above 10 %; AUC (.8 + 0 + 0 + .5 + .9) / 5.
    pose: (2 + 30) / 2; AUC .8 / 2."""
    head, test, pose, nobody = page.table('failure rate and AUC')
    assert head == ['subset', 'n', 'NME', 'FR@10', 'AUC@10']
    plain = [[cell.partition('|')[0] for cell in row] for row in (test, pose, nobody)]
    assert plain == [
        ['test', '5', 'inf', '40.00', '44.00'],
        ['pose', '2', '16.00', '50.00', '40.00'],
        ['nobody', '0', 'n/a', 'n/a', 'n/a'],
    ]
    scores = make_scores(ERRORS, subsets=SUBSETS)
    ends = make_table(scores, COLUMNS, 0.1, bootstrap=100).intervals['pose']
    assert pose[2] == '16.00|{:.2f} – {:.2f}'.format(*ends['NME'])


def test_without_intervals(tmp_path):
    page = make_page(tmp_path, bootstrap=0)
    assert not any('|' in c for r in page.table('failure rate') for c in r)
    assert 'bootstrap' not in page.source


def test_percentiles(page):
    head, test, pose, nobody = page.table('this share of the faces')
    assert head == ['subset', '50 %', '90 %', '95 %', '99 %', 'largest']
    # Between 2 % and 30 %.
    assert pose == ['pose', '16.00', '27.20', '28.60', '29.72', '30.00']
    assert test[1] == '5.00' and test[-1] == 'inf'
    assert set(nobody[1:]) == {'n/a'}


def test_ratio(tmp_path):
    page = make_page(tmp_path, unit='ratio')
    assert page.table('failure rate and AUC')[2][2].startswith('0.1600|')
    assert page.table('share of the faces')[2][1] == '0.1600'
    assert 'as ratios of' in page.source


def test_landmarks_over_the_faces_that_did_not_fail(page):
    """(2 + 30 + 5 + 1) / 4 = 9.5 everywhere."""
    rows = page.table('NME of each landmark')
    assert len(rows) == 20
    assert rows[1] == ['0', 'left_brow_outer_end', 'brows', '9.50']
    groups = page.table('NME of each part')
    assert groups[1] == ['brows', '6', '9.50']
    assert page.source.count('<circle') == 19
    assert '0 left_brow_outer_end: 9.50 %' in page.source


def test_worst_faces(page):
    rows = page.table('with the largest errors')
    assert rows[0] == ['rank', 'file', 'id', 'subsets', 'NME']
    assert rows[1:4] == [
        ['1', '3.png', '3', 'test', 'failed'],
        ['2', '1.png', '1', 'test, pose', '30.00'],
        ['3', '4.png', '4', 'test', '5.00'],
    ]
    assert len(rows) == 6  # the face that is left out is not among them


def images(page: Page) -> list[bytes]:
    return [base64.b64decode(attrs['src'].partition('base64,')[2]) for attrs in page.all('img')]


def test_pictures_are_in_the_file(page):
    """A plot and five faces."""
    plot, *faces = images(page)
    assert b'test: NME inf, AUC 44.00, FR 40.00' in plot
    assert b'nobody' not in plot  # a column without faces has no curve
    assert len(faces) == 5
    for data in faces:
        face = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert face.shape == (288, 288, 3)


def test_nothing_from_outside(page):
    for _, attrs in page.tags:
        for name in ('src', 'href', 'srcset', 'action', 'data'):
            assert attrs.get(name, '#').startswith(('#', 'data:'))
    assert 'url(' not in page.source and '@import' not in page.source
    policy = page.all('meta')[1]
    assert policy['http-equiv'] == 'Content-Security-Policy'
    assert "default-src 'none'; img-src data:;" in policy['content']


def test_the_policy_allows_the_one_script(page):
    (script,) = re.findall('<script>(.*?)</script>', page.source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest())
    assert f"script-src 'sha256-{digest.decode()}'" in page.all('meta')[1]['content']


def test_hostile_names(tmp_path):
    columns = ('test', EVIL)
    scores = make_scores(
        [0.1, INF, NAN],
        subsets=[('test', EVIL)] * 3,
        files=[f'{EVIL}/{i}\ud800.png' for i in range(3)],
    )
    scores = replace(scores, ids=[0, 1, 2])
    write_report(
        tmp_path / 'r.html',
        {EVIL: scores, 'b': scores},
        columns,
        0.1,
        title=EVIL,
        when=EVIL,
        config_text=EVIL,
        environment={EVIL: EVIL},
        load_image=grey_image,
    )
    page = Page((tmp_path / 'r.html').read_bytes().decode())
    assert len(page.all('script')) == 1
    assert EVIL not in page.source
    assert page.table('failure rate and AUC')[3][0] == EVIL
    for name, attrs in page.tags:
        assert not any(key.startswith('on') for key in attrs)


def test_failed_and_left_out(page):
    text = re.sub('<[^>]+>', '', page.source)
    assert 'Faces that failed: 1. NME is infinite' in text
    assert 'Faces left out of all figures: 1.' in text
    assert re.search(r'Failed: 1\s+3\.png \(id 3\)', text)
    assert re.search(r'Left out: 1\s+2\.png \(id 2\)', text)


def test_nothing_to_warn_of(tmp_path):
    page = make_page(tmp_path, {'ours': make_scores([0.1, 0.2])})
    assert 'Failed: none' in page.source and 'Left out: none' in page.source
    assert 'class="warning"' not in page.source


def test_several_systems(tmp_path):
    """They need not have the same faces."""
    a = make_scores([0.02, 0.30, 0.05], subsets=SUBSETS[:3])
    b = make_scores([0.04, 0.10], subsets=SUBSETS[:2])
    page = make_page(tmp_path, {'a': a, 'b': b})
    head, *rows = page.table('failure rate and AUC')
    assert head[:3] == ['subset', 'system', 'n']
    assert [row[:3] for row in rows[:3]] == [
        ['test', 'a', '3'],
        ['test', 'b', '2'],
        ['pose', 'a', '2'],
    ]
    worst = page.table('with the largest errors')
    assert worst[0][-2:] == ['NME of a', 'NME of b']
    assert [row[1:3] + row[4:] for row in worst[1:]] == [
        ['1.png', '1', '30.00', '10.00'],
        ['2.png', '2', '5.00', 'n/a'],
        ['0.png', '0', '2.00', '4.00'],
    ]
    both, subsets, *faces = images(page)
    assert b'a: NME 12.33' in both and b'b: NME 7.00' in both
    assert b'pose: NME 16.00' in subsets and len(faces) == 5
    assert page.source.count('<svg') == 2
    # Both have the scale of the larger error, 30 % / 3.
    assert page.source.count('>20</text>') == 2


def test_without_points_or_images_there_are_no_faces(tmp_path):
    scores = make_scores(ERRORS, points=False)
    page = make_page(tmp_path, {'ours': scores})
    assert len(images(page)) == 1
    assert len(page.table('with the largest errors')) == 6
    page = make_page(tmp_path, load_image=None)
    assert len(images(page)) == 1


def test_number_of_worst_faces(tmp_path):
    page = make_page(tmp_path, worst=2)
    assert len(images(page)) == 3
    assert len(page.table('2 faces with the largest errors')) == 3


def test_no_face_at_all(tmp_path):
    page = make_page(tmp_path, {'ours': make_scores([NAN, NAN])})
    assert 'No face is scored.' in page.source
    page = make_page(tmp_path, {'ours': make_scores([])})
    assert page.table('failure rate and AUC')[1][1] == '0'


def test_occluded_points(tmp_path):
    a = make_scores([0.02, 0.10])
    flags = np.zeros((2, 19), bool)
    flags[1] = True
    page = make_page(tmp_path, {'a': replace(a, occluded=flags), 'b': a})
    head, first, second, *_ = page.table('failure rate and AUC')
    assert head[-2:] == ['NME visible', 'NME occluded']
    assert first[-2:] == ['2.00', '10.00'] and second[-2:] == ['n/a', 'n/a']


def test_config_date_and_environment(tmp_path):
    page = make_page(
        tmp_path,
        title='A title',
        when='1 May',
        config_text='lr = 1 < 2',
        environment=dict(torch='2.9'),
    )
    text = re.sub('<[^>]+>', '', page.source)
    assert 'A title' in text and '1 May' in text and 'lr = 1 &lt; 2' in text
    assert 'torch2.9' in text
    assert 'Config' not in make_page(tmp_path).source


def test_environment_names_no_machine():
    info = environment_info()
    assert {'python', 'platform', 'numpy', 'torch', 'mmpose'} <= set(info)
    assert info['numpy'] == np.__version__
    texts = ' '.join(info.values())
    assert platform.node() not in texts.split()
    assert getpass.getuser() not in texts.split()


def test_same_arguments_same_bytes(tmp_path):
    for name in 'ab':
        (tmp_path / name).mkdir()
        make_page(tmp_path / name, environment=None)
    first, second = (tmp_path / f'{name}/report.html' for name in 'ab')
    assert first.read_bytes() == second.read_bytes()


def test_folder(tmp_path):
    folder = tmp_path / 'new/report'
    options = dict(load_image=grey_image, worst=3, environment={})
    path = write_report_folder(
        folder, {'ours': make_scores(ERRORS, subsets=SUBSETS)}, COLUMNS, 0.1, **options
    )
    assert path == folder / 'report.html'
    assert sorted(p.name for p in folder.iterdir()) == [
        'ced.png',
        'ced.svg',
        'report.html',
        'worst.jpg',
    ]
    assert 'pose: NME 16.00' in (folder / 'ced.svg').read_text()
    # Three faces of 224 pixels, 4 apart.
    assert cv2.imread(str(folder / 'worst.jpg')).shape == (224, 680, 3)


def test_folder_of_two_systems(tmp_path):
    scores = make_scores(ERRORS, points=False)
    write_report_folder(tmp_path, {'a': scores, 'b': scores}, COLUMNS, 0.1)
    svg = (tmp_path / 'ced.svg').read_text()
    assert 'a: NME inf' in svg and 'b: NME inf' in svg
    assert not (tmp_path / 'worst.jpg').exists()


def test_systems_that_do_not_belong_together(tmp_path):
    systems = dict(a=make_scores([0.1]), b=make_scores([0.1], COFW29))
    with pytest.raises(ValueError, match='aflw19 by face_box and cofw29'):
        make_page(tmp_path, systems)
    with pytest.raises(ValueError, match='got 0 and 1'):
        write_report(tmp_path / 'r.html', {}, ['test'], 0.1)
    with pytest.raises(ValueError, match='got 1 and 0'):
        write_report(tmp_path / 'r.html', {'a': systems['a']}, [], 0.1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'files,names',
    [
        (['/data/wflw/images/a/1.jpg', '/data/wflw/images/b/1.jpg'], ['a/1.jpg', 'b/1.jpg']),
        (['images/1.jpg', 'images/1.jpg'], ['1.jpg', '1.jpg']),
        (['1.jpg', 'images/1.jpg'], ['1.jpg', 'images/1.jpg']),
        (['/a/1.jpg', 'a/1.jpg'], ['/a/1.jpg', 'a/1.jpg']),
        ([], []),
    ],
)
def test_short_names(files, names):
    assert [short_names(files)[file] for file in files] == names
