# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from mmpose_face.evaluation import Table
from mmpose_face.visualization.robustness import UNCHANGED, BoxChange, _draw, plot_robustness


def table(*nmes: float, unit: str = 'percent') -> Table:
    figures = {
        name: {'NME': nme, 'FR@8': 0.0, 'n': 10 + i}
        for i, (name, nme) in enumerate(zip(('full', 'hard & <dark>'), nmes))
    }
    return Table(figures, {}, 0.08, 'paper', unit)


TABLES = {
    UNCHANGED: table(3.0, 5.0),
    BoxChange(0.2, 1.0): table(9.0, float('inf')),
    BoxChange(0.1, 1.0): table(4.0, 8.0),
    BoxChange(0.0, 1.25): table(3.5, 6.0),
    BoxChange(0.0, 0.8): table(6.0, 11.0),
}


class Axes:
    """Keeps what is plotted."""

    def __init__(self):
        self.curves = {}

    def plot(self, xs, ys, label, **kwargs):
        self.curves[label] = xs, ys


def test_points_of_each_panel():
    left, right = Axes(), Axes()
    _draw(left, TABLES, [c for c in TABLES if c.scale == 1], 'shift')
    _draw(right, TABLES, [c for c in TABLES if c.shift == 0], 'scale')
    assert left.curves == {
        'full (n = 10)': ([0, 10, 20], [3, 4, 9]),
        'hard & <dark> (n = 11)': ([0, 10, 20], [5, 8, float('inf')]),
    }
    assert right.curves == {
        'full (n = 10)': ([80, 100, 125], [6, 3, 3.5]),
        'hard & <dark> (n = 11)': ([80, 100, 125], [11, 5, 6]),
    }


def test_png(tmp_path):
    plot_robustness(TABLES, 'inter_ocular', tmp_path / 'r.png')
    image = cv2.imread(str(tmp_path / 'r.png'))
    assert image.shape == (528, 880, 3)
    assert (image[0] == 255).all()
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 10
    assert [p.name for p in tmp_path.iterdir()] == ['r.png']


def test_svg_says_what_is_shown(tmp_path):
    plot_robustness(TABLES, 'inter_ocular', str(tmp_path / 'r.svg'))
    text = (tmp_path / 'r.svg').read_text()
    for words in (
        'full (n = 10)',
        'hard &amp; &lt;dark&gt; (n = 11)',
        'normaliser: inter_ocular, protocol: paper',
        'NME (%)',
        'box moved by (% of its side)',
    ):
        assert words in text
    assert text.count('full (n = 10)') == 1


def test_a_ratio_is_not_called_per_cent(tmp_path):
    plot_robustness({UNCHANGED: table(0.03, 0.05, unit='ratio')}, 'face_box', tmp_path / 'r.svg')
    text = (tmp_path / 'r.svg').read_text()
    assert 'NME (%)' not in text and '<!-- NME -->' in text


def test_names_are_shown_as_they_are(tmp_path):
    for name in ('$\\frac{', '_hidden'):
        renamed = {
            change: Table({name: t.figures['full']}, {}, 0.08, 'paper', 'percent')
            for change, t in TABLES.items()
        }
        plot_robustness(renamed, 'x', tmp_path / 'a.svg')
        assert cv2.imread is not None and (tmp_path / 'a.svg').stat().st_size


def test_other_suffixes(tmp_path):
    with pytest.raises(ValueError, match='png or .svg file, got .*r.jpg'):
        plot_robustness(TABLES, 'inter_ocular', tmp_path / 'r.jpg')


def test_no_figure_stays_in_pyplot(tmp_path):
    from matplotlib import pyplot

    plot_robustness(TABLES, 'inter_ocular', tmp_path / 'r.png')
    assert pyplot.get_fignums() == []
