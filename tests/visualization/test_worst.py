# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from made_scores import grey_image, make_scores

from mmpose_face.visualization import draw_worst, worst_faces, worst_sheet
from mmpose_face.visualization.worst import PREDICTED, TRUTH, error_text

INF, NAN = float('inf'), float('nan')
CELL = 260  # shows 130 pixels of the image, the box and 1.3 times its side


def count(image: np.ndarray, color: tuple) -> int:
    return int((np.abs(image.astype(int) - color).max(2) < 40).sum())


def test_the_worst_come_first_and_failed_ones_before():
    scores = make_scores([0.02, 0.30, NAN, INF, 0.10, 0.30])
    assert worst_faces(scores, 4) == [3, 1, 5, 4]
    assert worst_faces(scores, 99) == [3, 1, 5, 4, 0]
    assert worst_faces(make_scores([NAN]), 3) == []
    assert worst_faces(make_scores([]), 3) == []


def test_prediction_and_truth_look_otherwise():
    cell = draw_worst(make_scores([0.2]), 0, grey_image, CELL)
    assert cell.shape == (CELL, CELL, 3)
    assert count(cell, TRUTH) > 50 and count(cell, PREDICTED) > 100


def test_points_are_where_they_belong():
    """The prediction lies 20 pixels, 40 in the cell, beside the truth."""
    cell = draw_worst(make_scores([0.2]), 0, grey_image, CELL)

    def left_end(color):
        near = np.abs(cell.astype(int) - color).max(2) < 60
        return np.flatnonzero(near.any(0))[0]

    # x = 60 of the image: (60 - 100) * 2 + 129.5
    assert left_end(TRUTH) == pytest.approx(49.5, abs=1.5)
    assert left_end(PREDICTED) == pytest.approx(89.5, abs=2.5)


def test_a_failed_face_has_no_prediction():
    scores = make_scores([INF])
    scores.predicted[0, 1:] = 90  # only one point is infinite
    cell = draw_worst(scores, 0, grey_image, CELL)
    assert count(cell, TRUTH) > 50 and count(cell, PREDICTED) == 0


def test_points_without_a_label_have_no_truth():
    """The last point of AFLW, the chin, has no lines."""
    scores = make_scores([0.1])
    unlabelled = scores.point_errors.copy()
    unlabelled[0, 18] = NAN
    both, without = (
        draw_worst(s, 0, grey_image, CELL)
        for s in (scores, replace(scores, point_errors=unlabelled))
    )
    changed = np.argwhere((both != without).any(2))
    # (124, 58) of the image.
    row, column = (58 - 90) * 2 + 129.5, (124 - 100) * 2 + 129.5
    assert len(changed) > 3
    assert np.abs(changed - (row, column)).max() < 4


def test_wild_predictions():
    scores = make_scores([0.1])
    scores.predicted[0, 3] = 1e30, -1e30
    assert draw_worst(scores, 0, grey_image, 64).shape == (64, 64, 3)


def test_nothing_is_altered():
    image, scores = grey_image(''), make_scores([0.1])
    before = [a.copy() for a in (image, scores.truth, scores.predicted)]
    draw_worst(scores, 0, lambda file: image)
    for a, b in zip((image, scores.truth, scores.predicted), before):
        np.testing.assert_array_equal(a, b)


def test_sheet():
    asked = []

    def load(file):
        asked.append(file)
        return grey_image(file)

    scores = make_scores([0.02, 0.30, INF, 0.10])
    sheet = worst_sheet(scores, load, number=3, columns=2, side=100)
    assert sheet.shape == (204, 204, 3)
    assert asked == ['images/2.png', 'images/1.png', 'images/3.png']
    corners = [sheet[:18, :60], sheet[:18, 104:164], sheet[104:122, :60]]
    texts = [count(corner, (255, 255, 255)) for corner in corners]
    assert min(texts) > 10  # each says its error
    assert (sheet[104:, 104:] == 255).all()  # no fourth face
    assert worst_sheet(make_scores([NAN]), grey_image) is None


def test_error_in_words():
    assert error_text(0.0731) == '7.31 %'
    assert error_text(INF) == 'failed'


def test_scores_without_points():
    with pytest.raises(ValueError, match='errors but no points'):
        draw_worst(make_scores([0.1], points=False), 0, grey_image)


def test_images_are_asked_for_by_file():
    """What the loader raises comes through."""

    def load(file):
        raise FileNotFoundError(f'image {file} not found')

    with pytest.raises(FileNotFoundError, match='images/0.png'):
        draw_worst(make_scores([0.1]), 0, load)
