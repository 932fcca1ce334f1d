# SPDX-License-Identifier: Apache-2.0
"""The rows say what is published, and metafiles that do not are named."""

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from mmpose_face.evaluation import SubsetNME
from mmpose_face.zoo import Costs, get_model, read_rows
from mmpose_face.zoo.metafiles import INDEX, project_root

ROWS = {row.alias: row for row in read_rows()}
each = pytest.mark.parametrize('row', ROWS.values(), ids=ROWS)

WFLW = ('test', 'pose', 'illumination', 'occlusion', 'blur', 'makeup', 'expression')
COLUMNS = {
    '300W': ('full', 'common', 'challenge', 'test'),
    'AFLW': ('full', 'frontal'),
    'COCO-WholeBody-Face': ('val',),
    'COFW': ('test',),
    'WFLW': WFLW,
}

# As the model zoo's tables print them.
PUBLISHED = {
    '300w-hrnetv2-w18': '3.45 2.92 5.64 4.10',
    'aflw-hrnetv2-w18': '1.41 1.27',
    'aflw-hrnetv2-w18-dark': '1.35 1.19',
    'coco-wholebody-face-hourglass52': '0.0587',
    'coco-wholebody-face-res50': '0.0582',
    'coco-wholebody-face-mobilenetv2': '0.0611',
    'coco-wholebody-face-hrnetv2-w18': '0.0569',
    'coco-wholebody-face-scnet50': '0.0567',
    'coco-wholebody-face-hrnetv2-w18-dark': '0.0513',
    'cofw-hrnetv2-w18': '3.48',
    'wflw-hrnetv2-w18': '4.06 6.97 3.99 4.83 4.58 3.94 4.33',
    'wflw-hrnetv2-w18-awing': '4.02 6.94 3.97 4.78 4.59 3.87 4.28',
    'wflw-hrnetv2-w18-dark': '3.98 6.98 3.96 4.78 4.56 3.89 4.29',
    'wflw-res50-wingloss': '4.64 8.25 4.59 5.56 5.26 4.59 5.07',
    'wflw-res50-starloss': '',
}
# What somebody else printed of the same weights.
ALSO = {
    'aflw-hrnetv2-w18-dark': {'full': 1.34, 'frontal': 1.19},
    'wflw-res50-wingloss': {'test': 4.67},
}
SERVER = 'https://download.openmmlab.com/mmpose/face/'
WEIGHTS = {
    '300w-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_300w_256x256-eea53406_20211019',
    'aflw-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_aflw_256x256-f2bbc62b_20210125',
    'aflw-hrnetv2-w18-dark': 'darkpose/hrnetv2_w18_aflw_256x256_dark-219606c0_20210125',
    'coco-wholebody-face-hourglass52': 'hourglass/hourglass52_coco_wholebody_face_256x256-6994cf2e_20210909',
    'coco-wholebody-face-res50': 'resnet/res50_coco_wholebody_face_256x256-5128edf5_20210909',
    'coco-wholebody-face-mobilenetv2': 'mobilenetv2/mobilenetv2_coco_wholebody_face_256x256-4a3f096e_20210909',
    'coco-wholebody-face-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_coco_wholebody_face_256x256-c1ca469b_20210909',
    'coco-wholebody-face-scnet50': 'scnet/scnet50_coco_wholebody_face_256x256-a0183f5f_20210909',
    'coco-wholebody-face-hrnetv2-w18-dark': 'darkpose/hrnetv2_w18_coco_wholebody_face_256x256_dark-3d9a334e_20210909',
    'cofw-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_cofw_256x256-49243ab8_20211019',
    'wflw-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_wflw_256x256-2bf032a6_20210125',
    'wflw-hrnetv2-w18-awing': 'hrnetv2/hrnetv2_w18_wflw_256x256_awing-5af5055c_20211212',
    'wflw-hrnetv2-w18-dark': 'darkpose/hrnetv2_w18_wflw_256x256_dark-3f8e0c2c_20210125',
    'wflw-res50-wingloss': 'deeppose/deeppose_res50_wflw_256x256_wingloss-f82a5e53_20210303',
}
LOGS = {
    '300w-hrnetv2-w18': 'hrnetv2/hrnetv2_w18_300w_256x256_20211019.log.json',
    'coco-wholebody-face-hrnetv2-w18-dark': 'darkpose/hrnetv2_w18_coco_wholebody_face_256x256_dark_20210909.log.json',
    'wflw-hrnetv2-w18-awing': 'hrnetv2/hrnetv2_w18_wflw_256x256_awing_20211212.log.json',
    'wflw-res50-wingloss': 'deeppose/deeppose_res50_wflw_256x256_wingloss_20210303.log.json',
}


