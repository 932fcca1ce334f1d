# SPDX-License-Identifier: Apache-2.0
"""The pages of the model zoo say what the metafiles and the tables that they
come from say, and lead where they say."""

import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import REPO, module_of_tool
from mmengine.config import Config

from mmpose_face.zoo import list_models

PAGES = REPO / 'docs/en/model_zoo'
README = REPO / 'README.md'
MMPOSE = 'https://download.openmmlab.com/mmpose/face/'
WFLW = 'topdown_heatmap/wflw/td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256.py'
WFLW_METAFILE = 'configs/face_2d_keypoint/topdown_heatmap/wflw/hrnetv2_wflw.yml'
STAR = 'topdown_regression/wflw/resnet_starloss_wflw.md'
STAR_CONFIG = (
    'configs/face_2d_keypoint/topdown_regression/wflw/'
    'td-reg_res50_starloss_8xb64-210e_wflw-256x256.py'
)

# As published: label, figures in the order of the table, and the checkpoint
# below MMPOSE. A letter marks a figure that is published in two versions.
PUBLISHED = {
    'topdown_heatmap/300w/hrnetv2_300w.md': (
        'pose_hrnetv2_w18',
        '3.45 2.92 5.64 4.10',
        'hrnetv2/hrnetv2_w18_300w_256x256-eea53406_20211019.pth',
    ),
    'topdown_heatmap/aflw/hrnetv2_dark_aflw.md': (
        'pose_hrnetv2_w18_dark',
        '1.35<a> 1.19',
        'darkpose/hrnetv2_w18_aflw_256x256_dark-219606c0_20210125.pth',
    ),
    'topdown_heatmap/aflw/hrnetv2_aflw.md': (
        'pose_hrnetv2_w18',
        '1.41 1.27',
        'hrnetv2/hrnetv2_w18_aflw_256x256-f2bbc62b_20210125.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/hourglass_coco_wholebody_face.md': (
        'pose_hourglass_52',
        '0.0587',
        'hourglass/hourglass52_coco_wholebody_face_256x256-6994cf2e_20210909.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/resnet_coco_wholebody_face.md': (
        'pose_res50',
        '0.0582',
        'resnet/res50_coco_wholebody_face_256x256-5128edf5_20210909.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/hrnetv2_dark_coco_wholebody_face.md': (
        'pose_hrnetv2_w18_dark',
        '0.0513',
        'darkpose/hrnetv2_w18_coco_wholebody_face_256x256_dark-3d9a334e_20210909.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/mobilenetv2_coco_wholebody_face.md': (
        'pose_mobilenetv2',
        '0.0611',
        'mobilenetv2/mobilenetv2_coco_wholebody_face_256x256-4a3f096e_20210909.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/hrnetv2_coco_wholebody_face.md': (
        'pose_hrnetv2_w18',
        '0.0569',
        'hrnetv2/hrnetv2_w18_coco_wholebody_face_256x256-c1ca469b_20210909.pth',
    ),
    'topdown_heatmap/coco_wholebody_face/scnet_coco_wholebody_face.md': (
        'pose_scnet_50',
        '0.0567',
        'scnet/scnet50_coco_wholebody_face_256x256-a0183f5f_20210909.pth',
    ),
    'topdown_heatmap/wflw/hrnetv2_dark_wflw.md': (
        'pose_hrnetv2_w18_dark',
        '3.98 6.98 3.96 4.78 4.56 3.89 4.29',
        'darkpose/hrnetv2_w18_wflw_256x256_dark-3f8e0c2c_20210125.pth',
    ),
    'topdown_heatmap/wflw/hrnetv2_awing_wflw.md': (
        'pose_hrnetv2_w18_awing',
        '4.02 6.94 3.97 4.78 4.59 3.87 4.28',
        'hrnetv2/hrnetv2_w18_wflw_256x256_awing-5af5055c_20211212.pth',
    ),
    'topdown_heatmap/wflw/hrnetv2_wflw.md': (
        'pose_hrnetv2_w18',
        '4.06 6.97 3.99 4.83 4.58 3.94 4.33',
        'hrnetv2/hrnetv2_w18_wflw_256x256-2bf032a6_20210125.pth',
    ),
    'topdown_regression/wflw/resnet_wingloss_wflw.md': (
        'deeppose_res50_wingloss',
        '4.64<a> 8.25 4.59 5.56 5.26 4.59 5.07',
        'deeppose/deeppose_res50_wflw_256x256_wingloss-f82a5e53_20210303.pth',
    ),
    STAR: ('ResNet-50+STARLoss', None, None),
    'topdown_heatmap/cofw/hrnetv2_cofw.md': (
        'pose_hrnetv2_w18',
        '3.48',
        'hrnetv2/hrnetv2_w18_cofw_256x256-49243ab8_20211019.pth',
    ),
}
# The aggregate page has AFLW last.
AGGREGATE = sorted(PUBLISHED, key=lambda page: '/aflw/' in page)
RELEASED = [page for page in PUBLISHED if page != STAR]

each_page = pytest.mark.parametrize('page', PUBLISHED)


@pytest.fixture(scope='module')
def tool():
    """The script as a module."""
    return module_of_tool('dev/build_model_zoo.py')


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of what the pages are made from, and of the pages."""
    for name in ('configs', 'docs/en/model_zoo'):
        shutil.copytree(REPO / name, tmp_path / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('model-index.yml', 'README.md', 'docs/en/evaluation.md'):
        shutil.copy(REPO / name, tmp_path / name)
    return tmp_path


def read(page: str, root: Path = REPO) -> str:
    return (root / 'docs/en/model_zoo' / page).read_text(encoding='utf-8')


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new), encoding='utf-8')


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each Markdown table, without the line below the header."""
    found = re.findall(r'(?:^\|.*\|\n)+', text, re.M)
    return [
        [
            [cell.strip() for cell in line.strip('|').split('|')]
            for i, line in enumerate(block.splitlines())
            if i != 1
        ]
        for block in found
    ]


def tables_of_results(page: str) -> list[list[list[str]]]:
    return [t for t in tables(read(page)) if t[0][1] == 'Input Size']


def figures(cells: list[str]) -> str:
    return ' '.join(cells).replace(' <sup>', '<').replace('</sup>', '>')


def without_dashes(cells: list[str]) -> str:
    """The figures, or one dash for a row that has none."""
    return '–' if set(cells) == {'–'} else figures(cells)


def stale(tool, root: Path) -> str:
    """What ``--check`` says, which ends with an error."""
    with pytest.raises(SystemExit) as error:
        tool.main(['--check', '--root', str(root)])
    assert isinstance(error.value.code, str)  # Python prints it and ends with 1
    return error.value.code


# Pages and metafiles.


def test_the_pages_are_those_of_the_metafiles(tool):
    names = [str(p) for p in tool.stale_pages(REPO, tool.build(REPO))]
    assert not names, f'run {tool.COMMAND}'


def test_every_page_says_that_it_is_generated(tool):
    pages = [p.relative_to(PAGES).as_posix() for p in PAGES.rglob('*.md')]
    overviews = {'README.md', 'topdown_heatmap.md', 'topdown_regression.md'}
    assert set(pages) == {*overviews, *PUBLISHED}
    for page in pages:
        comment = read(page).splitlines()[0]
        assert re.fullmatch('<!-- .*Generated.* -->', comment)
        assert '`python tools/dev/build_model_zoo.py`' in comment


def test_a_figure_that_changes_makes_its_pages_stale(tool, project, capsys):
    replace(project / WFLW_METAFILE, 'NME test: 4.06', 'NME test: 4.1')
    first, *named = stale(tool, project).splitlines()
    assert first.endswith('run python tools/dev/build_model_zoo.py')
    assert sorted(named) == [
        '  README.md',
        '  docs/en/model_zoo/README.md',
        '  docs/en/model_zoo/topdown_heatmap.md',
        '  docs/en/model_zoo/topdown_heatmap/wflw/hrnetv2_wflw.md',
        # "How to read these tables" has the figure too.
        '  docs/en/model_zoo/topdown_regression.md',
    ]
    tool.main(['--root', str(project)])
    assert 'topdown_heatmap/wflw/hrnetv2_wflw.md' in capsys.readouterr().out
    assert '| 4.10 | 6.97 |' in read('topdown_heatmap.md', project)
    tool.main(['--check', '--root', str(project)])
    assert 'all up to date' in capsys.readouterr().out


def test_the_page_of_a_row_that_is_no_more_goes(tool, project):
    own = project / 'docs/en/model_zoo/notes.md'
    own.write_text('# By hand\n')
    replace(
        project / 'model-index.yml',
        '  - configs/face_2d_keypoint/' + STAR.replace('.md', '.yml') + '\n',
        '',
    )
    assert f'  docs/en/model_zoo/{STAR}' in stale(tool, project).splitlines()
    tool.main(['--root', str(project)])
    assert not (project / 'docs/en/model_zoo' / STAR).exists()
    assert 'starloss' not in read('topdown_regression.md', project)
    assert own.exists()


def test_a_readme_without_the_marks_is_named(tool, project):
    replace(project / 'README.md', tool.TABLE_END, '')
    with pytest.raises(ValueError, match=r'README\.md.*<!-- table: end'):
        tool.build(project)


def test_a_data_set_without_a_place_is_named(tool, monkeypatch):
    monkeypatch.setattr(tool, 'ORDER', ('300w', 'aflw', 'cofw', 'wflw'))
    with pytest.raises(ValueError, match='coco_wholebody_face has no place'):
        tool.build(REPO)


# What the tables say.


@each_page
def test_the_page_of_a_row_has_its_table(page):
    label, published, weights = PUBLISHED[page]
    [[header, cells], *measured] = tables(read(page))
    assert bool(measured) == (page == STAR)
    assert header[:2] == ['Arch', 'Input Size']
    assert header[-2:] == ['ckpt', 'log']
    assert re.sub(r'\[(.*)]\(.*\)', r'\1', cells[0]) == label
    assert cells[1] == '256x256'
    if published:
        assert figures(cells[2:-2]) == published
        log = re.sub(r'-\w{8}(_\d{8})\.pth', r'\1.log.json', weights)
        assert cells[-2:] == [f'[ckpt]({MMPOSE}{weights})', f'[log]({MMPOSE}{log})']


def test_what_was_measured_here_says_on_what():
    _, [header, *rows] = tables(read(STAR))
    assert header == ['Loss', 'NME', 'FR@8', 'AUC@8']
    assert len(rows) == 4
    section = read(STAR).partition('## Measured here')[2]
    assert section.lstrip().startswith('Not on WFLW. ResNet-18')
    assert 'python tools/dev/star_grid.py' in section.partition('\n## ')[0]


def test_the_aggregate_page_has_every_table():
    found = [cells for _, cells in tables_of_results('README.md')]
    expected = [PUBLISHED[page] for page in AGGREGATE]
    assert [re.sub(r'\[(.*)]\(.*\)', r'\1', cells[0]) for cells in found] == [
        label for label, _, _ in expected
    ]
    assert [without_dashes(cells[2:-2]) for cells in found] == [
        published or '–' for _, published, _ in expected
    ]
    assert [cells[-2] for cells in found] == [
        f'[ckpt]({MMPOSE}{weights})' if weights else '–' for _, _, weights in expected
    ]


def test_the_aggregate_page_begins_with_all_rows(tool):
    header, *rows = tables(read('README.md'))[0]
    assert header == ['Model', 'Data set', 'NME', 'Parameters', 'GFLOPs', 'CPU ms', 'Weights']
    assert len(rows) == len(PUBLISHED)
    by_model = {(row[0].split(']')[0][1:], row[1]): row[2:] for row in rows}
    figure, parameters, flops, milliseconds, weights = by_model['HRNetv2-w18', '300W, full']
    assert (figure, parameters, flops) == ('3.45 %', '9.7 M', '4.71')
    assert float(milliseconds) > 1 and weights.startswith(f'[ckpt]({MMPOSE}')
    assert by_model['ResNet-50+STARLoss', 'WFLW, test'][0::4] == ['–', '–']


def test_the_summary_says_what_was_measured_on(tool):
    before, _, _ = read('README.md').partition('## How to read')
    assert tool.Zoo(REPO).machine() in before


def test_costs_that_were_not_measured_are_dashes(tool, project):
    metafile = project / WFLW_METAFILE
    text = re.sub(r' *(Parameters|FLOPs|CPU Milliseconds): .*\n', '', metafile.read_text())
    metafile.write_text(text)
    tool.main(['--root', str(project)])
    rows = [row for row in tables(read('README.md', project))[0] if 'hrnetv2_wflw.md' in row[0]]
    assert [row[3:6] for row in rows] == [['–'] * 3]


def test_the_aggregate_page_goes_through_the_data_sets_in_order():
    text = read('README.md')
    assert re.findall('^## (.*)', text, re.M) == [
        'How to read these tables',
        'Intended use',
        '300W',
        'COCO-WholeBody-Face',
        'WFLW',
        'COFW',
        'AFLW',
    ]
    assert re.findall('^### (.*) on COCO', text, re.M) == [
        'HourglassNet',
        'ResNet-50',
        'HRNetv2-w18+Dark',
        'MobileNet-v2',
        'HRNetv2-w18',
        'SCNet-50',
    ]
    assert re.findall('^### (.*) on (?:WFLW|AFLW)', text, re.M) == [
        'HRNetv2-w18+Dark',
        'HRNetv2-w18+AWing',
        'HRNetv2-w18',
        'ResNet-50+WingLoss',
        'ResNet-50+STARLoss',
        'HRNetv2-w18+Dark',
        'HRNetv2-w18',
    ]


@pytest.mark.parametrize(
    'method, data_sets, pages',
    [
        (
            'topdown_heatmap',
            ['300W', 'AFLW', 'COCO-WholeBody-Face', 'COFW', 'WFLW'],
            [
                '300w/hrnetv2_300w',
                'aflw/hrnetv2_dark_aflw',
                'aflw/hrnetv2_aflw',
                *(
                    f'coco_wholebody_face/{model}_coco_wholebody_face'
                    for model in (
                        'hrnetv2_dark',
                        'scnet',
                        'hrnetv2',
                        'resnet',
                        'hourglass',
                        'mobilenetv2',
                    )
                ),
                'cofw/hrnetv2_cofw',
                'wflw/hrnetv2_dark_wflw',
                'wflw/hrnetv2_awing_wflw',
                'wflw/hrnetv2_wflw',
            ],
        ),
        (
            'topdown_regression',
            ['WFLW'],
            ['wflw/resnet_wingloss_wflw', 'wflw/resnet_starloss_wflw'],
        ),
    ],
)
def test_an_overview_has_the_best_first(method, data_sets, pages):
    text = read(f'{method}.md')
    found = tables_of_results(f'{method}.md')
    assert re.findall('^### (.*)', text, re.M) == data_sets
    assert [len(set(map(len, table))) for table in found] == [1] * len(found)
    rows = [row for table in found for row in table[1:]]
    paths = [f'{method}/{page}.md' for page in pages]
    assert [row[-1] for row in rows] == [f'[{Path(path).name}]({path})' for path in paths]
    assert [without_dashes(row[2:-1]) for row in rows] == [
        PUBLISHED[path][1] or '–' for path in paths
    ]


def test_the_columns_are_named():
    nme = 'NME<sub>*{}*</sub>'.format
    [[header, _]] = tables(read('topdown_heatmap/300w/hrnetv2_300w.md'))
    assert header[2:-2] == [*map(nme, 'full common challenge test'.split())]
    [[header, _]] = tables(read('topdown_heatmap/cofw/hrnetv2_cofw.md'))
    assert header[2:-2] == ['NME']
    header = tables_of_results('topdown_regression.md')[0][0]
    assert header[2:-1] == [
        *map(nme, 'test pose illumination occlusion blur makeup expression'.split())
    ]


def test_the_readme_has_the_main_column_in_a_short_table(tool):
    text = README.read_text(encoding='utf-8')
    block = text.split(tool.TABLE)[1].split(tool.TABLE_END)[0]
    assert len(block.strip().splitlines()) <= 15
    by_name = {row[0]: row[1:] for row in tables(block)[0]}
    assert by_name['300W'][0] == 'full, in per cent'
    assert by_name['COCO-WholeBody-Face'][0] == 'val, as a ratio'
    found = {name: re.sub(r'\[(.*?)]\(.*?\)', r'\1', row[1]) for name, row in by_name.items()}
    assert found['300W'] == 'HRNetv2-w18 3.45'
    assert found['AFLW'] == 'HRNetv2-w18+Dark 1.35, HRNetv2-w18 1.41'
    assert found['WFLW'] == (
        'HRNetv2-w18+Dark 3.98, HRNetv2-w18+AWing 4.02, HRNetv2-w18 4.06, '
        'ResNet-50+WingLoss 4.64, ResNet-50+STARLoss –'
    )


# What stands with the tables.


@pytest.mark.parametrize(
    'page, words',
    [
        (
            '300w/hrnetv2_300w',
            'NME in per cent; normaliser: outer eye corners; '
            'face boxes: made from the true landmarks; flip test: on.',
        ),
        (
            'aflw/hrnetv2_aflw',
            'NME in per cent; normaliser: side of the face box; '
            "face boxes: the release's face rectangles; flip test: on.",
        ),
        (
            'coco_wholebody_face/scnet_coco_wholebody_face',
            'NME as a ratio; '
            "normaliser: outer eye corners; face boxes: the release's face boxes; "
            'flip test: on.',
        ),
    ],
)
def test_each_table_says_how_its_figures_came_about(page, words):
    line = f'\n{words} Figures: published by MMPose, model zoo.\n'
    name = f'topdown_heatmap/{page}.md'
    for text in map(read, (name, 'README.md', 'topdown_heatmap.md')):
        assert line in text


@pytest.mark.parametrize(
    'page, words',
    [
        (
            'topdown_heatmap/aflw/hrnetv2_dark_aflw.md',
            '1.35: published by MMPose, model zoo; 1.34: published by MMPose 1.x, metafile.',
        ),
        (
            'topdown_regression/wflw/resnet_wingloss_wflw.md',
            '4.64: published by MMPose 0.x, model zoo; 4.67: published by MMPose '
            '1.x, model zoo, for the same file.',
        ),
    ],
)
def test_both_versions_of_a_figure_have_their_sources(page, words):
    overview = f'{page.split("/")[0]}.md'
    for text in map(read, (page, overview, 'README.md')):
        assert f'\n<sup>a</sup> {words}\n' in text


def test_how_to_read_the_tables_stands_before_them():
    for page, first in [
        ('README.md', '| Arch'),
        ('topdown_heatmap.md', '| Model'),
        ('topdown_regression.md', '| Model'),
    ]:
        before, _, _ = read(page).partition(first)
        for words in (
            'Normaliser',
            'Unit',
            'Boxes',
            'Flip test',
            'Chosen on the test set',
            'Whose figures',
            'Mean',
        ):
            assert f'\n**{words}.**' in before
    assert read('topdown_heatmap.md').count('## How to read') == 1
    assert 'biometric' in read('README.md').partition('| Arch')[0]


def test_the_flip_test_is_the_configs(tool, project):
    config = project / 'configs/face_2d_keypoint' / WFLW
    config.write_text(config.read_text() + "\nmodel['test_cfg'].update(flip_test=False)\n")
    tool.main(['--root', str(project)])
    page = 'topdown_heatmap/wflw/hrnetv2_wflw.md'
    assert 'flip test: off.' in read(page, project)
    assert ('flip test: HRNetv2-w18+Dark on, HRNetv2-w18+AWing on, HRNetv2-w18 off.') in read(
        'topdown_heatmap.md', project
    )


def test_the_input_size_is_the_configs(tool):
    rows = [row for row in tool.read_rows(REPO) if row.has_config]
    assert len(rows) >= 14
    for row in rows:
        size = Config.fromfile(row.config).codec.input_size
        assert tool.input_size(row) == '{}x{}'.format(*size)


@pytest.mark.parametrize(
    'page, kinds, names',
    [
        (
            'topdown_heatmap/aflw/hrnetv2_dark_aflw.md',
            'ALGORITHM ALGORITHM DATASET',
            'WangSCJDZLMTWLX19 zhang2020distribution koestinger2011annotated',
        ),
        (
            'topdown_heatmap/coco_wholebody_face/resnet_coco_wholebody_face.md',
            'ALGORITHM BACKBONE DATASET',
            'xiao2018simple he2016deep jin2020whole',
        ),
        (
            'topdown_regression/wflw/resnet_wingloss_wflw.md',
            'ALGORITHM BACKBONE ALGORITHM DATASET',
            'toshev2014deeppose he2016deep feng2018wing wu2018look',
        ),
        (
            STAR,
            'ALGORITHM BACKBONE ALGORITHM DATASET',
            'toshev2014deeppose he2016deep Zhou_2023_CVPR wu2018look',
        ),
    ],
)
def test_citations_are_folded_in_the_order_of_the_row(page, kinds, names):
    folds = re.findall(
        r'<!-- \[(\w+)] -->\n\n<details>\n<summary align="right"><a '
        r'href="(http[^"]+)">[^<]+</a></summary>\n\n```bibtex\n@\w+\{(\w+),',
        read(page),
    )
    assert [kind for kind, _, _ in folds] == kinds.split()
    assert [name for _, _, name in folds] == names.split()


@pytest.mark.parametrize(
    'page, address, title',
    [
        (
            'topdown_heatmap/300w/hrnetv2_300w.md',
            'https://ieeexplore.ieee.org/abstract/document/9052469/',
            "HRNetv2 (TPAMI'2019)",
        ),
        (
            'topdown_heatmap/wflw/hrnetv2_awing_wflw.md',
            'https://arxiv.org/pdf/1904.07399.pdf',
            "AdaptiveWingloss (ICCV'2019)",
        ),
        (
            'topdown_heatmap/cofw/hrnetv2_cofw.md',
            'http://openaccess.thecvf.com/content_iccv_2013/html/'
            'Burgos-Artizzu_Robust_Face_Landmark_2013_ICCV_paper.html',
            "COFW (ICCV'2013)",
        ),
        (
            'topdown_heatmap/coco_wholebody_face/hourglass_coco_wholebody_face.md',
            'https://link.springer.com/chapter/10.1007/978-3-319-46484-8_29',
            "Hourglass (ECCV'2016)",
        ),
        (
            STAR,
            'http://openaccess.thecvf.com/content_cvpr_2016/html/'
            'He_Deep_Residual_Learning_CVPR_2016_paper.html',
            "ResNet (CVPR'2016)",
        ),
    ],
)
def test_papers_are_linked(page, address, title):
    link = f'<a href="{address}">{title}</a>'
    assert link in read(page) and link in read('README.md')


def test_the_overviews_link_their_paradigms():
    cvf = 'http://openaccess.thecvf.com/content_'
    assert f'{cvf}ECCV_2018/html/Bin_Xiao_Simple_Baselines_for_ECCV_2018_paper.html' in read(
        'topdown_heatmap.md'
    )
    assert f'{cvf}cvpr_2014/html/Toshev_DeepPose_Human_Pose_2014_CVPR_paper.html' in read(
        'topdown_regression.md'
    )


# Where they lead.


def anchors(page: Path) -> list[str]:
    headings = re.findall('^#+ (.*)', page.read_text(encoding='utf-8'), re.M)
    return [re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-') for heading in headings]


def test_every_relative_link_leads_somewhere():
    checked = 0
    for page in [README, *PAGES.rglob('*.md')]:
        text = page.read_text(encoding='utf-8')
        for link in re.findall(r']\((?!https?:)([^)\s]*)\)', text):
            path, _, anchor = link.partition('#')
            target = page.parent / path if path else page
            assert target.is_file(), f'{page}: {link}'
            assert not anchor or anchor in anchors(target), f'{page}: {link}'
            checked += 1
    assert checked > 100


@pytest.mark.parametrize('page', RELEASED)
def test_the_label_leads_to_the_config(page):
    [[_, cells]] = tables(read(page))
    [path] = re.findall(r'\((.*)\)', cells[0])
    config = (PAGES / page).parent / path
    assert config.with_suffix('').name in read(page).split('## Use')[1]
    # The file of the table's name, not the one that it is a link to.
    assert (
        config.is_file()
        and Path(os.path.normpath(config)).parent
        == (REPO / 'configs/face_2d_keypoint' / page).parent
    )


@pytest.mark.parametrize('page', RELEASED)
def test_a_page_says_how_to_use_its_row(page):
    use = read(page).split('## Use')[1]
    [alias] = re.findall(r"get_model\('(.*)'\)", use)
    assert alias in list_models(pretrained=True)
    [config] = re.findall(r'mim train mmpose_face (\S+)', use)
    weights = Path(PUBLISHED[page][2]).name
    stem = Path(config).stem
    assert f'mim download mmpose_face --config {stem} --dest' in use
    assert f'mim test mmpose_face {config} --checkpoint checkpoints/{weights}\n' in use


def test_the_wing_page_knows_the_old_name():
    page = 'topdown_regression/wflw/resnet_wingloss_wflw.md'
    assert '`res50_wflw_256x256_wingloss.py`' in read(page)


# The row without figures.


def test_a_row_without_anything_says_so(tool, project):
    (project / STAR_CONFIG).unlink(missing_ok=True)
    tool.main(['--root', str(project)])
    before, _, after = read(STAR, project).partition('## Measured here')
    text = before + after.partition('\n## ')[2]
    [[_, cells]] = tables(text)
    assert cells == ['ResNet-50+STARLoss', '256x256', *['–'] * 9]
    assert (
        'ResNet-50+STARLoss has no published figure, no released weights and no config yet.'
    ) in text
    assert 'Figures:' not in text and 'flip test' not in text
    assert 'mim train' not in text and 'mim download' not in text
    assert '(<>)' not in text
    [row] = tables(read('topdown_regression.md', project))[-1][2:]
    assert row[:-1] == ['ResNet-50+STARLoss', '256x256', *['–'] * 7]


def test_its_config_is_linked_once_it_is_there(tool, project):
    config = project / STAR_CONFIG
    shutil.copy(config.with_name(config.name.replace('starl', 'wingl')), config)
    tool.main(['--root', str(project)])
    text = read(STAR, project)
    assert f'| [ResNet-50+STARLoss](../../../../../{STAR_CONFIG}) |' in text
    assert 'has no published figure and no released weights.' in text
    assert f'mim train mmpose_face {config.name}' in text
    assert "get_model('wflw-res50-starloss', pretrained=False)" in text
    assert 'mim download' not in text and 'flip test: on' in text
