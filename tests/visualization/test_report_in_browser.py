# SPDX-License-Identifier: Apache-2.0
"""The report as a person sees it: opened in Chromium, which ChromeDriver
steers through the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from made_scores import grey_image, make_scores

from mmpose_face.visualization import write_report

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
DRIVER = shutil.which('chromedriver')
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason='the report is not looked at in a browser: chromium and '
    'chromedriver are not installed (Debian: chromium chromium-driver)')

ERRORS = [.02, .30, float('nan'), float('inf'), .05, .01, .11]
SUBSETS = [('test', 'pose')] * 2 + [('test', )] * 5
COLUMNS = ('test', 'pose', 'nobody')
EVIL = '<script>document.title = "owned"</script>'

QUIET = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
         '--disable-dev-shm-usage', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update')


class Browser:
    """A headless Chromium with a new profile."""

    def __init__(self, profile: Path, width: int = 1280) -> None:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self._address = f'http://127.0.0.1:{port}'
        self._process = subprocess.Popen([DRIVER, f'--port={port}'],
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        try:
            self._window = self._start(profile, width)
        except BaseException:
            self._process.terminate()
            raise

    def _start(self, profile: Path, width: int) -> str:
        args = [*QUIET, f'--user-data-dir={profile}',
                f'--window-size={width},900']  # yapf: disable
        always = {
            'goog:chromeOptions': dict(binary=CHROMIUM, args=args),
            'goog:loggingPrefs': dict(performance='ALL', browser='ALL')
        }
        for _ in range(100):
            try:
                self._ask('GET', '/status')
                break
            except urllib.error.URLError:
                time.sleep(.1)
        answer = self._ask('POST', '/session',
                           dict(capabilities=dict(alwaysMatch=always)))
        return f'/session/{answer["sessionId"]}'

    def _ask(self, method: str, path: str, body=None):
        request = urllib.request.Request(
            self._address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())['value']

    def open(self, path: Path) -> None:
        self._ask('POST', f'{self._window}/url', dict(url=path.as_uri()))

    def run(self, script: str, *args):
        """The value that a script in the page returns."""
        return self._ask('POST', f'{self._window}/execute/sync',
                         dict(script=script, args=args))

    def press(self, script: str, key: str = '') -> None:
        """Click on the element that a script returns, or send it a key."""
        element, = self.run(script).values()
        what = 'value' if key else 'click'
        self._ask('POST', f'{self._window}/element/{element}/{what}',
                  dict(text=key) if key else {})

    def log(self, kind: str) -> list:
        return self._ask('POST', f'{self._window}/se/log', dict(type=kind))

    def close(self) -> None:
        try:
            self._ask('DELETE', self._window)
        finally:
            self._process.terminate()
            self._process.wait()


@pytest.fixture(scope='module')
def report(tmp_path_factory) -> Path:
    """Two systems, a failed face and one left out, hostile names."""
    path = tmp_path_factory.mktemp('report') / 'report.html'
    files = [f'images/{i}{EVIL}.png' for i in range(len(ERRORS))]
    systems = {
        'ours': make_scores(ERRORS, subsets=SUBSETS, files=files),
        EVIL: make_scores(np.add(ERRORS, .01), subsets=SUBSETS, files=files)
    }
    write_report(
        path,
        systems,
        COLUMNS,
        .10,
        title='The title',
        config_text='lr = 0.1',
        load_image=grey_image)
    return path


@pytest.fixture(scope='module')
def browser(report, tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp('profile'))
    yield browser
    browser.close()


@pytest.fixture
def page(browser, report) -> Browser:
    """The page, opened anew."""
    browser.open(report)
    return browser


FIND = '''
const table = [...document.querySelectorAll('table')].find(
    table => table.caption.textContent.includes(%r));
'''


def column(page: Browser, caption: str, index: int) -> list:
    return page.run(
        FIND % caption +
        'return [...table.tBodies[0].rows].map(r => r.cells[arguments[0]]'
        ".firstChild.textContent)", index)


def click(page: Browser, caption: str, index: int, key: str = '') -> None:
    page.press(
        FIND % caption +
        f"return table.tHead.querySelectorAll('button')[{index}]", key)


def test_headings_tables_and_pictures_are_seen(page):
    seen = page.run('''
return [...document.querySelectorAll('h1, h2, table, img, svg')].map(e => {
  const box = e.getBoundingClientRect();
  return [e.tagName.toLowerCase(), e.checkVisibility(), box.width, box.height];
})''')
    assert all(shown and width > 20 and height > 10
               for _, shown, width, height in seen)
    names = [name for name, *_ in seen]
    # Two plots, and the worst six faces of two systems.
    assert [names.count(n)
            for n in ('h1', 'h2', 'table', 'img', 'svg')] == [1, 6, 5, 14, 2]
    assert page.run('return document.title') == 'The title'


def test_pictures_load(page):
    sizes = page.run('return [...document.images].map(i => i.naturalWidth)')
    assert len(sizes) == 14 and min(sizes) > 0
    assert sizes.count(288) == 12


def test_figures_can_be_read(page):
    text = page.run('return document.body.innerText')
    for words in ('AUC@10', 'the side of the face box',
                  'Faces that failed: 1 of ours', 'left_brow_center'):
        assert words in text
    first = page.run(FIND % 'failure rate' +
                     'return table.tBodies[0].rows[0].innerText')
    assert first.split()[:4] == ['test', 'ours', '6', 'inf']


@pytest.mark.parametrize('caption,index,ascending', [
    ('largest errors', 4, ['1.00', '2.00', '5.00', '11.00', '30.00', 'failed'
                           ]),
    ('failure rate', 0, ['nobody', 'nobody', 'pose', 'pose', 'test', 'test']),
    ('failure rate', 2, ['0', '0', '2', '2', '6', '6']),
])
def test_a_click_sorts_up_and_another_one_down(page, caption, index,
                                               ascending):
    before = column(page, caption, index)
    click(page, caption, index)
    assert column(page, caption, index) == ascending != before
    click(page, caption, index)
    assert column(page, caption, index) == ascending[::-1]
    assert page.run(FIND % caption +
                    "return [...table.tHead.rows[0].cells].map("
                    "h => h.getAttribute('aria-sort')).filter(x => x)") == [
                        'descending'
                    ]


def test_cells_without_a_number_come_last(page):
    click(page, 'failure rate', 3)
    up = column(page, 'failure rate', 3)
    click(page, 'failure rate', 3)
    down = column(page, 'failure rate', 3)
    assert up == ['16.00', '17.00', 'inf', 'inf', 'n/a', 'n/a']
    assert down == ['inf', 'inf', '17.00', '16.00', 'n/a', 'n/a']


def test_rows_stay_whole(page):
    caption = 'largest errors'
    pairs = [set(zip(column(page, caption, 2), column(page, caption, 4)))]
    click(page, caption, 4)
    pairs.append(set(zip(column(page, caption, 2), column(page, caption, 4))))
    assert pairs[0] == pairs[1]


def test_the_keyboard_sorts_too(page):
    click(page, 'largest errors', 2, key='\ue007')  # Enter
    ids = column(page, 'largest errors', 2)
    assert ids == ['0', '1', '3', '4', '5', '6']


def test_nothing_of_a_name_is_executed(page):
    assert page.run('return document.title') == 'The title'
    assert EVIL in page.run('return document.body.innerText')
    assert page.run("return document.querySelectorAll('script').length") == 1


def test_a_script_that_slipped_in_would_not_run(page):
    page.run('''
const script = document.createElement('script');
script.textContent = 'document.title = "owned"';
document.body.append(script);''')
    assert page.run('return document.title') == 'The title'
    page.log('browser')  # the complaint is not one of the page itself


def test_no_errors_and_no_requests(page, report):
    page.log('performance')  # up to here: the browser's own first page
    page.open(report)
    assert page.log('browser') == []
    messages = [
        json.loads(entry['message'])['message']
        for entry in page.log('performance')
    ]
    addresses = {
        message['params']['request']['url'].partition(':')[0]
        for message in messages
        if message['method'] == 'Network.requestWillBeSent'
    }
    assert addresses == {'file', 'data'}


def test_not_wider_than_a_phone(report, tmp_path):
    """Tables scroll in themselves. (A window cannot be narrower than 500
    pixels.)"""
    phone = Browser(tmp_path, width=500)
    try:
        phone.open(report)
        inner, outer = phone.run('const e = document.documentElement;'
                                 'return [e.scrollWidth, e.clientWidth]')
    finally:
        phone.close()
    assert inner <= outer <= 500
