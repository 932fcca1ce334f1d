# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the site: ``make docs``. Nothing here asks git or a
network."""

import re
import runpy
import sys
from pathlib import Path

from sphinx.addnodes import pending_xref

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Pages in whose section others stand, though they are in no folder of theirs.
MORE_CHILDREN = {
    'get_started': ('install', 'demo'),
    'datasets/README': ('/landmarks', '/synthetic_faces'),
    'measurements': ('verified', 'benchmark'),
    'contributing': ('changelog',),
}
# Files of the root and the pages that show them, or the page in their place;
# by the paths without suffix, as Sphinx names pages.
INCLUDED_BY = {
    str(ROOT / 'README'): 'index',
    str(ROOT / 'CHANGELOG'): 'changelog',
    str(ROOT / 'CONTRIBUTING'): 'contributing',
}
sys.path.insert(0, str(ROOT))

project = 'mmpose_face'
author = 'The mmpose_face contributors'
copyright = author
version = release = runpy.run_path(str(ROOT / 'mmpose_face/version.py'))['__version__']

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx_copybutton',
    'sphinx_design',
]
nitpicky = True  # a name that leads nowhere is a warning

highlight_language = 'none'  # unless a block names one

# Markdown that a code host shows as well: headings have its anchors.
myst_heading_anchors = 4
myst_enable_extensions = ['colon_fence']

# Docstrings are OpenMMLab's: types stand in "Args:", in words, not as
# references.
autodoc_typehints = 'none'
autodoc_inherit_docstrings = False
autodoc_member_order = 'bysource'
toc_object_entries_show_parents = 'hide'
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # "Attributes:" is no second entry of each field
# What is documented elsewhere; there is no network to ask where.
nitpick_ignore_regex = [
    ('py:.*', r'(torch|numpy|mmengine|mmpose|mmdet|mmcv)\..*'),
    # Types of "Attributes:", which stand in words too.
    ('py:class', r'(np|nn)\..*|optional'),
]

html_theme = 'pydata_sphinx_theme'
html_title = f'mmpose_face {version}'
html_favicon = '_static/favicon.svg'
html_static_path = ['_static']
html_css_files = ['site.css']
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    'logo': {'text': f'mmpose_face {version}'},
    'navbar_align': 'left',
    'show_toc_level': 2,
    'header_links_before_dropdown': 7,
    'show_version_warning_banner': False,
    'secondary_sidebar_items': ['page-toc'],
    'footer_start': ['copyright'],
    'footer_end': ['theme-version'],
}
html_context = {'default_mode': 'auto'}
html_sidebars = {'index': []}
copybutton_exclude = '.linenos, .gp, .go'


def list_children(app, docname, source):
    """Give a page the pages of its folder as children, and those of
    MORE_CHILDREN.

    The page of a folder is its README.md, or the page beside it that has its
    name. They are listed here because a code host would show the directive.
    """
    path = HERE / docname
    children = [*MORE_CHILDREN.get(docname, ())]
    if path.name == 'README':
        children.insert(0, '*')
    elif path.is_dir():
        children.insert(0, f'{path.name}/**')
    if children:
        listed = '\n'.join(children)
        source[0] += f'\n\n```{{toctree}}\n:hidden:\n:glob:\n\n{listed}\n```\n'


def public_names() -> dict:
    """The names of each module that api/public.md lists; none stand for its
    ``__all__``."""
    page = (HERE / 'api/public.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `(mmpose_face[\w.]*)` \| (.*) \|$', page, re.M)
    return {module: names.replace('`', '').replace('__all__', '') for module, names in rows}


def document_public_names(app, docname, source):
    """The reference documents what is public, and no more."""

    def with_names(found):
        return f'{found[0]}\n   :members: {public[found[1]]}'

    if docname.startswith('api/'):
        public = public_names()
        source[0] = re.sub(r'^\.\. automodule:: (\S+)$', with_names, source[0], flags=re.M)


def from_here(app, path, docname, source):
    """The files that pages include lie in the root, and so start their
    links."""
    source[0] = re.sub(r'(\]\()(?!\w+:|#)', r'\1../../', source[0])


def adapt_page(app, doctree):
    """Links to what a page includes lead to that page; the wide table of a
    row's page gets the space of the right sidebar, which would list one
    heading."""
    for node in doctree.findall(pending_xref):
        if node['reftarget'] in INCLUDED_BY:
            node['reftarget'] = INCLUDED_BY[node['reftarget']]
    docname = app.env.docname
    if re.match('model_zoo/.*/', docname):
        app.env.metadata[docname]['html_theme.sidebar_secondary.remove'] = True


def resolve_name(app, env, node, contnode):
    """Docstrings name things by the module they are in, the reference by the
    package that exports them. What is in neither is a dead name."""
    if node.get('refdomain') != 'py':
        return None
    domain, name = env.get_domain('py'), node['reftarget'].split('.')[-1]
    found = [full for full in domain.objects if full.split('.')[-1] == name]
    if len(found) == 1:
        node['reftarget'] = found[0]
        return domain.resolve_xref(
            env, node['refdoc'], app.builder, node['reftype'], found[0], node, contnode
        )
    ours = [m for key, m in sys.modules.items() if key.startswith(project)]
    return contnode if any(hasattr(m, name) for m in ours) else None


def setup(app):
    app.connect('source-read', list_children)
    app.connect('source-read', document_public_names)
    app.connect('include-read', from_here)
    app.connect('doctree-read', adapt_page)
    app.connect('missing-reference', resolve_name)