def test_fifteen_rows_by_unique_names():
    assert sorted(ROWS) == sorted(PUBLISHED)
    names = [name for row in ROWS.values() for name in (row.name, row.alias)]
    assert len(set(names)) == 30


@each
def test_figures(row):
    figures = [float(f) for f in PUBLISHED[row.alias].split()]
    expected = [dict(zip(COLUMNS[row.benchmark.name], figures))]
    expected += [ALSO[row.alias]] if row.alias in ALSO else []
    assert [p.figures for p in row.published] == [f for f in expected if f]
    assert len(expected[0]) in (0, len(row.benchmark.columns))
    sources = {p.source for p in row.published}
    assert len(sources) == len(row.published)
    assert all(source.startswith('published by') for source in sources)


@each
def test_addresses(row):
    if row.alias not in WEIGHTS:
        assert (row.weights, row.sha256, row.log) == (None, None, None)
        return
    stem = WEIGHTS[row.alias]
    assert row.weights == f'{SERVER}{stem}.pth'
    assert row.sha256 == stem[-17:-9]
    assert row.log == f'{SERVER}{stem[:-18]}{stem[-9:]}.log.json'


@pytest.mark.parametrize('alias', LOGS)
def test_log_addresses(alias):
    assert ROWS[alias].log == SERVER + LOGS[alias]


@pytest.mark.parametrize(
    'row', [row for row in ROWS.values() if row.has_config], ids=lambda row: row.alias
)
def test_one_test_of_the_config_fills_the_row(row):
    cfg = Config.fromfile(row.config)
    metric = cfg.test_evaluator
    assert metric.type is SubsetNME
    assert SubsetNME(benchmark=metric.benchmark).subsets == row.benchmark.columns
    assert cfg.test_dataloader.dataset.type is row.benchmark.benchmark.dataset


@each
def test_names_and_places(row):
    metafile = project_root() / row.metafile
    assert row.config.name == f'{row.name}.py'
    assert row.config.parent == metafile.parent
    kinds = [paper.kind for paper in row.papers]
    assert kinds and set(kinds) <= {'Algorithm', 'Backbone'}


@each
def test_every_row_has_its_costs(row):
    assert row.costs.parameters > 1e6 and row.costs.flops > 1e9 and row.costs.milliseconds > 1


def test_parameters_are_those_of_the_network():
    row = ROWS['wflw-res50-wingloss']
    model = get_model(row.name, pretrained=False)
    assert row.costs.parameters == sum(weights.numel() for weights in model.parameters())


def test_costs_may_be_missing(tmp_path):
    tree = copy.deepcopy(TREE)
    for name in ('Parameters', 'FLOPs', 'CPU Milliseconds'):
        del tree['rows.yml']['Models'][0]['Metadata'][name]
    (row,) = read_rows(write(tmp_path, tree))
    assert row.costs is None


