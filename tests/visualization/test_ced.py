# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from conftest import run_python

from mmpose_face.visualization import plot_ced
from mmpose_face.visualization.ced import _steps, ced_svg

ERRORS = {
    'ours': [0.02, 0.04, 0.06, 0.20],
    'theirs <2024>': [0.05, 0.07, float('nan'), float('inf')],
}


def test_png(tmp_path):
    plot_ced(ERRORS, 0.08, tmp_path / 'ced.png')
    image = cv2.imread(str(tmp_path / 'ced.png'))
    assert image.shape == (720, 960, 3)
    assert (image[0] == 255).all()
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 10
    assert [p.name for p in tmp_path.iterdir()] == ['ced.png']


def test_svg_holds_the_names_and_figures(tmp_path):
    plot_ced(ERRORS, 0.08, str(tmp_path / 'ced.svg'))
    text = (tmp_path / 'ced.svg').read_text()
    # AUC: (6 + 4 + 2) / 8 / 4 = 37.5 %; (3 + 1) / 8 / 3 = 16.67 %.
    assert 'ours: NME 8.00, AUC 37.50, FR 25.00' in text
    assert 'theirs &lt;2024&gt;: NME inf, AUC 16.67, FR 33.33' in text
    assert 'AUC and FR at 8 %' in text


def test_the_legend_takes_no_room_from_the_curves(tmp_path):
    systems = {f'system {i}': ERRORS['ours'] for i in range(12)}
    plot_ced(systems, 0.08, tmp_path / 'ced.png')
    # A line of the legend has 0.21 inches of 150 pixels.
    height = cv2.imread(str(tmp_path / 'ced.png')).shape[0]
    assert height == pytest.approx(720 + 10 * 0.21 * 150, abs=1)


def test_names_are_shown_as_they_are():
    svg = ced_svg({'_a $x$': [0.01], 'b' * 80: [0.01], 'c\nd\ud800': [0.01]}, 0.1)
    assert ' _a $x$: NME 1.00' in svg
    assert f'{"b" * 35}…: NME' in svg and 'c�d�: NME' in svg


@pytest.mark.parametrize('kind', ['png', 'svg'])
def test_same_errors_same_bytes(tmp_path, kind):
    for name in 'ab':
        plot_ced(ERRORS, 0.08, tmp_path / f'{name}.{kind}')
    first, second = (path.read_bytes() for path in tmp_path.iterdir())
    assert first == second
    if kind == 'svg':
        assert first.decode() == ced_svg(ERRORS, 0.08)


def test_no_face_is_scored(tmp_path):
    assert 'none: NME n/a, AUC n/a, FR n/a' in ced_svg({'none': []}, 0.1)


def test_steps_are_exact():
    xs, ys = _steps(ERRORS['ours'], 0.08)
    np.testing.assert_allclose(xs, [0, 2, 4, 6, 8])
    np.testing.assert_allclose(ys, [0, 25, 50, 75, 75])
    xs, ys = _steps([0, 0.08, float('nan'), float('inf')], 0.08)
    np.testing.assert_allclose(xs, [0, 8])
    np.testing.assert_allclose(ys, [100 / 3, 200 / 3])


@pytest.mark.parametrize('name', ['ced.jpg', 'ced'])
def test_other_suffixes(tmp_path, name):
    with pytest.raises(ValueError, match=f'png or .svg file, got .*{name}'):
        plot_ced(ERRORS, 0.08, tmp_path / name)


def test_no_figure_stays_in_pyplot(tmp_path):
    from matplotlib import pyplot

    plot_ced(ERRORS, 0.08, tmp_path / 'ced.png')
    assert pyplot.get_fignums() == []


def test_the_package_does_not_load_it():
    run_python(
        '-c', 'import sys, mmpose_face; assert "mmpose_face.visualization" not in sys.modules'
    )
