# SPDX-License-Identifier: Apache-2.0
"""The documentation site, built as by ``make docs`` and looked at."""

import html.parser
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chromium import Browser, in_browser
from conftest import REPO, made_once, run_python, serving

from mmpose_face import __version__

DOCS = REPO / 'docs/en'
ZOO = 'model_zoo/README.html'


def build(docs: Path, out: Path, check: bool = True):
    """Warnings are errors; nothing of an earlier build is used."""
    return run_python(
        '-m', 'sphinx', '-q', '-E', '-W', '-d', f'{out}-trees', docs, out, check=check
    )


@pytest.fixture(scope='session')
def site(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, 'docs', lambda out: build(DOCS, out))


@pytest.fixture(scope='session')
def address(site) -> Iterator[str]:
    with serving(site) as address:
        yield address


@pytest.fixture(scope='session')
def browser(tmp_path_factory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp('profile'))
    yield browser
    browser.close()


def seen(browser: Browser, script: str):
    """What a script in the page returns, once it is true."""
    for _ in range(100):
        value = browser.run(script)
        if value:
            break
        time.sleep(0.1)
    return value


def zoo_pages() -> list:
    pages = (DOCS / 'model_zoo').rglob('*.md')
    return [p.relative_to(DOCS).with_suffix('.html').as_posix() for p in pages]