INDEXED = dict(Import=['papers.yml', 'rows.yml'])
BOOK = dict(Venue='V', Paper='https://a', BibTeX='@a{}\n')
PAPERS = dict(
    Collections=[
        dict(Name='Wingloss', Kind='Algorithm', **BOOK),
        {
            'Name': 'WFLW',
            'Kind': 'Dataset',
            'Dataset Name': 'wflw',
            'Faces': dict(zip(WFLW, range(2500, 2507))),
            'Boxes': 'b',
            'Caption': 'c',
            **BOOK,
        },
    ]
)
NAME = 'td-reg_res50_wingloss_8xb64-210e_wflw-256x256'
MODEL = {
    'Name': NAME,
    'Title': 't',
    'Label': 'l',
    'Config': f'{NAME}.py',
    'Metadata': {
        'Parameters': 7,
        'FLOPs': 11,
        'CPU Milliseconds': 3,
        'Architecture': ['Wingloss'],
        'Training Data': 'WFLW',
    },
    'Results': [{'Source': 's', 'Metrics': {'NME test': 4.64, 'NME pose': 8}}],
    'Measured Here': {
        'Data': 'd',
        'Conditions': 'c',
        'Command': 'x\n',
        'Table': [dict(Loss='a', NME='4.1'), dict(Loss='b', NME='4.0')],
    },
    'Weights': 'https://a/b-0123abcd_20210303.pth',
}
TREE = {INDEX: INDEXED, 'papers.yml': PAPERS, 'rows.yml': dict(Models=[MODEL])}


def write(root: Path, tree: dict) -> Path:
    for name, content in tree.items():
        (root / name).write_text(yaml.safe_dump(content))
    return root


def test_the_small_tree(tmp_path):
    (row,) = read_rows(write(tmp_path, TREE))
    assert (row.name, row.alias) == (NAME, 'wflw-res50-wingloss')
    assert row.published[0].figures == {'test': 4.64, 'pose': 8.0}
    assert row.benchmark.faces['pose'] == 2501
    assert row.benchmark.normalizer == 'outer eye corners'
    assert row.sha256 == '0123abcd'
    assert row.log == 'https://a/b_20210303.log.json'
    assert row.papers[0].bibtex == '@a{}'
    assert not row.has_config and row.old_name is None
    assert row.costs == Costs(parameters=7, flops=11, milliseconds=3.0)
    assert row.measured.command == 'x'
    assert [part['NME'] for part in row.measured.table] == ['4.1', '4.0']


_GONE = object()
_MODEL = ('rows.yml', 'Models', 0)
_DATA = ('papers.yml', 'Collections', 1)


@pytest.mark.parametrize(
    'path,value,message',
    [
        ((INDEX, 'Import'), _GONE, f'{INDEX}: Import is missing'),
        ((INDEX, 'Import'), 'a', 'Import is .a., expected a list of texts'),
        ((INDEX, 'Import', 0), 5, r'Import is \[5, .*expected a list of texts'),
        ((*_MODEL, 'Name'), _GONE, 'rows.yml: Name is missing'),
        ((*_MODEL, 'Name'), 'a', 'rows.yml, model a: the name is not of the'),
        ((*_MODEL, 'Title'), 5, f'model {NAME}: Title is 5, expected text'),
        ((*_MODEL, 'Metadata'), [], r'Metadata is \[\], expected fields'),
        ((*_MODEL, 'Metadata', 'Training Data'), 'X', 'X is no collection'),
        ((*_MODEL, 'Metadata', 'Training Data'), 'Wingloss', 'Wingloss is not a'),
        ((*_MODEL, 'Metadata', 'Architecture', 0), 5, 'Architecture is .5'),
        ((*_MODEL, 'Metadata', 'FLOPs'), _GONE, f'model {NAME}: FLOPs is missing'),
        ((*_MODEL, 'Metadata', 'Parameters'), 1.5, 'Parameters is 1.5, expected a whole number'),
        ((*_MODEL, 'Metadata', 'CPU Milliseconds'), '3', 'Milliseconds is .3., expected a number'),
        ((*_MODEL, 'Weights'), 'https://a/b.pth', 'Weights is .*b.pth.* ends in'),
        ((*_MODEL, 'Results'), 5, 'Results is 5, expected a list$'),
        ((*_MODEL, 'Results', 0), 5, 'expected fields, got 5'),
        ((*_MODEL, 'Results', 0, 'Source'), _GONE, 'Source is missing'),
        ((*_MODEL, 'Results', 0, 'Metrics', 'NME'), 4.0, 'no column for .*NME.;'),
        ((*_MODEL, 'Results', 0, 'Metrics', 'NME test'), '4', 'NME test is .4., expected a number'),
        ((*_MODEL, 'Measured Here'), 5, 'Measured Here is 5, expected fields'),
        ((*_MODEL, 'Measured Here', 'Table'), [], 'Table is expected to'),
        (
            (*_MODEL, 'Measured Here', 'Table', 0, 'NME'),
            _GONE,
            r"same columns, got those of \[\['Loss'\]",
        ),
        (
            (*_MODEL, 'Measured Here', 'Table', 1, 'NME'),
            4.0,
            'Measured Here: NME is 4.0, expected text',
        ),
        (('rows.yml', 'Models'), 5, 'rows.yml: Models is 5'),
        (('rows.yml', 'Models', 0), 'a', 'rows.yml: expected fields, got .a.'),
        (('rows.yml',), [], r'rows.yml: expected fields, got \[\]'),
        ((*_DATA, 'BibTeX'), _GONE, 'collection WFLW: BibTeX is missing'),
        ((*_DATA, 'Dataset Name'), 'lapa', 'WFLW: Dataset Name: unknown benchmark .lapa.'),
        ((*_DATA, 'Faces'), [1], r'Faces is \[1\], expected fields'),
        ((*_DATA, 'Faces'), dict(test=1), 'Faces is .*a number for each of test, pose'),
        ((*_DATA, 'Faces', 'pose'), 'a', 'Faces is .*a number for each of test, pose'),
    ],
)
def test_malformed(tmp_path, path, value, message):
    """The message names file and field."""
    tree = copy.deepcopy(TREE)
    change(tree, path, value)
    with pytest.raises(ValueError, match=message) as raised:
        read_rows(write(tmp_path, tree))
    assert str(raised.value).startswith(f'{tmp_path / path[0]}')


