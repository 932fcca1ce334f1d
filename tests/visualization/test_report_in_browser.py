# SPDX-License-Identifier: Apache-2.0
"""The report as a person sees it."""

from pathlib import Path

import numpy as np
import pytest
from chromium import Browser, in_browser
from made_scores import grey_image, make_scores

from mmpose_face.visualization import write_report

pytestmark = in_browser

ERRORS = [0.02, 0.30, float('nan'), float('inf'), 0.05, 0.01, 0.11]
SUBSETS = [('test', 'pose')] * 2 + [('test',)] * 5
COLUMNS = ('test', 'pose', 'nobody')
EVIL = '<script>document.title = "owned"</script>'


@pytest.fixture(scope='module')
def report(tmp_path_factory) -> Path:
    """Two systems, a failed face and one left out, hostile names."""
    path = tmp_path_factory.mktemp('report') / 'report.html'
    files = [f'images/{i}{EVIL}.png' for i in range(len(ERRORS))]
    systems = {
        'ours': make_scores(ERRORS, subsets=SUBSETS, files=files),
        EVIL: make_scores(np.add(ERRORS, 0.01), subsets=SUBSETS, files=files),
    }
    write_report(
        path,
        systems,
        COLUMNS,
        0.10,
        title='The title',
        config_text='lr = 0.1',
        load_image=grey_image,
    )
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


FIND = """
const table = [...document.querySelectorAll('table')].find(
    table => table.caption.textContent.includes(%r));
"""


def column(page: Browser, caption: str, index: int) -> list:
    return page.run(
        FIND % caption + 'return [...table.tBodies[0].rows].map(r => r.cells[arguments[0]]'
        '.firstChild.textContent)',
        index,
    )


def click(page: Browser, caption: str, index: int, key: str = '') -> None:
    page.press(FIND % caption + f"return table.tHead.querySelectorAll('button')[{index}]", key)


def test_headings_tables_and_pictures_are_seen(page):
    seen = page.run("""
return [...document.querySelectorAll('h1, h2, table, img, svg')].map(e => {
  const box = e.getBoundingClientRect();
  return [e.tagName.toLowerCase(), e.checkVisibility(), box.width, box.height];
})""")
    assert all(shown and width > 20 and height > 10 for _, shown, width, height in seen)
    names = [name for name, *_ in seen]
    # Two plots, and the worst six faces of two systems.
    assert [names.count(n) for n in ('h1', 'h2', 'table', 'img', 'svg')] == [1, 6, 5, 14, 2]
    assert page.run('return document.title') == 'The title'


def test_pictures_load(page):
    sizes = page.run('return [...document.images].map(i => i.naturalWidth)')
    assert len(sizes) == 14 and min(sizes) > 0
    assert sizes.count(288) == 12


def test_figures_can_be_read(page):
    text = page.run('return document.body.innerText')
    for words in (
        'AUC@10',
        'the side of the face box',
        'Faces that failed: 1 of ours',
        'left_brow_center',
    ):
        assert words in text
    first = page.run(FIND % 'failure rate' + 'return table.tBodies[0].rows[0].innerText')
    assert first.split()[:4] == ['test', 'ours', '6', 'inf']


@pytest.mark.parametrize(
    'caption,index,ascending',
    [
        ('largest errors', 4, ['1.00', '2.00', '5.00', '11.00', '30.00', 'failed']),
        ('failure rate', 0, ['nobody', 'nobody', 'pose', 'pose', 'test', 'test']),
        ('failure rate', 2, ['0', '0', '2', '2', '6', '6']),
    ],
)
def test_a_click_sorts_up_and_another_one_down(page, caption, index, ascending):
    before = column(page, caption, index)
    click(page, caption, index)
    assert column(page, caption, index) == ascending != before
    click(page, caption, index)
    assert column(page, caption, index) == ascending[::-1]
    assert page.run(
        FIND % caption + 'return [...table.tHead.rows[0].cells].map('
        "h => h.getAttribute('aria-sort')).filter(x => x)"
    ) == ['descending']


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
    page.run("""
const script = document.createElement('script');
script.textContent = 'document.title = "owned"';
document.body.append(script);""")
    assert page.run('return document.title') == 'The title'
    page.log('browser')  # the complaint is not one of the page itself


def test_no_errors_and_no_requests(page, report):
    page.requests()  # up to here: the browser's own first page
    page.open(report)
    assert page.log('browser') == []
    kinds = {address.partition(':')[0] for address in page.requests()}
    assert kinds == {'file', 'data'}


def test_not_wider_than_a_phone(report, tmp_path):
    """Tables scroll in themselves. (A window cannot be narrower than 500
    pixels.)"""
    phone = Browser(tmp_path, width=500)
    try:
        phone.open(report)
        inner, outer = phone.run(
            'const e = document.documentElement;return [e.scrollWidth, e.clientWidth]'
        )
    finally:
        phone.close()
    assert inner <= outer <= 500