class Loaded(html.parser.HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ('script', 'img', 'iframe', 'source', 'video', 'audio'):
            self.addresses += [attrs.get('src') or '']
        elif tag == 'link' and attrs.get('rel') not in ('next', 'prev'):
            self.addresses += [attrs['href']]


def test_every_page_is_built(site):
    pages = [*DOCS.rglob('*.md'), *DOCS.rglob('*.rst')]
    assert len(pages) > 20
    for page in pages:
        assert (site / page.relative_to(DOCS)).with_suffix('.html').exists()


def test_pages_fetch_nothing_from_elsewhere(site):
    for page in site.rglob('*.html'):
        for address in Loaded(page.read_text()).addresses:
            assert not urlsplit(address).netloc, (page, address)
    for style in site.rglob('*.css'):
        text = style.read_text().replace(' ', '')
        assert '@import"http' not in text and 'url(http' not in text, style


def public_names() -> dict[str, list[str]]:
    """What api/public.md lists: the names of each public module."""
    page = (DOCS / 'api/public.md').read_text()
    rows = re.findall(r'^\| `(mmpose_face[\w.]*)` \| (.*) \|$', page, re.M)
    return {module: re.findall('`(.*?)`', names) for module, names in rows}


@pytest.mark.parametrize('module', public_names())
def test_what_is_public_can_be_imported(module):
    found = importlib.import_module(module)
    names = public_names()[module]
    for name in found.__all__ if names == ['__all__'] else names:
        assert getattr(found, name) is not None


def test_the_reference_documents_what_is_public():
    reference = ''.join(page.read_text() for page in (DOCS / 'api').glob('*.rst'))
    documented = re.findall(r'automodule:: (\S+)', reference)
    # What the package itself exports is documented where it is defined.
    assert sorted(documented) == sorted(set(public_names()) - {'mmpose_face'})


def test_guides_import_public_names_alone():
    """Rows and parts of configs are public by their own names."""
    public = public_names()
    checked = 0
    for page in [REPO / 'README.md', *DOCS.rglob('*.md')]:
        lines = re.findall(
            r'^(?:>>> )?\s*from (mmpose_face[\w.]*) import ([\w, ]+)', page.read_text(), re.M
        )
        for module, imported in lines:
            if module.startswith('mmpose_face.configs'):
                continue
            known = public.get(module, [])
            if known == ['__all__']:
                known = importlib.import_module(module).__all__
            for name in map(str.strip, imported.split(',')):
                assert name in known or f'{module}.{name}' in public, (page, module, name)
                checked += 1
    assert checked > 20


def test_only_what_is_public_is_in_the_reference(site):
    page = (site / 'api/inference.html').read_text()
    assert 'id="mmpose_face.inference.tracking.FaceTracker"' in page
    assert 'mmpose_face.inference.tracking.matches' not in page


def test_every_page_shows_the_version(site):
    for page in ('index.html', 'api/public.html', ZOO):
        assert f'mmpose_face {__version__}</p>' in (site / page).read_text()


@pytest.fixture
def small_docs(tmp_path) -> Path:
    """A site of this configuration with a front page alone."""
    docs = tmp_path / 'docs/en'
    (docs / '_static').mkdir(parents=True)
    (tmp_path / 'mmpose_face').mkdir()
    for name in ('docs/en/conf.py', 'mmpose_face/version.py'):
        (tmp_path / name).write_text((REPO / name).read_text())
    (docs / '_static/favicon.svg').touch()
    (docs / 'index.md').write_text('# Front\n')
    return docs


@pytest.mark.parametrize(
    'name,text,complaint',
    [
        ('lost.md', '# Lost\n', "isn't included in any toctree"),
        ('index.md', '# Front\n\n[gone](gone.md)\n', 'gone.md'),
        ('index.md', '# Front\n\n[gone](#gone)\n', 'gone'),
        ('index.md', '# Front\n\n[gone](../../tools/gone.py)\n', 'gone.py'),
        ('index.rst', 'Front\n=====\n\n:func:`gone`\n', 'target not found: gone'),
    ],
)
def test_what_leads_nowhere_is_an_error(small_docs, tmp_path, name, text, complaint):
    (small_docs / 'index.md').rename(small_docs / name)
    (small_docs / name).write_text(text)
    if name == 'lost.md':
        (small_docs / 'index.md').write_text('# Front\n')
    done = build(small_docs, tmp_path / 'out', check=False)
    assert done.returncode and complaint in done.stdout


def test_pages_of_a_folder_need_no_list(small_docs, tmp_path):
    """Its README, and the page beside it of its name, lead to them."""
    for name in ('zoo/README.md', 'zoo/method.md', 'zoo/method/data/row.md'):
        (small_docs / name).parent.mkdir(exist_ok=True, parents=True)
        (small_docs / name).write_text(f'# {name}\n')
    (small_docs / 'index.md').write_text('# Front\n\n```{toctree}\nzoo/README\n```\n')
    build(small_docs, tmp_path / 'out')
    pages = {p.stem: p.read_text() for p in (tmp_path / 'out').rglob('*.html')}
    assert 'href="method.html"' in pages['README']
    assert 'href="method/data/row.html"' in pages['method']


def test_links_out_of_the_docs(small_docs, tmp_path):
    """A file of the clone is copied; what a page includes is that page, and
    the README is the front page."""
    (tmp_path / 'CONTRIBUTING.md').write_text(
        '# Rules\n\n[front](docs/en/index.md) [start](README.md) [licence](LICENSE)\n'
    )
    (tmp_path / 'LICENSE').write_text('free')
    (tmp_path / 'README.md').write_text('# Read me\n')
    (small_docs / 'index.md').write_text(
        '# Front\n\n[rules](../../CONTRIBUTING.md) [free](../../LICENSE)\n\n'
        '```{toctree}\ncontributing\n```\n'
    )
    (small_docs / 'contributing.md').write_text((DOCS / 'contributing.md').read_text())
    (small_docs / 'changelog.md').write_text('# Changes\n')
    out = tmp_path / 'out'
    build(small_docs, out)
    (copy,) = (out / '_downloads').rglob('LICENSE')
    front = (out / 'index.html').read_text()
    assert copy.read_text() == 'free'
    assert front.count(copy.relative_to(out).as_posix()) == 1
    assert 'href="contributing.html"><span class="std std-doc">rules' in front
    rules = (out / 'contributing.html').read_text()
    assert 'href="index.html"><span class="std std-doc">front' in rules
    assert 'href="index.html"><span class="std std-doc">start' in rules
    assert copy.relative_to(out).as_posix() in rules


@in_browser
def test_front_page(browser, address):
    browser.log('browser')  # up to here: another page's
    browser.open(address)
    headings = browser.run("return [...document.querySelectorAll('h1')].map(h => h.innerText)")
    assert [h.strip('#\n') for h in headings] == ['mmpose_face']
    links = browser.run("""
return [...document.querySelectorAll('header nav a')]
    .filter(a => a.checkVisibility()).map(a => a.innerText.trim())""")
    assert links == [
        'Get started',
        'Guides',
        'Model zoo',
        'Data sets',
        'Measurements',
        'API reference',
        'Contributing',
    ]
    cards = browser.run("return document.querySelectorAll('.sd-card').length")
    assert cards > 5
    assert [e for e in browser.log('browser') if e['level'] != 'INFO'] == []


@in_browser
@pytest.mark.parametrize('page', zoo_pages())
def test_zoo_tables_are_seen(browser, address, page):
    browser.open(f'{address}/{page}')
    rows = browser.run("""
return [...document.querySelectorAll('table')].filter(
    t => t.checkVisibility() && t.getBoundingClientRect().width > 200
).map(t => t.tBodies[0].rows.length)""")
    assert rows and min(rows) > 0


@in_browser
@pytest.mark.parametrize(
    'word,page,title',
    [
        ('WFLW', 'datasets/wflw.html', 'WFLW'),
        ('failure rate', 'evaluation.html', 'Evaluation'),
        ('SubsetNME', 'api/evaluation.html', 'mmpose_face.evaluation.SubsetNME'),
    ],
)
def test_search(browser, address, word, page, title):
    browser.open(f'{address}/search.html?q={word}')
    found = seen(
        browser,
        """
return document.querySelector('.search-summary') &&
    /finished/.test(document.body.innerText) &&
    [...document.querySelectorAll('ul.search > li > a')].map(
        a => [a.href, a.innerText])""",
    )
    pages = {text: urlsplit(href).path.lstrip('/') for href, text in found}
    assert pages[title] == page


@in_browser
def test_nothing_is_asked_of_another_host(browser, address):
    browser.requests()
    pages = ('index.html', 'landmarks.html', 'api/landmarks.html', ZOO)
    for page in pages:
        browser.open(f'{address}/{page}')
    browser.open(f'{address}/search.html?q=WFLW')
    seen(browser, "return document.querySelector('ul.search li')")
    hosts = {urlsplit(url)[:2] for url in browser.requests()}
    assert hosts - {('data', '')} == {urlsplit(address)[:2]}


# The theme hides what sticks out of the window.
STICKING_OUT = """
const article = document.querySelector('article');
const right = e => e.getBoundingClientRect().right;
const seen = e => {
  let end = right(e);
  for (let p = e; p !== article; p = p.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX))
      end = Math.min(end, right(p));
  return end;
};
return [...article.querySelectorAll('*')].filter(
    e => e.checkVisibility() && seen(e) > innerWidth).map(e => e.outerHTML);
"""


@in_browser
@pytest.mark.parametrize('width', [500, 1280])
def test_nothing_sticks_out(address, tmp_path, width):
    """Wide tables and long lines scroll in themselves. (A window cannot be
    narrower than 500 pixels.)"""
    window = Browser(tmp_path, width)
    try:
        for page in (
            'index.html',
            'get_started.html',
            'measurements.html',
            'api/evaluation.html',
            ZOO,
        ):
            window.open(f'{address}/{page}')
            assert window.run(STICKING_OUT) == [], page
    finally:
        window.close()