def change(tree: Any, path: tuple, value: Any) -> None:
    for key in path[:-1]:
        tree = tree[key]
    if value is _GONE:
        del tree[path[-1]]
    else:
        tree[path[-1]] = value


def test_two_rows_of_one_name(tmp_path):
    tree = copy.deepcopy(TREE)
    tree['rows.yml']['Models'].append(MODEL)
    with pytest.raises(ValueError, match=f'name {NAME} is taken by rows.yml'):
        read_rows(write(tmp_path, tree))


def test_two_rows_of_one_alias(tmp_path):
    tree = copy.deepcopy(TREE)
    name = NAME.replace('210e', '60e')
    tree['rows.yml']['Models'].append(dict(MODEL, Name=name))
    with pytest.raises(ValueError, match='name wflw-res50-wingloss is taken'):
        read_rows(write(tmp_path, tree))


@pytest.mark.parametrize('missing', [INDEX, 'rows.yml'])
def test_a_file_that_is_not_there(tmp_path, missing):
    (write(tmp_path, TREE) / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f'{missing} not found'):
        read_rows(tmp_path)


@pytest.mark.parametrize('content', [b'a: [', b'\xff', b'a: \x07', b'- *a'])
def test_not_yaml(tmp_path, content):
    (write(tmp_path, TREE) / 'rows.yml').write_bytes(content)
    with pytest.raises(ValueError, match='rows.yml is not YAML: '):
        read_rows(tmp_path)


def places(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of everything in a metafile."""
    if len(path) > 1 or path and path[0] != INDEX:
        yield path
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree if isinstance(tree, list) else ())
    )
    for key, value in items:
        yield from places(value, (*path, key))


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
_VALUES = st.recursive(
    _SCALARS,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text() | st.integers(), children, max_size=3)
    ),
    max_leaves=5,
)


@given(path=st.sampled_from(list(places(TREE))), value=_VALUES | st.just(_GONE))
def test_anything_anywhere_gives_rows_or_a_value_error(path, value):
    """Whatever stands in a metafile, the message names it."""
    tree = copy.deepcopy(TREE)
    if path[1:] or value is not _GONE:
        change(tree, path, value)
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = read_rows(write(Path(folder), tree))
        except (FileNotFoundError, ValueError) as error:
            assert folder in str(error)
        else:
            assert all(row.alias for row in rows)
